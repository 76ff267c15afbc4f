"""How pixels become numbers around zero."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from landseg_core.errors import DatasetError


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation of each band, in the image's own units: `(pixel - mean) / std`."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True)
class _Moments:
    """Count, mean (C,) and sum of squared deviations (C,) of the values seen so far."""

    count: int
    mean: npt.NDArray[np.float64]
    squares: npt.NDArray[np.float64]

    @classmethod
    def of(cls, values: npt.NDArray[np.float64]) -> _Moments:
        mean = values.mean(axis=1)
        return cls(values.shape[1], mean, ((values - mean[:, None]) ** 2).sum(axis=1))

    def joined(self, other: _Moments) -> _Moments:
        """Join two samples: Chan, Golub, LeVeque, "Updating formulae ... sample variances", 1979."""
        count = self.count + other.count
        delta = other.mean - self.mean
        squares = self.squares + other.squares + delta**2 * (self.count * other.count / count)
        return _Moments(count, self.mean + delta * (other.count / count), squares)


def measure_normalisation(samples: Iterable[tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]]) -> Normalisation:
    """Return the normalisation of samples of (C, H, W) pixels and (H, W) validity.

    A band that never varies gets the deviation 1, so that it can be divided by.

    Raises:
        DatasetError: no sample holds a valid pixel.
    """
    total: _Moments | None = None
    for pixels, valid in samples:
        if valid.any():
            moments = _Moments.of(pixels[:, valid].astype(np.float64))
            total = moments if total is None else total.joined(moments)
    if total is None:
        raise DatasetError("the training images hold no pixel with data; check their nodata value")
    std = np.sqrt(total.squares / total.count)
    varies = std > 1e-6 * np.maximum(np.abs(total.mean), 1e-6)
    return Normalisation(tuple(total.mean.tolist()), tuple(np.where(varies, std, 1.0).tolist()))
