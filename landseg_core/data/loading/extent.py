"""How much data there is to train on, estimated from names and headers: no pixel is read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from landseg_core.data.areas import ImagePair
from landseg_core.data.read_options import ImageFacts, ReadOptions, plan_resolution
from landseg_core.events import JobControl
from landseg_core.geo.grid import RasterGrid
from landseg_core.raster.source import RasterSource

TRAIN_SHARE = 0.8
"""Of images that are split by blocks."""


@dataclass(frozen=True)
class Extent:
    """Pixels to train and to validate on, about, at the ground resolution that they are read at."""

    train: float
    val: float


def image_grids(pairs: Iterable[ImagePair], control: JobControl) -> list[RasterGrid]:
    """Return the grids of images.

    Raises:
        RasterError: an image cannot be opened.
        JobStopped: the user asked for it.
    """
    grids = []
    for pair in pairs:
        control.checkpoint()
        with RasterSource(pair.image) as image:
            grids.append(image.grid)
    return grids


def pixels_read(grids: Sequence[RasterGrid], read_options: ReadOptions) -> list[int]:
    """Return the pixels of images, each as read by a run on all of them."""
    facts = [ImageFacts((), (), "", grid, grid.ground_resolution(), "") for grid in grids]
    plan = plan_resolution(facts, read_options.resolution_m, nearly=read_options.nearly)
    sizes = [plan.view(one, ()).size or (one.grid.width, one.grid.height) for one in facts]
    return [width * height for width, height in sizes]
