"""Joins the most similar of adjacent regions, so that larger regions are made of whole smaller ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_EVEN = 1000.0
"""Squared colour distance (8-bit Lab) that even regions of one colour count as: the higher, the more alike in size."""

_FEW = 16  # pairs that may always be joined in one round

_Whole = npt.NDArray[np.int64]
_Real = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Regions:
    """Regions of an image, and which of them share a side.

    Attributes:
        pixels: (n,) the px of each.
        colours: (n, C) the sum of the colours of its pixels.
        pairs: (2, P) adjacent regions, each pair once, the lower number first.
    """

    pixels: _Real
    colours: _Real
    pairs: _Whole

    def __len__(self) -> int:
        return len(self.pixels)

    @classmethod
    def of(cls, ids: npt.NDArray[np.int32], image: npt.NDArray[np.uint8]) -> Regions:
        """Return the regions of `ids` (H, W), 0..n-1 and -1 where there is none, in an `image` (H, W, C)."""
        numbers, count = ids.reshape(-1) + 1, int(ids.max()) + 1
        planes = (image[..., band].reshape(-1) for band in range(image.shape[2]))
        sums = [np.bincount(numbers, plane, count + 1)[1:] for plane in planes]
        pixels = np.asarray(np.bincount(numbers, minlength=count + 1)[1:], np.float64)
        beside = np.concatenate([_beside(ids[:, :-1], ids[:, 1:]), _beside(ids[:-1], ids[1:])], axis=1)
        return cls(pixels, np.stack(sums, 1), _once(beside, count))

    def grouped(self, groups: _Whole) -> Regions:
        """Return the regions that result where `groups` (n,) is the new number of each, from 0 without gaps."""
        count = int(groups.max()) + 1
        sums = [np.bincount(groups, band, count) for band in self.colours.T]
        pixels = np.asarray(np.bincount(groups, self.pixels, count), np.float64)
        return Regions(pixels, np.stack(sums, 1), _once(groups[self.pairs], count))

    def costs(self) -> _Real:
        """Return (P,): what it costs to join each pair.

        That is Ward's criterion (1963), by how much the sum of squared deviations from the mean colour grows, with a
        constant added to the squared distance of the colours, which joins the smaller of equally similar regions.
        """
        (one, other), size = self.pairs, self.pixels
        mean = self.colours / size[:, np.newaxis]
        distance = np.square(mean[one] - mean[other]).sum(1)
        return np.asarray((distance + _EVEN) * size[one] * size[other] / (size[one] + size[other]))


def merged(regions: Regions, count: int) -> _Whole:
    """Return (n,): for each region, which of about `count` larger ones it belongs to; never fewer than `count`.

    Regions that do not touch are never joined, so there may be more. In each round, the pairs are joined of which each
    is the other's best, the cheapest half of what is missing first: that differs little from one pair at a time.
    """
    groups = np.arange(len(regions))
    while len(regions) > count and regions.pairs.size:
        missing = len(regions) - count
        step = _joined(regions, min(missing, max(missing // 2, _FEW)))
        groups, regions = step[groups], regions.grouped(step)
    return groups


def _joined(regions: Regions, most: int) -> _Whole:
    """Return (n,) new numbers after joining at most `most` pairs of which each is the other's best."""
    one, other = regions.pairs
    order = np.lexsort((_scattered(len(one)), regions.costs()))
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    best = np.full(len(regions), order.size)
    np.minimum.at(best, one, rank)
    np.minimum.at(best, other, rank)
    mutual = order[(best[one] == rank)[order] & (best[other] == rank)[order]][:most]
    joined = np.arange(len(regions))
    joined[other[mutual]] = one[mutual]
    return np.unique(joined, return_inverse=True)[1].reshape(-1)


def _scattered(count: int) -> _Whole:
    """Return (count,) different numbers in no visible order, so that plain areas are not joined row by row."""
    return np.arange(count) * 2_654_435_761 % 2**32  # Knuth's multiplicative hash


def _beside(one: npt.NDArray[np.int32], other: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Return (2, P) the numbers of neighbour pixels where these are of different regions."""
    different = (one != other) & (one >= 0) & (other >= 0)
    return np.stack([one[different], other[different]])


def _once(pairs: npt.NDArray[np.int32] | _Whole, count: int) -> _Whole:
    """Return each pair of different numbers below `count` once, the lower one first."""
    low, high = np.minimum(*pairs).astype(np.int64), np.maximum(*pairs).astype(np.int64)
    codes = np.unique((low * count + high)[low != high])
    return np.stack(np.divmod(codes, count))
