"""Training windows ("chips"), drawn from labelled areas and read straight from the rasters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from landseg_core.data.areas import LabelledArea
from landseg_core.data.augment import PLAIN, Geometry, apply_symmetry, resized_labels, resized_pixels
from landseg_core.data.class_locations import ClassLocations
from landseg_core.data.reader import AreaReader, Labels, Pixels
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED

Each = Callable[[Callable[[int], tuple[Pixels, Labels]], Iterable[int]], Iterable[tuple[Pixels, Labels]]]
Empty = Callable[[tuple[int, ...], npt.DTypeLike], npt.NDArray[Any]]

DRAWS = 20
"""How often a chip without a single label is drawn again before it is used as it is."""


def chip_rng(seed: int, epoch: int, chip: int, purpose: int = 0) -> np.random.Generator:
    """Return the random numbers of one chip; they depend on the arguments only, so a run resumes at any chip.

    Another `purpose` gives other numbers: 0 draws windows, further ones are free for augmentation.
    """
    return np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, epoch, chip, purpose))))


class WeightedSource(NamedTuple):
    """A share (0-1) of all chips, and the class locations that they are drawn around."""

    share: float
    locations: ClassLocations


class UnlabelledSource(NamedTuple):
    """A share (0-1) of all chips, and the areas that they are drawn from without their labels."""

    share: float
    areas: tuple[LabelledArea, ...]


class ChipSampler:
    """Draws square chips of `size` px from labelled areas.

    Shares of the chips are drawn around the locations of `sources`, each class of these equally often; the rest is
    drawn anywhere, from each area in proportion to its pixels. A share may also come from an `unlabelled` source. Chip
    `k` of epoch `e` depends on (areas, their labels, size, seed, geometry, sources, e, k) only. A chip larger than its
    area covers it whole.
    """

    def __init__(
        self,
        areas: Sequence[LabelledArea],
        size: int,
        seed: int = 0,
        geometry: Geometry = PLAIN,
        sources: Sequence[WeightedSource] = (),
        unlabelled: UnlabelledSource | None = None,
    ) -> None:
        self.areas, self.size, self.seed = tuple(areas), size, seed
        self._geometry = geometry
        self._sources = tuple(sources)
        self._shares = np.cumsum([share for share, _ in self._sources])
        self._ends = _ends(self.areas)
        self._unlabelled = unlabelled
        self._unlabelled_ends = _ends(unlabelled.areas) if unlabelled else self._ends

    @property
    def chips_per_epoch(self) -> int:
        """Return how many chips hold about as many pixels as the areas: one epoch."""
        return max(1, round(int(self._ends[-1]) / self.size**2))

    def first_window(self, epoch: int, chip: int) -> tuple[LabelledArea, PixelWindow]:
        """Return the area and the window (in px of its image) that are drawn first for a chip."""
        return self._draw(chip_rng(self.seed, epoch, chip))

    def chip(self, reader: AreaReader, epoch: int, chip: int) -> tuple[Pixels, Labels]:
        """Return (C, S, S) pixels and (S, S) class indices; a chip without any label is drawn again up to 20 times."""
        rng = chip_rng(self.seed, epoch, chip)
        pixels, labels = self._read(reader, rng)
        symmetry = self._geometry.symmetry(rng)
        pixels, labels = resized_pixels(pixels, self.size), resized_labels(labels, self.size)
        pixels, labels = apply_symmetry(pixels, symmetry), apply_symmetry(labels, symmetry)
        return np.ascontiguousarray(pixels), np.ascontiguousarray(labels)

    def batch(
        self, reader: AreaReader, epoch: int, chips: Sequence[int], *, each: Each = map, empty: Empty = np.empty
    ) -> tuple[Pixels, Labels]:
        """Return (N, C, S, S) pixels and (N, S, S) class indices of the chips numbered `chips`.

        `each` works like `map`, and may draw several chips at once; `empty`, like numpy's, makes the arrays.
        """
        pixels, labels = zip(*each(lambda chip: self.chip(reader, epoch, chip), chips), strict=True)
        return _stacked(pixels, empty), _stacked(labels, empty)

    def _read(self, reader: AreaReader, rng: np.random.Generator) -> tuple[Pixels, Labels]:
        if self._unlabelled and rng.random() < self._unlabelled.share:
            side = self._geometry.window_side(self.size, rng)
            pixels, _ = reader.read_image(*_draw_window(self._unlabelled.areas, self._unlabelled_ends, side, rng))
            return pixels, np.full(pixels.shape[1:], UNLABELLED, np.uint8)
        for _ in range(DRAWS):
            pixels, labels = reader.read(*self._draw(rng))
            if (labels != UNLABELLED).any():
                break
        return pixels, labels

    def _draw(self, rng: np.random.Generator) -> tuple[LabelledArea, PixelWindow]:
        side = self._geometry.window_side(self.size, rng)
        which = int(np.searchsorted(self._shares, rng.random(), side="right")) if self._sources else 0
        if which < len(self._sources):
            number, pixel = self._sources[which].locations.draw(rng)
            return self._window_around(self.areas[number], pixel, side, rng)
        return _draw_window(self.areas, self._ends, side, rng)

    def _window_around(
        self, area: LabelledArea, pixel: tuple[int, int], side: int, rng: np.random.Generator
    ) -> tuple[LabelledArea, PixelWindow]:
        """Return a window with `pixel` (x, y) at a random position in it, as far as the area allows."""
        x = _origin_around(rng, pixel[0], area.window.x, area.window.width, side)
        y = _origin_around(rng, pixel[1], area.window.y, area.window.height, side)
        return area, PixelWindow(x, y, side, side)


def _ends(areas: Sequence[LabelledArea]) -> npt.NDArray[np.int64]:
    return np.cumsum([area.window.pixels for area in areas], dtype=np.int64)


def _draw_window(
    areas: Sequence[LabelledArea], ends: npt.NDArray[np.int64], side: int, rng: np.random.Generator
) -> tuple[LabelledArea, PixelWindow]:
    """Return a square anywhere in `areas`, in each in proportion to its pixels, of which `ends` are the sums."""
    area = areas[int(np.searchsorted(ends, rng.integers(ends[-1]), side="right"))]
    x = _draw_origin(rng, area.window.x, area.window.width, side)
    y = _draw_origin(rng, area.window.y, area.window.height, side)
    return area, PixelWindow(x, y, side, side)


def _stacked(arrays: Sequence[npt.NDArray[Any]], empty: Empty) -> npt.NDArray[Any]:
    """Return arrays of one shape and type as one, in memory of `empty`."""
    return np.stack(arrays, out=empty((len(arrays), *arrays[0].shape), arrays[0].dtype))


def _draw_origin(rng: np.random.Generator, start: int, length: int, size: int) -> int:
    """Return where `size` px begin: inside `length` px from `start`, or around them where they are fewer."""
    slack = length - size
    return start + int(rng.integers(min(0, slack), max(0, slack) + 1))


def _origin_around(rng: np.random.Generator, pixel: int, start: int, length: int, size: int) -> int:
    """Return where `size` px begin that hold `pixel`, moved into the `length` px from `start`, or around them."""
    slack = length - size
    wanted = pixel - int(rng.integers(size)) - start
    return start + min(max(wanted, min(0, slack)), max(0, slack))
