"""What benchmarks and tests on the Cortex-M3 share: recorded traffic, frozen into a firmware, and a booted board."""

import os
import subprocess
from pathlib import Path

from nocarrier_emulator.qemu import Board
from nocarrier_emulator.xmlgen import recorded

TOP = Path(__file__).parents[1]
BUILD = Path(os.environ.get("BOARDS", str(TOP / ".build")))
_MANIFEST = """
add_library("nocarrier", {top!r})
require("core", library="nocarrier")
freeze({frozen!r})
freeze({here!r}, "traffic.py")
"""


def messages() -> tuple[bytes, list[bytes]]:
    """Stream header and all messages with a text that a real server has sent, live and from its archive."""
    header, stanzas = recorded()[0]
    return header, [stanza for stanza in stanzas if stanza.startswith(b"<message") and b"<body>" in stanza]


def firmware(heap_bytes: int) -> str:
    """The path of a firmware with the core, the traffic and tests/board_frozen in it."""
    folder = BUILD / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    header, texts = messages()
    everything = recorded()[0][1]
    names = {"HEADER": header, "MESSAGES": b"".join(texts), "ALL": b"".join(everything), "ONE": _of_470_bytes(texts)}
    (folder / "traffic.py").write_text("".join("%s = %r\n" % item for item in names.items()))
    manifest = folder / "manifest.py"
    frozen = str(TOP / "tests/board_frozen")
    manifest.write_text(_MANIFEST.format(top=str(TOP), frozen=frozen, here=str(folder)))
    return built(manifest, heap_bytes, Path("bench-%dk" % (heap_bytes // 1024)))


def handset(heap_bytes: int) -> str:
    """The path of a firmware with the handset in it."""
    return built(TOP / "ports/boards/mps2/manifest.py", heap_bytes, Path("mps2"))


def built(manifest: Path, heap_bytes: int, name: Path) -> str:
    """The path of a firmware for the board "mps2" with what the manifest freezes, in that folder of BUILD."""
    out = BUILD / name
    script = TOP / "tests/setup/firmware.sh"
    subprocess.run(["sh", str(script), str(manifest), str(heap_bytes), str(out)], check=True)
    return str(out / "firmware.elf")


def built32(manifest: Path, name: Path) -> str:
    """The path of 32-bit MicroPython for Linux with what the manifest freezes, in that folder of BUILD."""
    out = BUILD / name
    subprocess.run(["sh", str(TOP / "tests/setup/micropython32.sh"), str(manifest), str(out)], check=True)
    return str(out / "micropython")


def boot(heap_bytes: int, module: str = "drive") -> Board:
    """A board with that firmware, and that module of tests/board_frozen imported, with what it needs."""
    board = Board(os.environ["QEMU_ARM"], firmware(heap_bytes))
    board.run("import %s" % module)
    if module == "drive":
        board.run("import gc, traffic")
    return board


def _of_470_bytes(stanzas: list[bytes]) -> bytes:
    return min(stanzas, key=lambda stanza: abs(len(stanza) - 470))
