"""A flash whose content can be kept and put back. Apart from flash.py, which has to fit into a device's heap."""

from nocarrier_emulator.flash import MemoryFlash


class ImagedFlash(MemoryFlash):
    """The same, with images: files by name."""

    def image(self) -> dict[str, bytes]:
        """What a loss of power would leave now."""
        return {name: bytes(file[: self._safe.get(name, 0)]) for name, file in self.files.items()}

    def load(self, image: dict[str, bytes]) -> None:
        """Has this on it, and nothing else; the handheld should be off."""
        self.files = {name: bytearray(data) for name, data in image.items()}
        self._safe = {name: len(data) for name, data in image.items()}
