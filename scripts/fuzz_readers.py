"""Reads files of each kind as the program does: one function for each, which returns what was read.

A reader gets the path to read and the folder `home` with whole files of the other kinds, see `fuzz_originals`. What it
returns is compared with what the whole file gave; it may raise a `LandsegError`, and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import odd_rasters
from fuzz_originals import SCHEMA, labels_of, train
from trial_children import require_sentence

from landseg_core.errors import LandsegError
from landseg_core.formats.importers import describe_source, import_labels
from landseg_core.project.check import check_project
from landseg_core.project.project import Project

Read = Callable[[Path, Path], Any]


def read_labels(path: Path, home: Path) -> Any:
    """Describe a source of labels and import it into a new project; a refusal must leave that as it was."""
    for rest in home.glob("target*"):
        rest.unlink()
    refused = None
    with Project.open(Path(shutil.copy(home / "small.landseg", home / "target.landseg"))) as project:
        try:
            describe_source(path, project.schema)
            import_labels(project, 1, path)
        except LandsegError as error:
            assert (project.history.position, project.class_pixels(1)) == (0, {}), (
                "a refused import has changed something"
            )
            refused = error
        found = labels_of(project)
    assert check_project(project.path) == [], "the import has spoilt the project"
    if refused is not None:
        raise refused
    return found


def read_map(path: Path, home: Path) -> Any:
    """Read a map as a layer and as labels, with the classes and the model that its tags name."""
    from landseg_core.formats.png import export_png
    from landseg_core.labels.masks.classes import mask_schema
    from landseg_core.raster.model_reference import read_model_reference

    schema, model = mask_schema(path), read_model_reference(path)
    for style in ("index", "colour"):
        export_png(path, home / f"{style}.png", style, schema=schema or SCHEMA, overwrite=True)
    return repr((schema, model, model and model.title)), read_labels(path, home)


def read_raster(path: Path, _home: Path) -> Any:
    """Open a raster, read windows, draw it, measure it."""
    from landseg_core.raster.files.content import RasterContent
    from landseg_core.raster.info import describe
    from landseg_core.raster.source import RasterSource

    for look in odd_rasters.LOOKS.values():
        look(path)
    with RasterSource(path) as source:
        valid = source.read_valid(source.grid.window)
        return describe(source), RasterContent.of(source), hashlib.blake2b(valid.tobytes()).hexdigest()


def read_model(path: Path, home: Path) -> Any:
    """Tell what a model is, load it, map a raster with it, and make the settings of a run that goes on from it."""
    from landseg_core.cli.info import info
    from landseg_core.inference.compatibility import compatibility_notices
    from landseg_core.inference.options import PredictOptions
    from landseg_core.inference.predictor import predict_raster
    from landseg_core.models.bundle import ModelBundle
    from landseg_core.models.compatibility import open_for
    from landseg_core.runs.config import checked_config
    from landseg_core.training.preparation import fine_tuned_config

    info(path)
    info(path, as_json=True)
    fine_tuned_config(checked_config({"start_from": str(path)}), ())
    bundle = ModelBundle.load(path)
    with open_for(bundle.header, home / "small.tif") as source:
        list(compatibility_notices(bundle.header, source))
        options = PredictOptions(tile=64, device="cpu", backend="torch", overwrite=True)
        predict_raster(bundle, source, home / "predicted.tif", None, options)
    return bundle.header.to_record(), {name: tensor.sum().item() for name, tensor in bundle.state.items()}


def read_correction(path: Path, _home: Path) -> Any:
    """Read a correction head as a project stores it."""
    from landseg_core.assistant.corrections import CorrectionHead

    head = CorrectionHead.from_bytes(path.read_bytes(), str(path))
    return head.model_hash, head.values, head.trained_on, float(head.weights.sum()), float(head.bias.sum())


def read_run(path: Path, home: Path) -> Any:
    """List a run, write its report, read the labels and the ground that it keeps, and its settings to go on."""
    from landseg_core.cli.runs import runs
    from landseg_core.data.split.assignment import load_split
    from landseg_core.project.snapshot import load_snapshot
    from landseg_core.runs.catalogue import differing_settings, list_runs
    from landseg_core.runs.curves import epoch_curves
    from landseg_core.runs.folder import RunFolder
    from landseg_core.runs.history import read_history
    from landseg_core.runs.parent_model import load_parent
    from landseg_core.runs.report import save_report
    from landseg_core.runs.sample_file import read_samples
    from landseg_core.training.checkpoint import load_recovery_checkpoint, resumed_config

    run, notices = RunFolder(path), list[Any]()
    parts: tuple[Callable[[], Any], ...] = (
        lambda: runs(path),
        lambda: runs(path, as_json=True),
        lambda: [summary.as_dict() for summary in list_runs(path)],
        lambda: repr(differing_settings([*list_runs(path), *list_runs(home / "first")])),
        lambda: epoch_curves(read_history(run.metrics)).miou.tolist(),
        lambda: save_report(path, notices.append),
        lambda: repr(load_snapshot(path / "labels", {})),
        lambda: repr(load_split(path / "labels")),
        lambda: repr(load_parent(run)),
        lambda: repr(read_samples(run.samples)),
        lambda: repr(resumed_config(path, {})),
        lambda: load_recovery_checkpoint(run) is not None,
        lambda: _take_over(path, home),
    )
    found, refused = [], list[LandsegError]()
    for part in parts:
        try:
            found.append(part())
        except LandsegError as error:
            require_sentence(str(error))
            refused.append(error)
    refused += [LandsegError(notice.message) for notice in notices]
    if refused:
        raise refused[0]
    return found


def _take_over(run: Path, home: Path) -> None:
    """Begin a run that goes on from another: with its model, its labels and its ground."""
    from landseg_core.data.loading.project import labels_for_run, project_data
    from landseg_core.runs.config import checked_config
    from landseg_core.training.preparation import fine_tuned_config

    config = fine_tuned_config(checked_config({"start_from": str(run)}), ())
    with Project.open(home / "learn.landseg", read_only=True) as project:
        labels = labels_for_run(project, home / "next", resume=False, start_from=config.start_from)
    project_data(labels, config.seed, 32, buffer=0)


def resume_run(path: Path, home: Path) -> Any:
    """Go on with a run to its end."""
    from landseg_core.runs.catalogue import summarise
    from landseg_core.training.checkpoint import resumed_config

    train(home, resumed_config(path, {}), path, resume=True)
    found = summarise(path).as_dict()
    return found["status"], found["epoch"], found["model"], found["problem"]


def read_classes(path: Path, _home: Path) -> Any:
    """Load a class file, and check its classes as the window's editor does."""
    from landseg_core.labels.classes import load_classes

    return load_classes(str(path)).to_json()


