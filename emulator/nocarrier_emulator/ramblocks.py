"""A block device in memory for MicroPython's file systems, which counts what is programmed. Runs on MicroPython."""


class RamBlocks:
    """As a NOR flash with sectors of block_bytes has it. programmed_bytes, erased: since it was made."""

    def __init__(self, blocks: int, block_bytes: int) -> None:
        self.programmed_bytes = 0
        self.erased = 0
        self._data = bytearray(blocks * block_bytes)
        self._block_bytes = block_bytes

    def readblocks(self, block: int, buf: bytearray, offset: int = 0) -> None:
        at = block * self._block_bytes + offset
        buf[:] = self._data[at : at + len(buf)]

    def writeblocks(self, block: int, buf: bytes, offset: int = 0) -> None:
        at = block * self._block_bytes + offset
        self._data[at : at + len(buf)] = buf
        self.programmed_bytes += len(buf)

    def ioctl(self, operation: int, argument: int) -> int:
        if operation == 4:
            return len(self._data) // self._block_bytes
        if operation == 5:
            return self._block_bytes
        if operation == 6:
            self.erased += 1
        return 0
