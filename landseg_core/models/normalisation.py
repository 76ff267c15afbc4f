"""Mean and standard deviation of the bands, by which pixels are normalised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from landseg_core.errors import DatasetError
from landseg_core.messages import N_

SAMPLE_PIXELS = 1 << 14
"""At most about so many pixels of each sample count: neighbours add little information."""
FAR = 10
"""Values further from the middle 98 % than so many times its range are outliers and do not count."""


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation of each band, in the image's own units: `(pixel - mean) / std`."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def fits(self, bands: int) -> bool:
        """Return whether so many bands can be normalised: with finite numbers, also at the precision of networks."""
        with np.errstate(over="ignore", divide="ignore", under="ignore"):
            shift, scale = np.array(self.mean, np.float32), np.float32(1) / np.array(self.std, np.float32)
        finite = np.isfinite(shift).all() and np.isfinite(scale).all() and (scale > 0).all()
        return len(shift) == len(scale) == bands and bool(finite)


def measure_normalisation(samples: Iterable[tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]]) -> Normalisation:
    """Return the normalisation of samples of (C, H, W) pixels and (H, W) validity.

    Outliers (`FAR`), such as saturated pixels or a nodata value that the file does not declare, do not count as long as
    they are few. A constant band gets the deviation 1, so that it can be a divisor.

    Raises:
        DatasetError: no sample holds a valid pixel.
    """
    parts = [_thinned(pixels[:, valid]) for pixels, valid in samples if valid.any()]
    if not parts:
        raise DatasetError(N_("the training images have no pixel with data; check their nodata value"))
    measured = [_mean_and_std(_without_outliers(band.astype(np.float64))) for band in np.concatenate(parts, axis=1)]
    return Normalisation(tuple(mean for mean, _ in measured), tuple(std for _, std in measured))


def _thinned(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return some of (C, N) values; the step is odd, so that it does not align with an image's columns."""
    return values[:, :: values.shape[1] // SAMPLE_PIXELS | 1]


def _without_outliers(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    low, high = np.percentile(values, (1, 99))
    if low == high:  # nearly all is one value, and the rest may be the band's only information
        return values
    reach = FAR * (high - low)
    kept: npt.NDArray[np.float64] = values[(values >= low - reach) & (values <= high + reach)]
    return kept


def _mean_and_std(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    mean, std = float(values.mean()), float(values.std())
    return mean, std if std > 1e-6 * max(abs(mean), 1e-6) else 1.0
