"""A piece of sound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Pcm:
    """Signed 16-bit little-endian samples, channels interleaved."""

    data: bytes
    sample_rate: int  # Hz
    channels: int = 1

    @property
    def seconds(self) -> float:
        return len(self.data) / (2 * self.channels * self.sample_rate)

    def scaled(self, volume: float) -> Pcm:
        """The same sound at ``volume`` (0 silent, 1 as it is); louder than 1 is clipped."""
        if volume == 1.0:
            return self
        samples = np.clip(np.frombuffer(self.data, "<i2") * float(volume), -32768, 32767)
        return Pcm(samples.astype("<i2").tobytes(), self.sample_rate, self.channels)

    def resampled(self, sample_rate: int) -> Pcm:
        """The same sound at another rate, by linear interpolation; for one channel."""
        if sample_rate == self.sample_rate:
            return self
        samples = np.frombuffer(self.data, "<i2")
        positions = np.arange(0, len(samples), self.sample_rate / sample_rate)
        return Pcm(np.interp(positions, np.arange(len(samples)), samples).astype("<i2").tobytes(), sample_rate)
