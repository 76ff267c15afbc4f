"""A path may be a string wherever a public function takes an `AnyPath`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.click_models import sam_pair
from support.models import random_bundle, with_header
from support.rasters import UTM_GRID, write_raster

import landseg_core
from landseg_core import api
from landseg_core.assistant.click_segment.model import ClickModel
from landseg_core.assistant.click_segment.runtime import open_graph
from landseg_core.data.lists import read_list
from landseg_core.data.loading.folders import evaluation_areas, folder_data
from landseg_core.data.loading.landcover_ai import landcover_ai_data
from landseg_core.errors import LandsegError
from landseg_core.formats.exporters import export_labels
from landseg_core.formats.geopackage import write_geopackage
from landseg_core.formats.geotiff import export_geotiff, write_geotiff
from landseg_core.formats.importers import describe_source, import_labels
from landseg_core.formats.png import export_png, write_png
from landseg_core.formats.strips import MapSource
from landseg_core.inference.options import PredictOptions
from landseg_core.inference.predictor import predict_raster
from landseg_core.labels.classes import ClassSchema, load_classes
from landseg_core.labels.masks.classes import class_map_info
from landseg_core.labels.masks.reader import MaskSource
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.compatibility import open_for
from landseg_core.models.header import model_path, read_header
from landseg_core.models.onnx.export import export_onnx
from landseg_core.output_files import OutputFiles
from landseg_core.project.acceptance import accept_prediction
from landseg_core.project.check import check_project
from landseg_core.project.project import Project
from landseg_core.raster.source import RasterSource
from landseg_core.raster.writer import MapWriter
from landseg_core.runs.catalogue import list_runs
from landseg_core.runs.config import TrainConfig
from landseg_core.runs.report import write_report
from landseg_core.sample import write_sample
from landseg_core.training.trainer import Trainer

ROOT = Path(landseg_core.__file__).parent
SCHEMA = load_classes("landcover-ai")
SIDE = 96


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of files of every kind; `there.txt/x` is one that cannot be."""
    folder = tmp_path_factory.mktemp("world")
    rng = np.random.default_rng(1)
    for stem in ("a", "b"):
        write_raster(folder / "images" / f"{stem}.tif", rng.integers(1, 255, (3, SIDE, SIDE), np.uint8), **UTM_GRID)
        write_raster(folder / "masks" / f"{stem}.tif", rng.integers(0, 5, (SIDE, SIDE), np.uint8), **UTM_GRID)
        (folder / f"{stem}.txt").write_text(f"{stem}\n", encoding="utf-8")
    with_header(random_bundle("unet16", classes=len(SCHEMA)), schema=SCHEMA).save(folder / "model.safetensors")
    (folder / "classes.json").write_text(SCHEMA.model_dump_json(), encoding="utf-8")
    with RasterSource(folder / "masks" / "a.tif") as mask, OutputFiles() as outputs:
        info = class_map_info(SCHEMA)
        with MapWriter(outputs, folder / "map.tif", mask.grid, info) as writer:
            writer.write(mask.grid.window, mask.read(mask.grid.window)[0])
    Project.create(folder / "p.landseg", SCHEMA).close()
    settings = {"model": "unet16", "epochs": 1, "chip": 32, "batch": 2, "device": "cpu", "pretrained": False}
    api.train(folder / "images", folder / "masks", SCHEMA, folder / "runs" / "one", **settings)
    for path, name in zip(sam_pair(folder), ("encoder.onnx", "decoder.onnx"), strict=True):
        path.replace(folder / name)
    (folder / "there.txt").touch()
    return folder


@pytest.fixture
def new_project(world: Path, tmp_path: Path) -> Callable[[], Project]:
    """Return what makes a new project of one image."""
    numbers = count()

    def make() -> Project:
        project = Project.create(tmp_path / f"new{next(numbers)}.landseg", SCHEMA)
        project.add_image(world / "images" / "a.tif")
        return project

    return make


@dataclass(frozen=True)
class Call:
    """A call of what takes paths: the names of its inputs in the world, of its results, and what comes of it.

    Where it is `harmless`, it raises nothing, even where there is no such file.
    """

    inputs: tuple[str, ...]
    results: tuple[str, ...]
    work: Callable[..., Any]
    harmless: bool = False


def grid_of(path: Any, project: Project) -> Any:
    with RasterSource(path) as source:
        return source.grid


def made(write: Callable[..., Any]) -> Callable[..., Any]:
    """Return work that ends with the bytes of the file given last."""

    def work(*paths: Any, project: Project) -> bytes:
        write(*paths)
        return Path(paths[-1]).read_bytes()

    return work


def of_map(write: Callable[..., Any], path: Path) -> Callable[..., Any]:
    def with_source(out: Any) -> None:
        with MapSource(path) as source:
            write(source, out)

    return with_source


def polygons_of_map(out: Any, world: Path) -> int:
    of_map(write_geopackage, world / "map.tif")(out)
    return Path(out).stat().st_size


