"""Writes a generated landscape with its true map, to try everything with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from affine import Affine
from rasterio.crs import CRS
from rasterio.io import MemoryFile

from landseg_core.errors import OutputError
from landseg_core.input_files import AnyPath
from landseg_core.labels.classes import load_classes
from landseg_core.leftovers import note_kept, note_made
from landseg_core.messages import N_
from landseg_core.output_files import OutputFiles
from landseg_core.sample.landscape import make_landscape

CLASSES = "landcover-ai"
TRAINED, VALIDATED = ("landscape_1", "landscape_2"), ("landscape_3",)
PIXEL_SIZE_M = 0.25
_CRS_CODE, _EAST, _NORTH = 32632, 399_000, 5_131_000  # UTM zone 32 north, in the Rhone valley


@dataclass(frozen=True)
class SamplePaths:
    """The paths of a sample: folders of images and masks, the class file, and lists to train and validate on."""

    images: Path
    masks: Path
    classes: Path
    train_list: Path
    val_list: Path

    @classmethod
    def inside(cls, folder: Path) -> SamplePaths:
        """Return the paths inside `folder`."""
        return cls(*(folder / name for name in ("images", "masks", "classes.json", "train.txt", "val.txt")))


def write_sample(
    folder: AnyPath, size: tuple[int, int] = (2048, 1536), seed: int = 0, *, overwrite: bool = False
) -> SamplePaths:
    """Write three generated orthophotos of `size` (width, height) px, their masks, the class file and two lists.

    The orthophotos are RGB GeoTIFFs of 0.25 m per pixel, `images/landscape_1.tif` to `_3.tif`; the masks have the same
    names and hold the class values of the preset `landcover-ai`. The same size and seed give the same pixels.

    Raises:
        OutputError: a file exists and `overwrite` is off, or something cannot be written; no file is left behind.
    """
    folder = Path(folder)
    paths = SamplePaths.inside(folder)
    with ExitStack() as undo:
        for path in (paths.images, paths.masks):
            _make_folder(path, undo)
        with OutputFiles(overwrite=overwrite) as outputs:
            targets = {path: outputs.add(path) for path in _file_names(paths)}
            for path, content in _contents(paths, size, seed):
                _write(path, targets[path], content)
        undo.pop_all()
        for path in (folder, *folder.parents, paths.images, paths.masks):
            note_kept(path)
    return paths


def _make_folder(folder: Path, undo: ExitStack) -> None:
    """Make a folder and those above it; `undo` removes those that were not there."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        for path in reversed(missing):
            note_made(path)
            path.mkdir()
            undo.callback(_remove_if_empty, path)
    except OSError as error:
        raise OutputError(
            N_(
                "the folder {folder} cannot be created: {strerror}; choose another folder",
                folder=folder,
                strerror=error.strerror,
            )
        ) from error


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _write(path: Path, unfinished: Path, content: bytes) -> None:
    try:
        unfinished.write_bytes(content)
    except OSError as error:
        raise OutputError(
            N_("{path} cannot be written: {strerror}; choose another folder", path=path, strerror=error.strerror)
        ) from error


def _file_names(paths: SamplePaths) -> list[Path]:
    pictures = [folder / f"{stem}.tif" for stem in (*TRAINED, *VALIDATED) for folder in (paths.images, paths.masks)]
    return [paths.classes, paths.train_list, paths.val_list, *pictures]


def _contents(paths: SamplePaths, size: tuple[int, int], seed: int) -> Iterator[tuple[Path, bytes]]:
    """Yield each file and its content, one landscape at a time."""
    yield paths.classes, load_classes(CLASSES).to_json().encode()
    yield paths.train_list, "".join(f"{stem}\n" for stem in TRAINED).encode()
    yield paths.val_list, "".join(f"{stem}\n" for stem in VALIDATED).encode()
    for number, stem in enumerate((*TRAINED, *VALIDATED)):
        rng = np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, number))))
        image, labels = make_landscape(*size, rng)
        transform = _transform(number, size[0])
        yield paths.images / f"{stem}.tif", _geotiff(image, transform)
        yield paths.masks / f"{stem}.tif", _geotiff(labels[None], transform)


def _transform(number: int, width: int) -> Affine:
    """Return the transform of a landscape: they lie from west to east with gaps as wide as they are."""
    return Affine(PIXEL_SIZE_M, 0, _EAST + 2 * number * width * PIXEL_SIZE_M, 0, -PIXEL_SIZE_M, _NORTH)


def _geotiff(pixels: npt.NDArray[np.uint8], transform: Affine) -> bytes:
    """Return (C, H, W) pixels as the bytes of a GeoTIFF; made in memory, since GDAL does not report a full disk."""
    bands, height, width = pixels.shape
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            width=width,
            height=height,
            count=bands,
            dtype="uint8",
            crs=CRS.from_epsg(_CRS_CODE),
            transform=transform,
            tiled=True,
            blockxsize=256,
            blockysize=256,
            compress="deflate",
            predictor=2,
            photometric="rgb" if bands == 3 else "minisblack",
            interleave="pixel",
        ) as dataset:
            dataset.write(pixels)
        return bytes(memory.read())
