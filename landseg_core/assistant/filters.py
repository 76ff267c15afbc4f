"""Filters at several scales: what a pixel and its surroundings look like, without a network.

The filters are those of ilastik (Berg et al.: "ilastik: interactive machine learning for (bio)image analysis", Nature
Methods 16, 2019): smoothed values, gradient magnitude, Laplacian, eigenvalues of the Hessian matrix and of the
structure tensor, each at several standard deviations of a Gaussian. Derivatives are central differences of the smoothed
image, times a power of the standard deviation, so that scales compare (Lindeberg: "Scale-Space Theory", 1994).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from landseg_core.assistant.feature_maps import FeatureMap, enlarged

Plane = npt.NDArray[np.float32]
Valid = npt.NDArray[np.bool_]

MARGIN = 56
"""Px around a window that can influence its features, at most; a multiple of `ALIGNMENT`."""
ALIGNMENT = 8
"""Windows whose origin is a multiple of so many px have the same features as the whole image."""

_TRUNCATION = 3.0
"""Standard deviations after which a Gaussian counts as 0."""


@dataclass(frozen=True)
class _Scale:
    """A standard deviation in px, the side in px of the squares whose means it is computed on, and what is computed."""

    sigma: float
    stride: int
    tensor: bool = True

    @property
    def kernel(self) -> Plane:
        """Return the Gaussian on the reduced image: the variance of a square counts as a part of its own."""
        return _gaussian(math.sqrt(self.sigma**2 - (self.stride**2 - 1) / 12) / self.stride)


_SCALES = (_Scale(0.7, 1), _Scale(1.6, 1), _Scale(3.5, 2), _Scale(5.0, 4), _Scale(10.0, 8, tensor=False))


@cache
def _gaussian(sigma: float) -> Plane:
    """Return the (2 R + 1, 1) weights of a Gaussian; they add up to 1."""
    radius = math.ceil(_TRUNCATION * sigma)
    kernel: Plane = cv2.getGaussianKernel(2 * radius + 1, sigma, cv2.CV_32F)
    return kernel


def filter_count(bands: int) -> int:
    """Return the number of features of an image with so many bands."""
    return sum(bands + (6 if scale.tensor else 4) for scale in _SCALES)


def filter_features(pixels: npt.NDArray[np.float32], valid: Valid) -> npt.NDArray[np.float32]:
    """Return the (F, H, W) features of `filter_maps`, the coarse ones enlarged bilinearly."""
    around = (ALIGNMENT, ALIGNMENT)  # so that the squares at an edge have neighbours in any window
    maps = filter_maps(np.pad(pixels, [(0, 0), around, around]), np.pad(valid, around))
    rows, columns = (slice(ALIGNMENT, ALIGNMENT + size) for size in valid.shape)
    return np.concatenate([enlarged(found)[:, rows, columns] for found in maps])


def texture_maps(pixels: npt.NDArray[np.float32], valid: Valid) -> list[FeatureMap]:
    """Return the features of `filter_maps` that say most about a cell: smoothed values and the structure tensor."""
    return filter_maps(pixels, valid, derivatives=False)


def filter_maps(pixels: npt.NDArray[np.float32], valid: Valid, *, derivatives: bool = True) -> list[FeatureMap]:
    """Return the features of an image, those of fine scales for each pixel and those of coarse ones for each square.

    Cells look alike where their smoothed values do.

    Pixels without data are left out (normalised convolution; Knutsson, Westin, CVPR 1993), and what is beyond the array
    counts as having none. A window with `MARGIN` px around it thus has, inside of the margin, the features of the whole
    image, if its origin is a multiple of `ALIGNMENT`.

    Args:
        pixels: (C, H, W) float32, each band of mean 0 and deviation 1 in the whole image.
        valid: (H, W), whether a pixel holds data.
        derivatives: whether to include gradient magnitude, Laplacian and eigenvalues of the Hessian matrix.
    """
    height, width = valid.shape
    weights = _padded(valid.astype(np.float32))
    planes = [_padded(plane) * weights for plane in _contrasts(np.where(valid, pixels, np.float32(0)))]
    maps, stride = [], 1
    for scale in _SCALES:
        if scale.stride != stride:
            planes, weights = _reduced(planes, weights, scale.stride // stride)
            stride = scale.stride
        rows, columns = -(-height // stride), -(-width // stride)
        edge = ALIGNMENT // stride - 1  # `_features` leaves out one pixel
        inner = slice(edge, edge + rows), slice(edge, edge + columns)
        found = [plane[inner] for plane in _features(planes, weights, scale, derivatives=derivatives)]
        maps.append(FeatureMap(stride, np.stack(found[: len(planes)]), looks=True))
        if found[len(planes) :]:
            maps.append(FeatureMap(stride, np.stack(found[len(planes) :])))
    return maps


def _contrasts(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the brightness, and the differences between bands, of (C, H, W) pixels: a cosine transform of the bands.

    Of three bands these are the mean, the first minus the last, and the middle minus the others: opponent colours.
    """
    bands = len(pixels)
    number, band = np.mgrid[:bands, :bands]
    basis = np.cos(np.pi * number * (2 * band + 1) / (2 * bands)) * np.sqrt(2 / bands)
    basis[0] /= np.sqrt(2)
    return np.tensordot(basis.astype(np.float32), pixels, 1)


