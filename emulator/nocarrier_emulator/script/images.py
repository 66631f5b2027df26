"""What is on a handheld's flash, as a folder of files: what one scenario leaves another may begin with."""

from pathlib import Path


def write(folder: Path, image: dict[str, bytes]) -> None:
    """The folder has these files then, and no others."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if old.name not in image:
            old.unlink()
    for name, data in image.items():
        (folder / name).write_bytes(data)


def read(folder: Path) -> dict[str, bytes]:
    """Files by name. Raises OSError if there is no such folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
