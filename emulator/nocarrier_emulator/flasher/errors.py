"""Why a board could not be flashed, in words for who holds it."""


class FlashError(Exception):
    """The board, or what it runs, is not as it should be; nothing was changed, or the next run goes on from here."""
