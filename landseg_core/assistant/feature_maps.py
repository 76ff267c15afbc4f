"""Features of an image at the resolution that they are computed at."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class FeatureMap:
    """Features of squares of `stride` px.

    Attributes:
        stride: the side of the squares.
        values: (F, ceil(H / stride), ceil(W / stride)) float32.
        weight: how much they count in a suggestion, once standardised.
        looks: whether cells are compared by them.
    """

    stride: int
    values: npt.NDArray[np.float32]
    weight: float = 1.0
    looks: bool = False


def enlarged(features: FeatureMap) -> npt.NDArray[np.float32]:
    """Return the (F, h * stride, w * stride) features of every pixel: bilinear between the middles of the squares."""
    if features.stride == 1:
        return features.values
    rows, columns = features.values.shape[1:]
    size = columns * features.stride, rows * features.stride
    return np.stack([cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR) for plane in features.values])
