"""Scenes of a data set, and views of them: crops as large as what a window shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.scribbles import UNLABELLED, Mask
from landseg_core.data.lists import read_list
from landseg_core.geo.window import PixelWindow
from landseg_core.raster.source import RasterSource

FINAL = ("tile1", "tile5")
"""Scenes of `landcover_dubai` that no choice was tuned on: targets are about them."""
TUNING = ("tile2", "tile4", "tile6")
ORTHOPHOTO = "ortho"
"""What stands beside the data set, in a folder of this name: a large image without masks."""
DECIDING = (*FINAL, ORTHOPHOTO)
"""The scenes whose measurements decide whether a target is reached."""
CLASSES = "landcover-dubai"
CLASS_COUNT = 5
VIEW_PX, VIEW_WIDTH = 400_000, 840
"""A view has this many px at most, and is that wide where the image is."""
TRIES = 20

Rgb = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Scene:
    """Images of one area, in the order of their stems: paths of the images, and of their full masks."""

    name: str
    images: tuple[Path, ...]
    masks: tuple[Path, ...]

    @property
    def stems(self) -> list[str]:
        return [path.stem for path in self.images]

    def truth(self) -> list[Mask]:
        """Return the (H, W) class values of each image."""
        return [read_values(path) for path in self.masks]


@dataclass(frozen=True)
class DataSet:
    """A folder with `images`, full `masks` and the lists `train.txt` and `val.txt`; stems begin with `SCENE_`."""

    folder: Path

    def scene(self, name: str) -> Scene:
        """Return a scene; what is on neither list does not count. `ORTHOPHOTO` is one, too, without masks."""
        if name == ORTHOPHOTO:
            return Scene(name, tuple(sorted((self.folder.parent / ORTHOPHOTO).glob("*.tif"))), ())
        stems = sorted(stem for stem in self._listed("train", "val") if _is_of(stem, name))
        if not stems:
            raise SystemExit(f"{self.folder} lists no images of a scene {name}: their names begin with {name}_")
        return Scene(name, *(tuple(_files(self.folder / kind, stems)) for kind in ("images", "masks")))

    def others(self, name: str) -> tuple[list[str], list[str]]:
        """Return the stems of all other scenes that are to be trained on, and to validate on."""
        train, val = ([stem for stem in self._listed(part) if not _is_of(stem, name)] for part in ("train", "val"))
        return train, val

    def _listed(self, *parts: str) -> list[str]:
        return [stem for part in parts for stem in read_list(self.folder / f"{part}.txt")]


@dataclass(frozen=True)
class View:
    """A crop of an image: (H, W, 3) uint8 and its true (H, W) class values, from which column and row."""

    image: Path
    column: int
    row: int
    rgb: Rgb
    truth: Mask

    @property
    def window(self) -> PixelWindow:
        height, width = self.truth.shape
        return PixelWindow(self.column, self.row, width, height)

    @property
    def has_choice(self) -> bool:
        """Return whether there are two classes at least: else there is nothing to suggest."""
        return len(set(np.unique(self.truth).tolist()) - {UNLABELLED}) >= 2


def views(scene: Scene, seed: int, count: int) -> list[View]:
    """Return views of different images of a scene, as long as there are others, where the seed puts them."""
    rng = np.random.default_rng([seed, *scene.name.encode()])
    order = [number for _ in range(-(-count // len(scene.images))) for number in rng.permutation(len(scene.images))]
    return [view_of(scene.images[number], scene.masks[number], rng) for number in order[:count]]


def read_values(path: Path) -> Mask:
    """Return the (H, W) class values of a mask or map."""
    with RasterSource(path) as source:
        values: Mask = source.read(source.grid.window)[0]
    return values


def read_rgb(path: Path) -> Rgb:
    """Return an image as (H, W, 3) uint8."""
    with RasterSource(path) as source:
        return np.ascontiguousarray(source.read(source.grid.window)[:3].transpose(1, 2, 0))


def view_of(image: Path, mask: Path, rng: np.random.Generator) -> View:
    """Return a view of an image at random; it shows two classes at least, if any of some does."""
    rgb, truth = read_rgb(image), read_values(mask)
    tried: list[View] = []
    while len(tried) < TRIES and not (tried and tried[-1].has_choice):
        tried.append(_view_at(image, rgb, truth, rng))
    return tried[-1]


def _view_at(image: Path, rgb: Rgb, truth: Mask, rng: np.random.Generator) -> View:
    width = min(truth.shape[1], VIEW_WIDTH)
    height = min(truth.shape[0], VIEW_PX // width)
    row, column = (int(rng.integers(size - side + 1)) for size, side in zip(truth.shape, (height, width), strict=True))
    box = np.s_[row : row + height, column : column + width]
    return View(image, column, row, rgb[box], truth[box])


def _is_of(stem: str, scene: str) -> bool:
    return stem.startswith(f"{scene}_")


def _files(folder: Path, stems: list[str]) -> list[Path]:
    files = {path.stem: path for path in sorted(folder.iterdir())}
    return [files[stem] for stem in stems]
