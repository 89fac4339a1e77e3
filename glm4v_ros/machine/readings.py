"""One look at the machine's sensors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Temperature:
    """In degrees Celsius; the limits are None where the machine does not tell them."""

    name: str
    celsius: float
    slows_at: float | None = None  # from here on it works more slowly to stay cool
    stops_at: float | None = None  # from here on it switches itself off


@dataclass(frozen=True)
class Readings:
    """What was found; empty or None: not told."""

    temperatures: tuple[Temperature, ...] = ()
    watts: float | None = None  # of the whole board (Jetson), else of the GPUs
    gpu_used_mib: float | None = None  # of all GPUs together
    gpu_total_mib: float | None = None

    def __or__(self, other: Readings) -> Readings:
        """Both together; where both have one figure, this one's."""
        return Readings(
            self.temperatures + other.temperatures,
            other.watts if self.watts is None else self.watts,
            other.gpu_used_mib if self.gpu_used_mib is None else self.gpu_used_mib,
            other.gpu_total_mib if self.gpu_total_mib is None else self.gpu_total_mib,
        )

    @property
    def hottest(self) -> Temperature | None:
        return max(self.temperatures, key=lambda one: one.celsius, default=None)