def predicted(mask: Any, confidence: Any, world: Path) -> bytes:
    options = PredictOptions(confidence=True, device="cpu", backend="torch", precision="fp32")
    bundle = ModelBundle.load(world / "model.safetensors")
    with RasterSource(world / "images" / "a.tif") as source:
        predict_raster(bundle, source, mask, confidence, options)
    return Path(mask).read_bytes() + Path(confidence).read_bytes()


def opened(path: Any, project: Project) -> Any:
    with Project.open(path) as other:
        return other.schema


def calls(world: Path) -> dict[str, Call]:
    """Return a call of every public function that takes an `AnyPath`, by file and name."""
    bundle, config = random_bundle("unet16"), TrainConfig(model="unet16", epochs=1)
    image, mask, folders = "images/a.tif", "masks/a.tif", ("images", "masks")
    fast = {"model": "unet16", "epochs": 1, "chip": 32, "batch": 2, "device": "cpu", "pretrained": False}

    def alone(work: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *paths, project: work(*paths)

    return {
        "assistant/click_segment/model.py ClickModel.__init__": Call(
            ("encoder.onnx", "decoder.onnx"), (), alone(lambda *paths: ClickModel(*paths).title)
        ),
        "assistant/click_segment/runtime.py open_graph": Call(
            ("encoder.onnx",), (), alone(lambda path: open_graph(path).inputs)
        ),
        "api.py open_raster": Call((image,), (), alone(lambda path: api.open_raster(path).grid)),
        "api.py load_model": Call(("model.safetensors",), (), alone(lambda path: api.load_model(path).header)),
        "api.py predict": Call(
            ("model.safetensors", image),
            ("out.tif",),
            alone(lambda *paths: api.predict(*paths, device="cpu").class_pixels),
        ),
        "api.py predict_array": Call(
            ("model.safetensors",),
            (),
            alone(lambda path: api.predict_array(path, np.ones((3, 40, 40), np.uint8)).classes.tolist()),
        ),
        "api.py train": Call(
            folders,
            ("run",),
            alone(lambda *paths: api.train(paths[0], paths[1], SCHEMA, paths[2], **fast).evaluation.miou),
        ),
        "api.py evaluate": Call(
            ("model.safetensors", *folders), (), alone(lambda *paths: api.evaluate(*paths, device="cpu").iou)
        ),
        "data/lists.py read_list": Call(("a.txt",), (), alone(read_list)),
        "data/loading/folders.py folder_data": Call(
            (*folders, "a.txt", "b.txt"),
            (),
            alone(lambda images, masks, train, val: folder_data(images, masks, SCHEMA, train, val)),
        ),
        "data/loading/folders.py evaluation_areas": Call(
            (*folders, "a.txt"), (), alone(lambda images, masks, names: evaluation_areas(images, masks, SCHEMA, names))
        ),
        "data/loading/landcover_ai.py landcover_ai_data": Call(
            ("images",), (), alone(lambda folder: landcover_ai_data(folder, SCHEMA))
        ),
        "formats/exporters.py export_labels": Call(
            (), ("out.png",), lambda out, project: (export_labels(project, 1, "png", out), Path(out).read_bytes())
        ),
        "formats/geopackage.py write_geopackage": Call(
            (), ("out.gpkg",), alone(lambda out: polygons_of_map(out, world))
        ),
        "formats/geotiff.py write_geotiff": Call((), ("out.tif",), made(of_map(write_geotiff, world / "map.tif"))),
        "formats/geotiff.py export_geotiff": Call(("map.tif",), ("out.tif",), made(export_geotiff)),
        "formats/png.py write_png": Call((), ("out.png",), made(of_map(write_png, world / "map.tif"))),
        "formats/png.py export_png": Call(
            ("map.tif", image),
            ("out.png",),
            made(lambda tif, picture, out: export_png(tif, out, "overlay", image=picture)),
        ),
        "formats/importers.py import_labels": Call(
            (mask,), (), lambda path, project: import_labels(project, 1, path, {"0": "building"})
        ),
        "formats/importers.py describe_source": Call((mask,), (), alone(lambda path: describe_source(path, SCHEMA))),
        "formats/strips.py MapSource.__init__": Call(("map.tif",), (), alone(lambda path: MapSource(path).grid)),
        "labels/classes.py load_classes": Call(("classes.json",), (), alone(lambda path: load_classes(path))),
        "labels/masks/reader.py MaskSource.__init__": Call(
            (mask,), (), alone(lambda path: MaskSource(path, SCHEMA).raster.grid)
        ),
        "inference/predictor.py predict_raster": Call(
            (), ("m.tif", "c.tif"), alone(lambda *paths: predicted(*paths, world=world))
        ),
        "models/bundle.py ModelBundle.load": Call(("model.safetensors",), (), alone(ModelBundle.load)),
        "models/bundle.py ModelBundle.save": Call((), ("m.safetensors",), made(bundle.save)),
        "models/header.py model_path": Call(("runs/one",), (), alone(model_path)),
        "models/header.py read_header": Call(("runs/one",), (), alone(read_header)),
        "models/compatibility.py open_for": Call((image,), (), alone(lambda path: open_for(bundle.header, path).grid)),
        "models/onnx/export.py export_onnx": Call(
            ("model.safetensors",), ("m.onnx",), made(lambda model, out: export_onnx(model, out, 32))
        ),
        "project/project.py Project.__init__": Call(("p.landseg",), (), alone(lambda path: _closed(Project(path)))),
        "project/project.py Project.create": Call(
            (), ("q.landseg",), alone(lambda path: _closed(Project.create(path, SCHEMA)))
        ),
        "project/project.py Project.open": Call(("p.landseg",), (), opened),
        "project/project.py Project.add_image": Call(
            ("images/b.tif",), (), lambda path, project: project.add_image(path).path
        ),
        "project/project.py Project.examine_image": Call(
            ("images/b.tif",), (), lambda path, project: project.examine_image(path).path
        ),
        "project/project.py Project.relink": Call((image,), (), lambda path, project: project.relink(1, path).path),
        "project/project.py Project.relink_in_folder": Call(
            ("images",), (), lambda path, project: project.relink_in_folder(path)
        ),
        "project/project.py Project.add_run": Call(
            ("runs/one",),
            (),
            lambda path, project: (project.add_run(path, "unet16", ("a",), "", {}), project.runs[0].folder)[1],
            harmless=True,
        ),
        "project/project.py Project.save_copy": Call(
            (), ("copy.landseg",), lambda path, project: (project.save_copy(path), Path(path).is_file())
        ),
        "project/project.py Project.save_as": Call(
            (), ("copy.landseg",), lambda path, project: (project.save_as(path), Path(path).is_file())
        ),
        "project/acceptance.py accept_prediction": Call(
            ("map.tif", "masks/b.tif"),
            (),
            lambda tif, sure, project: accept_prediction(project, 1, tif, confidence=sure, above=0.01),
        ),
        "project/check.py check_project": Call(("p.landseg",), (), alone(check_project), harmless=True),
        "project/image_list.py ImageList.examine": Call(
            ("images/b.tif",), (), lambda path, project: project.examine_image(path).path
        ),
        "raster/source.py RasterSource.__init__": Call((image,), (), grid_of),
        "runs/catalogue.py list_runs": Call(("runs",), (), alone(lambda path: [run.folder for run in list_runs(path)])),
        "runs/report.py write_report": Call(("runs/one",), (), alone(write_report)),
        "sample/__init__.py write_sample": Call(
            (), ("sample",), alone(lambda path: write_sample(path, (64, 64)).train_list.read_text())
        ),
        "training/trainer.py Trainer.__init__": Call(
            (), ("run",), alone(lambda path: Trainer(config, path) and None), harmless=True
        ),
    }


def _closed(project: Project) -> ClassSchema:
    with project:
        return project.schema


def outcome(call: Call, kind: type, world: Path, results: Path, project: Project) -> str:
    """Return what a call with paths of a kind gives, or the sentence with which it is refused."""
    paths = [kind(world / name) for name in call.inputs] + [kind(results / name) for name in call.results]
    try:
        return repr(call.work(*paths, project=project))
    except LandsegError as error:
        return str(error)


def taking_any_path() -> Iterator[str]:
    """Yield file and name of every public function that says it takes an `AnyPath`."""
    for path in ROOT.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        if "AnyPath" not in source:
            continue
        for prefix, function in functions_of(ast.parse(source)):
            if "AnyPath" in ast.unparse(function.args) and (function.name[0] != "_" or prefix):
                yield f"{path.relative_to(ROOT).as_posix()} {prefix}{function.name}"


def functions_of(module: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in module.body:
        for inner in node.body if isinstance(node, ast.ClassDef) else (node,):
            if isinstance(inner, ast.FunctionDef):
                yield f"{node.name}." if isinstance(node, ast.ClassDef) else "", inner


NAMES = sorted(taking_any_path())


def test_every_function_that_takes_any_path_is_called(world: Path) -> None:
    assert sorted(calls(world)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_string_gives_what_a_path_gives(
    name: str, world: Path, tmp_path: Path, new_project: Callable[[], Project]
) -> None:
    found = {}
    for kind in (str, Path):
        results = tmp_path / kind.__name__
        results.mkdir()
        with new_project() as project:
            found[kind] = outcome(calls(world)[name], kind, world, results, project)
    assert found[str] == found[Path]


@pytest.mark.parametrize("name", NAMES)
def test_a_string_that_leads_nowhere_is_refused_in_a_sentence(
    name: str, world: Path, tmp_path: Path, new_project: Callable[[], Project]
) -> None:
    call = calls(world)[name]
    if call.harmless:
        return
    good = [str(world / path) for path in call.inputs] + [str(tmp_path / path) for path in call.results]
    for wrong in range(len(good)):
        paths = [str(world / "there.txt" / "x") if number == wrong else path for number, path in enumerate(good)]
        with new_project() as project, pytest.raises(LandsegError):
            call.work(*paths, project=project)