def read_lists(path: Path, home: Path) -> Any:
    """Split images by lists, and find the tiles that one names."""
    from landseg_core.data.lists import read_list
    from landseg_core.data.loading.folders import evaluation_areas, folder_data
    from landseg_core.data.loading.landcover_ai import listed_windows, names_tiles
    from landseg_core.data.loading.pairs import PairedFolders
    from landseg_core.raster.source import RasterSource

    images, masks = home / "pairs" / "images", home / "pairs" / "masks"
    folder, grids = path.parent, {}
    for name in "abc":
        with RasterSource(folder / f"{name}.tif") as source:
            grids[name] = source.grid
    names_tiles(folder / "tiles.txt", PairedFolders(folder, folder))
    tiles = listed_windows(folder / "tiles.txt", grids)
    data = folder_data(images, masks, SCHEMA, folder / "train.txt", folder / "val.txt")
    areas = evaluation_areas(images, masks, SCHEMA, folder / "train.txt")
    return repr((tiles, data.train, data.val, areas)), read_list(path)


def read_pairs(path: Path, _home: Path) -> Any:
    """Make the data set of images and masks in folders, and measure it."""
    from landseg_core.data.loading.folders import folder_data

    folder = path.parent.parent
    data = folder_data(folder / "images", folder / "masks", SCHEMA, chip=32, buffer=0)
    return repr((data.notices, data.train, data.val, data.normalisation()))


def read_backup(path: Path, home: Path) -> Any:
    """List the backups of all projects, restore one, and read it."""
    from landseg_core.events import JobControl, ignore_event
    from landseg_core.project.backup.folder import BackupFolder, known_backups
    from landseg_core.project.backup.restoring import backup_contents, restore

    project = home / "restored.landseg"
    for rest in home.glob("restored*"):
        rest.unlink()
    known = [repr(content) for content in (known_backups(), backup_contents(None))]
    backups = BackupFolder(project, path.parent).backups()
    for backup in backups:
        restore(backup, project, ignore_event, JobControl())
    if not backups:
        return known
    with Project.open(project, read_only=True) as restored:
        if restored.notices:
            raise LandsegError(restored.notices[0])
        return known, labels_of(restored)


def read_trials(path: Path, _home: Path) -> Any:
    """Recall what a trial of backends has found, and keep another answer."""
    from landseg_core.inference.backends.memory import BenchmarkCache

    memory = BenchmarkCache(path)
    answers = [memory.recall("0" * 32), memory.recall("1")]
    memory.keep("new", "answer")
    return answers, json.loads(path.read_text())["new"]


def read_settings(path: Path, _home: Path) -> Any:
    """Read what the window remembers of itself and of its forms."""
    from PySide6.QtCore import QSettings

    from landseg_gui.dialogs.forms.run_fields import _recalled
    from landseg_gui.form_settings import FormSettings
    from landseg_gui.settings import Settings

    settings = Settings(path)
    form = FormSettings("predict", QSettings(str(path), QSettings.Format.IniFormat))
    texts = [form.text(field) for field in ("tile", "overlap", "tile2")]
    texts += [_recalled(form, name) for name in ("cutmix", "bands", "epochs")]
    found = settings.theme, settings.tools, settings.recent_files(), texts
    settings.tools = settings.tools
    settings.add_recent_file(path)
    return repr(found)
