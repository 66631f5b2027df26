"""What a call costs."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Tariff:
    """In whatever money the user pays. unit_s: time is paid by whole units of so many seconds."""

    per_call: float = 0.0
    per_minute: float = 0.0
    per_kb: float = 0.0
    unit_s: float = 60.0

    def cost(self, seconds: float, size_bytes: int) -> float:
        """Of one call that has lasted so long and carried so many bytes, both ways together."""
        minutes = math.ceil(seconds / self.unit_s) * self.unit_s / 60
        return self.per_call + minutes * self.per_minute + size_bytes / 1024 * self.per_kb
