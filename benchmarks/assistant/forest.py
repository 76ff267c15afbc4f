"""A random forest on filters of each pixel, as QuPath and ilastik have it: what the suggestion is compared with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.assistant.scenes import Rgb
from benchmarks.scribbles import UNLABELLED, Mask
from landseg_core.assistant.filters import filter_features

TREES = 100
ROWS_AT_ONCE = 100_000

Features = npt.NDArray[np.float32]


def pixel_features(rgb: Rgb) -> Features:
    """Return the (F, H, W) filters of an image, whose bands are brought to mean 0 and deviation 1 first."""
    pixels = rgb.transpose(2, 0, 1).astype(np.float32)
    means, deviations = (np.asarray(of(pixels, axis=(1, 2), keepdims=True)) for of in (np.mean, np.std))
    return filter_features((pixels - means) / np.maximum(deviations, 1), np.ones(rgb.shape[:2], bool))


class Forest:
    """Fitted to all labelled pixels; weighting the classes alike made no difference on scenes that were tuned on."""

    def __init__(self, seed: int) -> None:
        from sklearn.ensemble import RandomForestClassifier

        self._forest = RandomForestClassifier(TREES, random_state=seed, n_jobs=-1)

    def fit(self, features: Sequence[Features], labels: Sequence[Mask]) -> None:
        """Fit it to (F, H, W) features and (H, W) labels of some images."""
        chosen = [mask != UNLABELLED for mask in labels]
        rows = np.concatenate([found[:, where].T for found, where in zip(features, chosen, strict=True)])
        self._forest.fit(rows, np.concatenate([mask[where] for mask, where in zip(labels, chosen, strict=True)]))

    def predict(self, features: Features) -> Mask:
        """Return the (H, W) class values of (F, H, W) features."""
        rows = features.reshape(len(features), -1).T
        parts = [
            self._forest.predict(rows[first : first + ROWS_AT_ONCE]) for first in range(0, len(rows), ROWS_AT_ONCE)
        ]
        values: Mask = np.concatenate(parts).astype(np.uint8).reshape(features.shape[1:])
        return values
