"""Makes a project with many painted tiles: python -m benchmarks.label_project RASTER PROJECT ROWS."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED, load_classes
from landseg_core.project.project import Project

CLASSES = load_classes("landcover-dubai")
SIDE = 512
_PATTERNS, _BLOTCHES = 8, 12

Values = npt.NDArray[np.uint8]


def painted_tile(seed: int) -> Values:
    """Return (512, 512) labels of all classes as round blotches, with gaps between them."""
    rng = np.random.default_rng(seed)
    tile = np.full((SIDE, SIDE), UNLABELLED, np.uint8)
    for _ in range(_BLOTCHES):
        column, row, radius = (int(value) for value in rng.integers((0, 0, 20), (SIDE, SIDE, 120)))
        cv2.circle(tile, (column, row), radius, int(rng.choice(CLASSES.values)), thickness=-1)
    return tile


def make_project(raster: Path, project: Path, rows: int) -> int:
    """Write a project on `raster` whose upper `rows` rows of tiles are painted; return how many tiles those are."""
    patterns = [painted_tile(seed) for seed in range(_PATTERNS)]

    def paint(key: TileKey, window: PixelWindow, _present: Values) -> Values:
        return patterns[(3 * key.row + key.column) % _PATTERNS][: window.height, : window.width]

    with Project.create(project, CLASSES) as made:
        image = made.add_image(raster)
        made.edit_tiles(image.id, "Paint", paint, PixelWindow(0, 0, image.grid.width, rows * SIDE))
        return len(made.tile_keys(image.id))


if __name__ == "__main__":
    print(make_project(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
