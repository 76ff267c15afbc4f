from __future__ import annotations

from pathlib import Path

import pytest
from affine import Affine
from rasterio.crs import CRS

from landseg_core.data.areas import LabelledArea
from landseg_core.data.split.leaks import overlap_notices
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow

UTM = CRS.from_epsg(32632)


def grid(transform: Affine, crs: CRS | None = UTM) -> RasterGrid:
    return RasterGrid(100, 80, transform, crs)


def north_up(x: float, y: float, pixel: float = 1.0) -> Affine:
    return Affine(pixel, 0, x, 0, -pixel, y)


def area(stem: str, window: PixelWindow | None = None) -> LabelledArea:
    return LabelledArea(stem, Path(stem), Path(stem), window or PixelWindow(0, 0, 100, 80))


def notices(ours: RasterGrid, theirs: RasterGrid, window: PixelWindow | None = None) -> list[str]:
    return overlap_notices([area("t", window)], [area("v")], {Path("t"): theirs, Path("v"): ours})


@pytest.mark.parametrize(
    ("transform", "overlaps"),
    [
        (north_up(50, 0), True),
        (north_up(100, 0), False),
        (north_up(99.5, 0), False),  # less than a pixel
        (north_up(-20, 20, 0.5), True),
        (north_up(0, -80), False),
        (Affine.translation(10, -10) @ Affine.rotation(30) @ Affine.scale(1, -1), True),
    ],
)
def test_images_overlap_or_not(transform: Affine, overlaps: bool) -> None:
    assert bool(notices(grid(north_up(0, 0)), grid(transform))) is overlaps


def test_only_georeferenced_images_of_the_same_crs_are_compared() -> None:
    here, there = north_up(0, 0), north_up(10, 0)
    assert notices(grid(here), grid(there, CRS.from_epsg(32633))) == []
    assert notices(grid(Affine.identity()), grid(Affine.identity())) == []
    assert notices(grid(here, None), grid(there, None)) != []


def test_only_what_is_trained_on_counts() -> None:
    here, there = grid(north_up(0, 0)), grid(north_up(50, 0))
    assert notices(here, there, PixelWindow(60, 0, 40, 80)) == []
    (notice,) = notices(here, there, PixelWindow(40, 0, 40, 80))
    assert notice == (
        "v and t overlap, but one is validated on and the other trained on: the accuracy is overestimated; "
        "use overlapping images either for training or for validation"
    )


def test_parts_of_one_image_are_no_overlap_and_a_pair_is_named_once() -> None:
    grids = {Path("a"): grid(north_up(0, 0)), Path("b"): grid(north_up(50, 0))}
    both = [area("a"), area("b")]
    assert overlap_notices(both[:1], both[:1], grids) == []
    (notice,) = overlap_notices(both, both, grids)
    assert notice.startswith("a and b overlap")


def test_every_image_that_validates_is_compared_with_all_others() -> None:
    grids = {Path(name): grid(north_up(x, 0)) for name, x in {"a": 0, "b": 500, "c": 50, "d": 550}.items()}
    (notice,) = overlap_notices([area("a"), area("b")], [area("c"), area("d")], grids)
    assert notice.startswith("c and a, d and b overlap")
