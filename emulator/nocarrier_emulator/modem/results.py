"""Result codes in words and digits (V.250 §5.7), as far as the X level lets them be told (§6.2.7)."""

OK, CONNECT, RING, NO_CARRIER, ERROR = "OK", "CONNECT", "RING", "NO CARRIER", "ERROR"
NO_DIALTONE, BUSY, NO_ANSWER = "NO DIALTONE", "BUSY", "NO ANSWER"

_DIGITS = {OK: 0, CONNECT: 1, RING: 2, NO_CARRIER: 3, ERROR: 4, NO_DIALTONE: 6, BUSY: 7, NO_ANSWER: 8}
# Above 8 vendors differ; these are what most of them mean.
_CONNECT_DIGITS = {1200: 5, 2400: 10, 4800: 11, 9600: 12}
_HEARS_DIALTONE = (2, 4)
_HEARS_BUSY = (3, 4)


def told(result: str, x_level: int) -> str:
    """What a modem of this X level says in place of that result: what it does not listen for it cannot tell."""
    if result == NO_DIALTONE and x_level not in _HEARS_DIALTONE:
        return NO_CARRIER
    if result == BUSY and x_level not in _HEARS_BUSY:
        return NO_CARRIER
    return result


def connected(rate_bps: int, x_level: int) -> str:
    """CONNECT, with the rate if X lets it be told."""
    return "%s %d" % (CONNECT, rate_bps) if x_level else CONNECT


def digits(result: str) -> int:
    """The same as a number."""
    word, _, rate = result.partition(" ")
    if word == CONNECT:
        return _CONNECT_DIGITS.get(int(rate or 0), _DIGITS[CONNECT])
    return _DIGITS[result]
