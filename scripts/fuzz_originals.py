"""Whole files of every kind that landseg reads, each kind in a folder of its own: `fuzz_files.py` damages copies.

They are small, and the same every time, but for the time of day in them.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import rasterio
import shapely
from affine import Affine
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning
from rasterio.shutil import copy as copy_raster

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.masks.classes import CLASSES_TAG
from landseg_core.labels.regions import RectangleRegion, Region, StrokeRegion
from landseg_core.project.project import Project
from landseg_core.raster.model_reference import MODEL_TAG

NAMES = ("meadow", "water", "road", "building")
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7")
SCHEMA = ClassSchema.model_validate(
    {
        "classes": [
            {"value": value, "name": name, "colour": colour}
            for value, (name, colour) in enumerate(zip(NAMES, COLOURS, strict=True))
        ]
    }
)
UTM = {"transform": Affine(0.5, 0, 399_000, 0, -0.5, 5_131_000), "crs": "EPSG:32632"}
IMAGES = {"north": (1100, 600), "south": (500, 400), "east": (700, 520)}
SMALL = (40, 30)
STATES = "states.json"
"""The labels of the projects after each step."""


def make_originals(folder: Path) -> None:
    """Write the folders of all kinds, and what they refer to."""
    for number, (name, size) in enumerate({**IMAGES, "small": SMALL}.items()):
        write_raster(folder / f"{name}.tif", noise((3, *reversed(size)), number, 256), **UTM)
    for make in (make_projects, make_masks, make_polygons, make_rasters, make_texts, make_training):
        make(folder)


def noise(shape: tuple[int, ...], seed: int, values: int) -> Any:
    return np.random.default_rng(seed).integers(0, values, shape, np.uint8)


def kind_folder(folder: Path, name: str) -> Path:
    """Return the folder of a kind, made where it is not there yet."""
    (folder / name).mkdir(exist_ok=True)
    return folder / name


def write_raster(path: Path, pixels: Any, driver: str = "GTiff", colours: Any = None, **profile: Any) -> Path:
    bands = pixels if pixels.ndim == 3 else pixels[None]
    count, height, width = bands.shape
    overviews, tags = profile.pop("overviews", ()), profile.pop("tags", {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(
            path, "w", driver=driver, count=count, height=height, width=width, dtype=bands.dtype, **profile
        ) as dataset:
            dataset.write(bands)
            dataset.update_tags(**tags)
            if colours:
                dataset.write_colormap(1, colours)
        if overviews:
            with rasterio.open(path, "r+") as dataset:
                dataset.build_overviews(overviews, Resampling.average)
    return path


# Projects


def make_projects(folder: Path) -> None:
    """Make a project with a bit of everything, copies of it with write-ahead logs, a small one and a backup."""
    states: list[dict[str, str]] = []
    whole, opened, stale = (kind_folder(folder, name) / "case.landseg" for name in ("project", "open", "stale"))
    with Project.create(whole, SCHEMA) as project:
        for name in IMAGES:
            project.add_image(folder / f"{name}.tif")
        paint_some(project, 0, states)
    with Project.open(whole) as project:
        project.edit_tiles(1, "Swap", lambda _key, _window, values: np.where(values < 2, 1 - values, values))
        note_state(project, states)
        paint_some(project, 1, states)
        project.change_schema(project.schema, "Merge", {3: 2})
        note_state(project, states)
        for _ in range(3):
            project.undo()
            note_state(project, states)
        add_records(project, folder)
        project.flush()
        for suffix in ("", "-wal"):
            shutil.copy(f"{whole}{suffix}", f"{opened}{suffix}")
        paint_some(project, 2, states)
    shutil.copy(whole, stale)
    shutil.copy(f"{opened}-wal", f"{stale}-wal")
    backup = kind_folder(folder, "backup")
    shutil.copy(whole, backup / "2026-01-02T03-04-05-678901Z_0123456789abcdef.landseg")
    (backup / "project.json").write_text(json.dumps({"project": str(folder / "project" / "case.landseg")}))
    (folder / STATES).write_text(json.dumps(states))
    with Project.create(folder / "small.landseg", SCHEMA) as project:
        project.add_images([project.examine_image(folder / "small.tif")], as_step=False)


def paint_some(project: Project, seed: int, states: list[dict[str, str]]) -> None:
    """Make strokes and rectangles in several classes on all images, and a noisy patch that compresses badly."""
    dice = random.Random(seed)
    for number in range(16):
        image_id = dice.choice([1, 1, 2, 3])
        width, height = list(IMAGES.values())[image_id - 1]
        points = [(dice.uniform(0, width), dice.uniform(0, height)) for _ in range(3)]
        stroke: Region = StrokeRegion(points, dice.uniform(5, 60))
        region = stroke if number % 3 else RectangleRegion(*points[:2])
        paint(project, image_id, region, dice.choice([0, 1, 2, 3, 255]))
        note_state(project, states)
    put(project, 1, PixelWindow(300, 100, 400, 300), noise((300, 400), seed, 4), "Noise")
    project.set_areas(1, [[(0, 0), (100 + seed, 0), (50, 90)]], "Area")
    note_state(project, states)


def paint(project: Project, image_id: int, region: Region, value: int) -> None:
    edit = project.labels(image_id).begin()
    edit.paint(region, value)
    finished = edit.finish()
    if finished is not None:
        project.record(image_id, finished, f"Paint {value}")


def put(project: Project, image_id: int, window: PixelWindow, values: Any, name: str) -> None:
    edit = project.labels(image_id).begin()
    edit.put(window, values, np.ones(values.shape, bool))
    project.record(image_id, edit.finish(), name)  # type: ignore[arg-type] # these values always change something


def note_state(project: Project, states: list[dict[str, str]]) -> None:
    states.append(labels_of(project))


def labels_of(project: Project) -> dict[str, str]:
    """Return hashes of the labels of every image on every level, where the whole file has them."""
    hashes = {}
    for number, (width, height) in enumerate(IMAGES.values(), start=1):
        if number not in [entry.id for entry in project.images]:
            continue
        labels = project.labels(number)
        for level in range(min(3, labels.pyramid.levels)):
            values = labels.read(PixelWindow(0, 0, -(-width // 2**level), -(-height // 2**level)), level)
            hashes[f"{number}/{level}"] = hashlib.blake2b(values.tobytes(), digest_size=16).hexdigest()
    return hashes


def add_records(project: Project, folder: Path) -> None:
    project.add_run(folder / "run", "unet16", NAMES, project.history.state, {"miou": 0.5, "classes": [0.1, 0.9]})
    project.add_prediction(1, folder / "map.tif", folder / "confidence.tif", folder / "model.onnx")
    project.add_prediction(2, folder / "map2.tif", None, None)
    project.set_view_state("window", {"image": 2, "active_value": 1})
    project.set_view_state("place/1", [10.5, 20.5, 2])
    project.set_view_state("hidden_images", [3])
    project.set_view_state("form/predict", {"model": str(folder / "run"), "out": "maps"})


# Masks and polygons


def make_masks(folder: Path) -> None:
    mask = np.kron(noise((6, 8), 5, 4), np.ones((5, 5), np.uint8))
    colours = {value: (*bytes.fromhex(colour[1:]), 255) for value, colour in enumerate(COLOURS)}
    write_raster(kind_folder(folder, "index-png") / "case.png", mask, "PNG")
    write_raster(kind_folder(folder, "palette-png") / "case.png", mask, "PNG", colours)
    write_raster(kind_folder(folder, "mask") / "case.tif", mask, compress="deflate", nodata=255, **UTM)
    reference = {"file": "model.safetensors", "hash": "0" * 64, "run": "run"}
    tags = {CLASSES_TAG: json.dumps(SCHEMA.model_dump()), MODEL_TAG: json.dumps(reference)}
    write_raster(kind_folder(folder, "map") / "case.tif", mask, compress="lzw", nodata=255, tags=tags, **UTM)


def make_polygons(folder: Path) -> None:
    places = [(399_000 + 2 * (number % 9), 5_130_998 - 3 * (number // 9)) for number in range(36)]
    shapes = np.array([shapely.box(x, y - 2, x + 1.8, y) for x, y in places], object)
    fields = [np.array([NAMES[number % 4] for number in range(36)], object), np.arange(36)]
    drivers = {"gpkg": "GPKG", "geojson": "GeoJSON", "shp": "ESRI Shapefile", "fgb": "FlatGeobuf"}
    for suffix, driver in drivers.items():
        pyogrio.raw.write(
            kind_folder(folder, suffix) / f"case.{suffix}",
            shapely.to_wkb(shapes),
            fields,
            ["class", "number"],
            driver=driver,
            geometry_type="Polygon",
            crs="EPSG:32632",
        )


# Rasters to open


def make_rasters(folder: Path) -> None:
    """Write images of many formats, types and layouts, with the small files that may lie beside them."""
    rgb = np.kron(noise((3, 24, 32), 7, 256), np.ones((1, 8, 8), np.uint8))
    deep = rgb[:2].astype(np.uint16) * 37 + 500
    real = np.where(rgb[:1] < 20, np.float32(-9999), rgb[:1] / np.float32(7))
    tiles = {"tiled": True, "blockxsize": 64, "blockysize": 64}
    tiff = {
        "tiff": (rgb, {"compress": "deflate", "overviews": [2, 4], **tiles, **UTM}),
        "tiff16": (deep, {"compress": "lzw", "predictor": 2, "nodata": 0, **UTM}),
        "tiff-float": (real, {"nodata": -9999, "compress": "deflate", "predictor": 3, **tiles, **UTM}),
        "tiff-jpeg": (rgb, {"compress": "jpeg", "photometric": "ycbcr", **tiles, **UTM}),
    }
    for name, (pixels, profile) in tiff.items():
        write_raster(kind_folder(folder, name) / "case.tif", pixels, **profile)
    copy_raster(folder / "tiff" / "case.tif", kind_folder(folder, "cog") / "case.tif", driver="COG", blocksize=128)
    for name, suffix, driver in (("png", "png", "PNG"), ("jpeg", "jpg", "JPEG"), ("jp2", "jp2", "JP2OpenJPEG")):
        picture = kind_folder(folder, name) / f"case.{suffix}"
        copy_raster(folder / "tiff" / "case.tif", picture, driver=driver)
        if name == "png":
            write_raster(picture, deep[:1], "PNG")
            (picture.parent / "case.pgw").write_text("0.5\n0\n0\n-0.5\n399000.25\n5130999.75\n")
            (picture.parent / "case.prj").write_text(rasterio.crs.CRS.from_epsg(32632).to_wkt())
    copy_raster(folder / "tiff" / "case.tif", kind_folder(folder, "vrt") / "case.vrt", driver="VRT")
    shutil.copy(folder / "tiff16" / "case.tif", folder / "vrt" / "part.tif")
    (folder / "vrt" / "case.vrt").write_text(
        '<VRTDataset rasterXSize="300" rasterYSize="200">'
        "<SRS>EPSG:32632</SRS><GeoTransform>399000, 0.5, 0, 5131000, 0, -0.5</GeoTransform>"
        + "".join(
            f'<VRTRasterBand dataType="UInt16" band="{band}"><NoDataValue>0</NoDataValue><ComplexSource>'
            f'<SourceFilename relativeToVRT="1">part.tif</SourceFilename><SourceBand>{band}</SourceBand>'
            '<SrcRect xOff="0" yOff="0" xSize="256" ySize="192"/><DstRect xOff="20" yOff="4" xSize="256" ySize="192"/>'
            "<ScaleOffset>0</ScaleOffset><ScaleRatio>1</ScaleRatio></ComplexSource></VRTRasterBand>"
            for band in (1, 2)
        )
        + "</VRTDataset>\n"
    )


# Texts: classes, lists, settings, what is remembered


def make_texts(folder: Path) -> None:
    (kind_folder(folder, "classes") / "case.json").write_text(json.dumps(SCHEMA.model_dump(), indent=1))
    lists = kind_folder(folder, "lists")
    (lists / "train.txt").write_text("a.tif\nb\n\nmasks/c.png\n")
    (lists / "val.txt").write_text("d\n")
    (lists / "tiles.txt").write_text("a_0\nb_0\nc_0\n")
    (kind_folder(folder, "trials") / "case.json").write_text(json.dumps({"0" * 32: "torch float32", "1": "onnx"}))
    tools = json.dumps({"brush": {"radius": 12.5}, "tool": "brush"}).replace('"', '\\"')
    (kind_folder(folder, "settings") / "case.ini").write_text(
        f'[window]\ntheme=dark\ngeometry=@ByteArray(\\x1\\xd9)\ndocks=@ByteArray(\\0\\xff)\n\n[tools]\nstate="{tools}"\n\n'
        f"[files]\nrecent={folder / 'north.tif'}, {folder / 'south.tif'}\n\n[predict]\ntile=1200\noverlap=@Invalid()\n"
        'tile2=@Variant(\\0\\0\\0\\x87=\\xcc\\xcc\\xcd)\ncutmix="0.5"\nbands="[\\"1\\"]"\n'
    )


# Training: images with masks, models, runs


def make_training(folder: Path) -> None:
    """Write images with masks, and a run that goes on from another, on labels of a project, stopped in its midst."""
    pairs = kind_folder(folder, "pairs")
    for name in "abcd":
        for part, bands in (("images", 3), ("masks", 0)):
            (pairs / part).mkdir(exist_ok=True)
            pixels = noise((3, 96, 96), ord(name), 256) if bands else np.kron(noise((3, 3), 3, 4), np.ones((32, 32)))
            write_raster(pairs / part / f"{name}.tif", pixels.astype(np.uint8), compress="deflate", **UTM)
    for name in "abc":  # large enough for a tile of LandCover.ai
        write_raster(folder / "lists" / f"{name}.tif", np.full((512, 512), ord(name) % 4, np.uint8), compress="deflate")
    make_run(folder)
    model = kind_folder(folder, "model") / "case.safetensors"
    os.link(folder / "run" / "model.safetensors", model)
    make_correction(kind_folder(folder, "correction") / "case.safetensors")


def make_correction(path: Path) -> None:
    from landseg_core.assistant.corrections import CorrectionHead
    from landseg_core.runs.provenance import TrainedImage

    weights = noise((4, 60), 5, 256).astype(np.float32)
    trained = TrainedImage("north", 300, 200, "0" * 24, ((0, 0, 32, 32), (64, 0, 32, 20)))
    path.write_bytes(CorrectionHead("0" * 64, (0, 1, 2, 3), weights, weights[:, 0], (trained,)).to_bytes())


def make_run(folder: Path) -> None:
    from landseg_core.runs.config import TrainConfig

    truth = np.kron(noise((4, 4), 1, 4), np.ones((64, 64), np.uint8))
    image = write_raster(folder / "learn.tif", np.stack([truth * 60, 255 - truth * 60, truth]), **UTM)
    with Project.create(folder / "learn.landseg", SCHEMA) as project:
        entry = project.add_image(image)
        put(project, entry.id, PixelWindow(0, 0, 256, 256), truth, "Paint")
    short = {"model": "unet16", "epochs": 1, "batch": 4, "chip": 32, "buffer": 0, "device": "cpu"}
    train(folder, TrainConfig(**short), folder / "first")
    going_on = {**short, "epochs": 2, "start_from": str(folder / "first")}
    train(folder, TrainConfig(**going_on), folder / "run", stop=True)


def train(folder: Path, config: Any, run: Path, *, stop: bool = False, resume: bool = False) -> None:
    """Train on the labels of the project in `folder` as the program does; `stop` ends it in the second epoch."""
    from landseg_core.data.sources.project import ProjectLabels
    from landseg_core.events import EpochFinished, Event, JobControl
    from landseg_core.tasks.train import TrainTask, run_train

    control = JobControl()

    def listen(event: Event) -> None:
        if stop and isinstance(event, EpochFinished):
            control.stop()

    source, settings = ProjectLabels(project=folder / "learn.landseg"), config.model_dump(exclude_defaults=True)
    run_train(TrainTask(out=run, source=source, settings=settings, resume=resume), listen, control)
