"""LandCover.ai as downloaded: large orthophotos, and lists that name their tiles.

`images/*.tif`, `masks/*.tif`, `train.txt`, `val.txt`, `test.txt`. A list's name `<orthophoto>_<k>` is tile `k` of the
orthophoto, counted from 0 row by row in steps of 512 px. Incomplete tiles at the right and bottom edge count, but
lists never name them (Boguszewski et al., "LandCover.ai", CVPR EarthVision 2021, and its `split.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from landseg_core.data.areas import LabelledArea
from landseg_core.data.lists import read_list, shortened
from landseg_core.data.loading.assembly import evaluation_set, training_data
from landseg_core.data.loading.extent import Extent
from landseg_core.data.loading.pairs import PairedFolders
from landseg_core.data.read_options import AS_THEY_ARE, ReadOptions
from landseg_core.data.training_data import TrainingData
from landseg_core.errors import DatasetError
from landseg_core.events import JobControl, OnEvent, ignore_event
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow
from landseg_core.input_files import AnyPath
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.masks.value_mapping import mapped_indices
from landseg_core.messages import N_
from landseg_core.raster.source import RasterSource

TILE = 512
_NAME = re.compile(r"(?P<stem>.+)_(?P<number>\d+)")


def split_name(name: str) -> tuple[str, int] | None:
    """Return orthophoto and tile number of `<orthophoto>_<k>`, or None for a name of another form."""
    match = _NAME.fullmatch(name)
    return (match["stem"], int(match["number"])) if match else None


def tile_window(number: int, grid: RasterGrid) -> PixelWindow | None:
    """Return the window of tile `number`, or None where the raster has no complete tile of this number."""
    row, column = divmod(number, -(-grid.width // TILE))
    window = PixelWindow(column * TILE, row * TILE, TILE, TILE)
    return window if grid.window.contains(window) else None


def listed_windows(list_file: Path, grids: Mapping[str, RasterGrid]) -> list[tuple[str, PixelWindow]]:
    """Return orthophoto and window of each name in a list, given the orthophotos' grids by stem.

    Raises:
        DatasetError: the list is wrong, an orthophoto is not in `grids`, or has no complete tile of the number.
    """
    tiles = [(name, *_tile_name(name, list_file)) for name in read_list(list_file)]
    _require_orthophotos(list_file, (stem for _, stem, _ in tiles), grids)
    windows = []
    for name, stem, number in tiles:
        window = tile_window(number, grids[stem])
        if window is None:
            raise DatasetError(
                N_(
                    "{list} names {name}, but {image} has no complete tile of {size} px with this number; use a list "
                    "that belongs to these orthophotos",
                    list=list_file,
                    name=name,
                    image=stem,
                    size=TILE,
                )
            )
        windows.append((stem, window))
    return windows


def _tile_name(name: str, list_file: Path) -> tuple[str, int]:
    parts = split_name(name)
    if parts is None:
        raise DatasetError(
            N_(
                "{list} names {name}, which is not a tile of an orthophoto (<orthophoto>_<number>); correct the list",
                list=list_file,
                name=name,
            )
        )
    return parts


def _require_orthophotos(list_file: Path, stems: Iterable[str], grids: Mapping[str, RasterGrid]) -> None:
    named = dict.fromkeys(stems)
    missing = [stem for stem in named if stem not in grids]
    if missing:
        raise DatasetError(
            N_(
                "%n of {total} orthophotos in {list} lack an image or a mask: {names}; download the whole data set or "
                "shorten the list",
                n=len(missing),
                one="one of {total} orthophotos in {list} lacks an image or a mask: {names}; download the whole data "
                "set or shorten the list",
                list=list_file,
                total=len(named),
                names=shortened(missing),
            )
        )


def tile_areas(folders: PairedFolders, list_file: Path) -> list[LabelledArea]:
    """Return the areas of the tiles that a list names.

    Raises:
        DatasetError: a folder, the list or an orthophoto is missing or wrong.
        RasterError: an orthophoto cannot be opened.
    """
    pairs = folders.pairs
    named = {parts[0] for parts in map(split_name, read_list(list_file)) if parts}
    grids = {stem: _grid(pair.image) for stem, pair in pairs.items() if stem in named}
    return [pairs[stem].area(window) for stem, window in listed_windows(list_file, grids)]


def _grid(path: Path) -> RasterGrid:
    with RasterSource(path) as source:
        return source.grid


def names_tiles(list_file: Path, folders: PairedFolders) -> bool:
    """Return whether a list names tiles of the images, and no image itself."""
    stems, names = folders.image_files, read_list(list_file)
    parts = [split_name(name) for name in names]
    return all(name not in stems for name in names) and any(part is not None and part[0] in stems for part in parts)


def landcover_ai_data(
    folder: AnyPath,
    schema: ClassSchema,
    *,
    read_options: ReadOptions = AS_THEY_ARE,
    mapping: Mapping[str, str] | None = None,
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
) -> TrainingData:
    """Return the data set in `folder`, to train on `train.txt` and to validate on `val.txt`.

    `mapping` is that of `folder_data`.

    Raises:
        DatasetError: a list, an orthophoto or a mask is missing, or they do not fit together.
        InterchangeError: the mapping names no value or no class.
        RasterError: a file cannot be read.
        JobStopped: the user asked for it.
    """
    folder = Path(folder)
    values = mapped_indices(mapping or {}, schema)
    folders = PairedFolders(folder / "images", folder / "masks")
    train, val = (tile_areas(folders, folder / f"{part}.txt") for part in ("train", "val"))
    return training_data(train, val, schema, on_event, control, read_options, mapping=values)


def landcover_ai_extent(folder: Path) -> Extent:
    """Return the size of the data of `landcover_ai_data`.

    Raises:
        DatasetError: a list is missing or wrong.
    """
    train, val = (len(read_list(folder / f"{part}.txt")) * TILE**2 for part in ("train", "val"))
    return Extent(train, val)


def landcover_ai_areas(
    folder: Path,
    schema: ClassSchema,
    part: str = "test",
    *,
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
) -> tuple[LabelledArea, ...]:
    """Return the checked areas of one list (`train`, `val` or `test`), to evaluate on; errors as above."""
    areas = tile_areas(PairedFolders(folder / "images", folder / "masks"), folder / f"{part}.txt")
    return evaluation_set(areas, schema, on_event, control)