def _padded(plane: Plane) -> Plane:
    """Return a plane with pixels without data around it, its height and width multiples of `ALIGNMENT`."""
    height, width = plane.shape
    return np.pad(plane, [(ALIGNMENT, ALIGNMENT + -height % ALIGNMENT), (ALIGNMENT, ALIGNMENT + -width % ALIGNMENT)])


def _reduced(planes: list[Plane], weights: Plane, factor: int) -> tuple[list[Plane], Plane]:
    """Return the means over squares: of the planes times the weights, and of the weights."""
    size = weights.shape[1] // factor, weights.shape[0] // factor
    *means, weights = (cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in (*planes, weights))
    return means, weights


def _features(planes: list[Plane], weights: Plane, scale: _Scale, *, derivatives: bool) -> Iterator[Plane]:
    """Yield the features at one scale, a pixel smaller at each edge than `planes`, which are times the `weights`.

    The first ones are the smoothed planes.
    """
    sums = _blurred(weights, scale.kernel)
    inverse = np.divide(1, sums, out=np.zeros_like(sums), where=sums > 0)
    smooth = [_blurred(plane, scale.kernel) * inverse for plane in planes]
    for plane in smooth:
        yield plane[1:-1, 1:-1]
    sigma = scale.sigma / scale.stride
    across, down = _gradient(smooth[0], sigma)
    if derivatives:
        yield cv2.magnitude(across, down)
        xx, yy, xy = _hessian(smooth[0], sigma)
        yield xx + yy
        yield from _eigenvalues(xx, yy, xy)
    if scale.tensor:
        inner = weights[1:-1, 1:-1]
        products = (across * across, down * down, across * down)
        tensor = (_blurred(product * inner, scale.kernel) * inverse[1:-1, 1:-1] for product in products)
        yield from (np.sqrt(np.maximum(value, 0)) for value in _eigenvalues(*tensor))


def _blurred(plane: Plane, kernel: Plane) -> Plane:
    blurred: Plane = cv2.sepFilter2D(plane, cv2.CV_32F, kernel, kernel, borderType=cv2.BORDER_CONSTANT)
    return blurred


def _gradient(plane: Plane, sigma: float) -> tuple[Plane, Plane]:
    """Return the derivatives to the right and down, times `sigma`."""
    half = np.float32(sigma / 2)
    return (plane[1:-1, 2:] - plane[1:-1, :-2]) * half, (plane[2:, 1:-1] - plane[:-2, 1:-1]) * half


def _hessian(plane: Plane, sigma: float) -> tuple[Plane, Plane, Plane]:
    """Return the second derivatives xx, yy and xy, times the square of `sigma`."""
    square, twice = np.float32(sigma**2), 2 * plane[1:-1, 1:-1]
    xx = (plane[1:-1, 2:] + plane[1:-1, :-2] - twice) * square
    yy = (plane[2:, 1:-1] + plane[:-2, 1:-1] - twice) * square
    xy = (plane[2:, 2:] + plane[:-2, :-2] - plane[2:, :-2] - plane[:-2, 2:]) * (square / 4)
    return xx, yy, xy


def _eigenvalues(xx: Plane, yy: Plane, xy: Plane) -> tuple[Plane, Plane]:
    """Return the larger and the smaller eigenvalue of the symmetric 2 x 2 matrices."""
    mean, spread = (xx + yy) / 2, cv2.magnitude((xx - yy) / 2, xy)
    return mean + spread, mean - spread
