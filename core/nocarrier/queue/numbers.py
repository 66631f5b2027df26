"""The numbers of messages, both ways together: they tell a conversation's order, whatever is copied where on flash."""


class Numbers:
    """Counts from 1."""

    def __init__(self) -> None:
        self._next = 1

    def next(self) -> int:
        """A number that no message has."""
        number = self._next
        self._next = number + 1
        return number

    def take(self, number: int) -> bool:
        """A number read back from flash. False if it is none that is new."""
        if number < self._next:
            return False
        self._next = number + 1
        return True

    def peek(self) -> int:
        """What next() will return."""
        return self._next
