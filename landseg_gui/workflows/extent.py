"""How much ground there is to learn from, found out from names and headers: no pixel is read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from landseg_core.data.areas import ImagePair
from landseg_core.data.lists import read_list
from landseg_core.data.loading.pairs import PairedFolders
from landseg_core.data.loading.project import label_blocks
from landseg_core.data.read_options import ImageFacts, plan_resolution
from landseg_core.events import JobControl
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow
from landseg_core.raster.source import RasterSource
from landseg_core.runs.config import TrainConfig
from landseg_gui.dialogs.requests import Folders, LandCoverAi, ProjectLabels

_TRAIN_SHARE = 0.8
"""Of images that are split by blocks."""
_TILE_PIXELS = 512 * 512
"""Of LandCover.ai's tiles."""


@dataclass(frozen=True)
class Extent:
    """Pixels to train and to validate on, about, at the ground resolution that they are read at."""

    train: float
    val: float


@singledispatch
def extent_of(source: Any, config: TrainConfig, control: JobControl) -> Extent:
    """Return how much a run with `config` would learn from in `source`.

    Raises:
        DatasetError, RasterError, ProjectError: the data cannot be used.
        JobStopped: the user asked for it.
    """
    raise NotImplementedError(type(source))


@extent_of.register
def _of_folders(source: Folders, config: TrainConfig, control: JobControl) -> Extent:
    folders = PairedFolders(source.images, source.masks)
    if source.train_list is None and source.val_list is None:
        grids = _grids(folders.all(), control)
        pixels = sum(_seen_pixels(grids, config))
        return Extent(_TRAIN_SHARE * pixels, (1 - _TRAIN_SHARE) * pixels)
    train, val = (
        folders.listed(own) if own else folders.not_listed(other)  # type: ignore[arg-type]  # one of them is given
        for own, other in ((source.train_list, source.val_list), (source.val_list, source.train_list))
    )
    grids = _grids(train, control)
    seen = _seen_pixels([*grids, *_grids(val, control)], config)
    return Extent(sum(seen[: len(grids)]), sum(seen[len(grids) :]))


@extent_of.register
def _of_landcover_ai(source: LandCoverAi, _config: TrainConfig, _control: JobControl) -> Extent:
    train, val = (len(read_list(source.folder / name)) * _TILE_PIXELS for name in ("train.txt", "val.txt"))
    return Extent(train, val)


@extent_of.register
def _of_project(source: ProjectLabels, config: TrainConfig, control: JobControl) -> Extent:
    numbers = config.seed, config.chip
    blocks = label_blocks(source.project, *numbers, control, split=config.split, buffer=config.buffer)
    grids = [image.grid for image in source.project.images if image.id in blocks]
    shares = [seen / grid.window.pixels for seen, grid in zip(_seen_pixels(grids, config), grids, strict=True)]
    apart = list(zip(blocks.values(), shares, strict=True))
    return Extent(
        sum(share * _pixels(part.train) for part, share in apart),
        sum(share * _pixels(part.val) for part, share in apart),
    )


def _grids(pairs: Iterable[ImagePair], control: JobControl) -> list[RasterGrid]:
    grids = []
    for pair in pairs:
        control.checkpoint()
        with RasterSource(pair.image) as image:
            grids.append(image.grid)
    return grids


def _seen_pixels(grids: Sequence[RasterGrid], config: TrainConfig) -> list[int]:
    """Return the pixels of images, each as a run reads it that has them all."""
    facts = [ImageFacts((), (), "", grid, grid.ground_resolution(), "") for grid in grids]
    plan = plan_resolution(facts, config.resolution_m, nearly=config.reading.nearly)
    sizes = [plan.view(one, ()).size or (one.grid.width, one.grid.height) for one in facts]
    return [width * height for width, height in sizes]


def _pixels(windows: Iterable[PixelWindow]) -> int:
    return sum(window.pixels for window in windows)
