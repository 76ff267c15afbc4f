"""Cuts an image into small pieces along its edges, by a watershed from a regular grid of markers."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int32]
Rgb = npt.NDArray[np.uint8]
Valid = npt.NDArray[np.bool_]

OUTSIDE, _OPEN = -1, -2
_WINDOW = 5  # px, of the bilateral filter: noise goes, edges stay
_SIGMA_COLOUR, _SIGMA_SPACE = 60.0, 5.0
_FAR = 1 << 30


def watershed(rgb: Rgb, valid: Valid, side: int) -> tuple[Ids, Rgb]:
    """Return the (H, W) pieces 0..n-1 of an image, -1 where it is not `valid`, and the (H, W, 3) smoothed image.

    Each piece grows from the flattest pixel in a square of `side` px, and is connected by the sides of its pixels. The
    lines of the watershed (Meyer 1994, as in OpenCV) go to the neighbour whose colour is most similar.

    Args:
        rgb: (H, W, 3) uint8.
        valid: (H, W) bool, with at least one pixel.
        side: of the squares, in px.
    """
    smooth = cv2.bilateralFilter(_with_far_nodata(rgb, valid), _WINDOW, _SIGMA_COLOUR, _SIGMA_SPACE)
    smooth = np.asarray(smooth, np.uint8)
    markers = _markers(_roughness(smooth), valid, side)
    flooded = _flooded(smooth, markers, valid)
    return _numbered(_settled(flooded, smooth)), smooth


def _with_far_nodata(rgb: Rgb, valid: Valid) -> Rgb:
    """Return the image with pixels without data unlike all others, so that neither filter nor flood crosses them."""
    if valid.all():
        return np.ascontiguousarray(rgb)
    far = 0 if rgb[valid].mean() > 127 else 255
    return np.where(valid[..., np.newaxis], rgb, np.uint8(far))


def _roughness(smooth: Rgb) -> npt.NDArray[np.float32]:
    """Return (H, W): how much the colours differ around a pixel."""
    gradient = cv2.morphologyEx(smooth, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    total = np.sum(cv2.split(gradient), axis=0, dtype=np.float32)
    return np.asarray(cv2.blur(total, (3, 3)), np.float32)


def _markers(roughness: npt.NDArray[np.float32], valid: Valid, side: int) -> Ids:
    """Return (H, W): 1, 2, ... at the flattest valid pixel of each square that has one, 0 elsewhere."""
    height, width = valid.shape
    rows, columns = -(-height // side), -(-width // side)
    cost = np.full((rows * side, columns * side), np.inf, np.float32)
    cost[:height, :width] = np.where(valid, roughness, np.inf)
    squares = cost.reshape(rows, side, columns, side).swapaxes(1, 2).reshape(rows * columns, side * side)
    flattest = squares.argmin(1)
    square = np.flatnonzero(np.isfinite(squares[np.arange(len(squares)), flattest]))
    y = square // columns * side + flattest[square] // side
    x = square % columns * side + flattest[square] % side
    markers = np.zeros((height, width), np.int32)
    markers[y, x] = np.arange(1, len(square) + 1)
    return markers


def _flooded(smooth: Rgb, markers: Ids, valid: Valid) -> Ids:
    """Return (H, W): pieces from 0, -1 without data, -2 where it is still open to which piece a pixel belongs."""
    nodata = int(markers.max()) + 1
    seeds = np.pad(np.where(valid, markers, nodata), 1)  # OpenCV makes the outermost pixels part of the lines
    cv2.watershed(cv2.copyMakeBorder(smooth, 1, 1, 1, 1, cv2.BORDER_REPLICATE), seeds)
    pieces = seeds[1:-1, 1:-1] - 1
    pieces[(pieces < 0) | (pieces == nodata - 1)] = _OPEN
    pieces[~valid] = OUTSIDE
    return np.asarray(pieces, np.int32)


def _settled(pieces: Ids, smooth: Rgb) -> Ids:
    """Give each open pixel to the piece of the neighbour that is most similar, from the edge of the pieces inwards."""
    width = pieces.shape[1] + 2
    padded = np.pad(pieces, 1, constant_values=OUTSIDE)
    owners = padded.reshape(-1)
    colours = np.pad(smooth, ((1, 1), (1, 1), (0, 0))).reshape(-1, 3).astype(np.int32)
    steps = np.array([[-width], [-1], [1], [width]])
    todo = np.flatnonzero(owners == _OPEN)
    while todo.size:
        beside = todo + steps
        difference = colours[beside] - colours[todo]
        distance = np.einsum("kpc,kpc->kp", difference, difference)
        distance[owners[beside] < 0] = _FAR
        nearest = beside[distance.argmin(0), np.arange(todo.size)]
        found = owners[nearest] >= 0
        if not found.any():
            break
        owners[todo[found]] = owners[nearest[found]]
        todo = todo[~found]
    return padded[1:-1, 1:-1].copy()


def _numbered(pieces: Ids) -> Ids:
    """Give what no flood has reached, such as a pixel between pixels without data, pieces of its own."""
    still_open = pieces == _OPEN
    if not still_open.any():
        return pieces
    _, parts = cv2.connectedComponents(still_open.view(np.uint8), connectivity=4, ltype=cv2.CV_32S)
    return np.where(still_open, parts + pieces.max(), pieces).astype(np.int32)
