"""The kinds of files that `fuzz_files.py` damages, and the cases: each follows from a seed and a number."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fuzz_readers as readers
from fuzz_damage import (
    BYTES,
    DATABASE,
    TEXT,
    Damage,
    change_numbers,
    change_png_chunk,
    change_tiff_entries,
    leave,
    remove,
)
from fuzz_json_damage import JSON, JSON_LINES, SETTINGS, TENSORS, change_tags
from fuzz_project import OTHER, WHOLE, judge_project, whole_project

DAMAGES: dict[str, tuple[Damage, ...]] = {
    ".landseg": DATABASE,
    ".gpkg": DATABASE,
    ".json": JSON,
    ".geojson": JSON,
    ".jsonl": JSON_LINES,
    ".ini": SETTINGS,
    ".safetensors": TENSORS,
    ".tif": (*BYTES, *[change_tiff_entries] * 5),
    ".png": (*BYTES, *[change_png_chunk] * 4),
    ".vrt": (*TEXT, *[change_numbers] * 4),
    ".xml": (*TEXT, *[change_numbers] * 4),
    ".pgw": TEXT,
    ".prj": TEXT,
    ".cpg": TEXT,
    ".txt": TEXT,
}
"""How a file is damaged, by its suffix; all others in their bytes."""

Judge = Callable[[Path, Path, Any], tuple[str, str]]


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        name: what the report calls it.
        folder: that of its whole files among the originals.
        opens: the file to open in it; "" for the folder itself.
        share: how often it is damaged, beside the other kinds.
        read: reads it as the program does.
        damaged: which files of the folder are damaged.
        more: further damages of its files.
        judge: says what came of a damaged one, given what the whole one held.
    """

    name: str
    folder: str
    opens: str
    share: int
    read: readers.Read
    damaged: tuple[str, ...] = ("**/*",)
    more: tuple[Damage, ...] = ()
    judge: Judge | None = None

    def outcome(self, path: Path, home: Path, whole: Any) -> tuple[str, str]:
        """Read a damaged file, and say what came of it; a refusal is a `LandsegError`."""
        if self.judge is not None:
            return self.judge(path, home, whole)
        return (WHOLE if self.read(path, home) == whole else OTHER), ""


def _project(name: str, folder: str, share: int, more: tuple[Damage, ...] = ()) -> Kind:
    return Kind(name, folder, "case.landseg", share, whole_project, more=more, judge=judge_project)


def _labels(name: str, folder: str, suffix: str, share: int) -> Kind:
    return Kind(name, folder, f"case.{suffix}", share, readers.read_labels)


def _raster(name: str, folder: str, suffix: str, share: int) -> Kind:
    return Kind(name, folder, f"case.{suffix}", share, readers.read_raster)


_BACKUP = "2026-01-02T03-04-05-678901Z_0123456789abcdef.landseg"
_RUN_FILES = ("*.json", "*.json", "labels/*", "labels/before/*", "metrics.jsonl", "*.safetensors")

KINDS = (
    _project("project", "project", 150),
    _project("project left open, with its `-wal`", "open", 60),
    _project("project with a stale `-wal`", "stale", 30, (leave,)),
    Kind("backup", "backup", _BACKUP, 40, readers.read_backup, more=(remove,)),
    _labels("mask, index PNG", "index-png", "png", 30),
    _labels("mask, palette PNG", "palette-png", "png", 30),
    _labels("mask, GeoTIFF", "mask", "tif", 50),
    Kind("map of landseg", "map", "case.tif", 50, readers.read_map, more=(change_tags,) * 10),
    _labels("GeoPackage", "gpkg", "gpkg", 50),
    _labels("GeoJSON", "geojson", "geojson", 60),
    _labels("Shapefile", "shp", "shp", 60),
    _labels("FlatGeobuf", "fgb", "fgb", 30),
    _raster("GeoTIFF, 8 bits, tiled, overviews", "tiff", "tif", 40),
    _raster("GeoTIFF, 16 bits, strips", "tiff16", "tif", 30),
    _raster("GeoTIFF, float", "tiff-float", "tif", 30),
    _raster("GeoTIFF, JPEG", "tiff-jpeg", "tif", 30),
    _raster("COG", "cog", "tif", 30),
    _raster("PNG with world file", "png", "png", 30),
    _raster("JPEG with `.aux.xml`", "jpeg", "jpg", 30),
    _raster("JPEG 2000", "jp2", "jp2", 30),
    _raster("VRT", "vrt", "vrt", 50),
    Kind("model", "model", "case.safetensors", 60, readers.read_model),
    Kind("correction of a model", "correction", "case.safetensors", 30, readers.read_correction),
    Kind("run", "run", "", 120, readers.read_run, _RUN_FILES, (remove,)),
    Kind("run that is resumed", "run", "", 8, readers.resume_run, _RUN_FILES, (remove,)),
    Kind("class file", "classes", "case.json", 50, readers.read_classes),
    Kind("training lists", "lists", "train.txt", 40, readers.read_lists, ("*.txt",)),
    Kind("training images and masks", "pairs", "images/a.tif", 40, readers.read_pairs),
    Kind("settings of the window", "settings", "case.ini", 40, readers.read_settings),
    Kind("trials of backends", "trials", "case.json", 10, readers.read_trials),
)


@dataclass(frozen=True)
class Case:
    """One damaged file."""

    kind: Kind
    file: str
    damage: Damage
    dice: random.Random

    def damaged(self, originals: Path, home: Path) -> Path:
        """Put a copy of the kind's files, one of them damaged, into `home`; return what is to be opened.

        Tensors are linked, not copied: landseg only ever replaces them.
        """
        folder = home / "case"
        copy_kind(originals / self.kind.folder, folder)
        target = folder / self.file
        content = target.read_bytes()
        target.unlink()
        target.write_bytes(content)
        self.damage(target, self.dice)
        return folder / self.kind.opens


def copy_kind(original: Path, folder: Path) -> None:
    """Copy a kind's folder to `folder`, in place of what is there."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(original, folder, copy_function=_copy)


def _copy(source: str, target: str) -> None:
    if source.endswith(".safetensors"):
        Path(target).hardlink_to(source)
    else:
        shutil.copy(source, target)


def case(originals: Path, seed: int, number: int) -> Case:
    """Return the case of a seed and a number."""
    dice = random.Random(f"{seed}/{number}")
    kind = dice.choices(KINDS, [kind.share for kind in KINDS])[0]
    folder = originals / kind.folder
    found = [sorted(path for path in folder.glob(pattern) if path.is_file()) for pattern in kind.damaged]
    file = dice.choice(dice.choice([files for files in found if files]))
    damages = DAMAGES.get(file.suffix, BYTES) + kind.more
    return Case(kind, str(file.relative_to(folder)), dice.choice(damages), dice)
