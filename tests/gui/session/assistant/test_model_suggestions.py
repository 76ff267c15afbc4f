"""Suggestions that begin with what the model in use predicts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from pytestqt.qtbot import QtBot
from support.models import random_bundle
from support.painted_project import SCHEMA, SIDE, image_folders, painted_project
from support.rasters import write_raster

from landseg_core.geo.tiling import TileKey
from landseg_core.labels.regions import RectangleRegion
from landseg_core.models.inputs import InputNormaliser
from landseg_core.project.project import Project
from landseg_core.raster.source import RasterSource
from landseg_gui.session.assistant.suggestions import Suggestions
from landseg_gui.session.session import Session
from landseg_gui.viewer.frame import ViewFrame

__all__ = ["image_folders", "painted_project"]

WHOLE = ViewFrame(SIDE, SIDE, 1.0)
TILE = TileKey(0, 0, 0)
LONG_MS = 30_000


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return a model file that has learnt nothing."""
    torch.set_num_threads(1)
    bundle = random_bundle("unet16", classes=len(SCHEMA), resolution=None)
    replace(bundle, header=replace(bundle.header, schema=SCHEMA)).save(tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


@pytest.fixture
def suggestions(session: Session, painted_project: Project, qtbot: QtBot) -> Suggestions:
    session.suggestions.set_frame(WHOLE)
    return session.suggestions


def shown(session: Session) -> np.ndarray | None:
    """Return the class values that the layer shows, 255 for none; None without a layer."""
    layer = session.layers.suggestion
    if layer is None:
        return None
    codes = layer.reader.read_tile(TILE)[0][0]
    classes = [layer.class_shown(code) for code in range(256)]
    return np.array([item.value if item else 255 for item in classes], np.uint8)[codes]


def predicted(image: Path) -> np.ndarray:
    """Return what the model says of an image."""
    bundle = random_bundle("unet16", classes=len(SCHEMA), resolution=None)
    with RasterSource(image) as source, torch.inference_mode():
        pixels = torch.from_numpy(source.read(source.grid.window))[None]
        scores = bundle.build()(InputNormaliser(bundle.header.normalisation)(pixels))[0]
    return np.array(SCHEMA.values, np.uint8)[scores.argmax(dim=0).numpy()]


def is_shown(session: Session, values: np.ndarray) -> bool:
    found = shown(session)
    return found is not None and bool((found == values).mean() > 0.99)


def erase_all(session: Session) -> None:
    editing = session.project_session.editing
    edit = editing.begin()
    assert edit is not None
    edit.paint(RectangleRegion((0, 0), (SIDE, SIDE)), 255)
    editing.record(edit, "Erase")


def test_without_labels_it_is_the_prediction_and_labels_bend_it(
    suggestions: Suggestions, session: Session, model: Path, qtbot: QtBot
) -> None:
    image = session.project_session.image
    assert image is not None
    session.model.path = model
    erase_all(session)
    suggestions.ask()
    own = predicted(image.path)
    qtbot.waitUntil(lambda: is_shown(session, own), timeout=LONG_MS)
    session.cells.request([TILE])
    qtbot.waitUntil(lambda: session.cells.cells(TILE) is not None, timeout=LONG_MS)
    assert suggestions.why(60.5, 118.5).text.endswith("%, as the model predicts")
    session.project_session.editing.undo()
    labels = session.project_session.labels
    assert labels is not None
    painted = labels.tile(TILE)[:SIDE, :SIDE]

    def follows_labels() -> bool:
        found = shown(session)
        return found is not None and bool((found == painted)[:96].mean() > (own == painted)[:96].mean() + 0.2)

    qtbot.waitUntil(follows_labels, timeout=LONG_MS)


def test_a_model_that_cannot_be_used_is_said_once_and_labels_make_the_suggestion(
    suggestions: Suggestions, session: Session, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "broken.safetensors").write_bytes(b"no model")
    session.model.path = tmp_path / "broken.safetensors"
    with qtbot.waitSignal(session.notifier.posted, timeout=LONG_MS) as posted:
        suggestions.ask()
    assert posted.args[0].text.startswith("Suggestions are made from labels alone. ")
    assert "broken.safetensors" in posted.args[0].text
    qtbot.waitUntil(lambda: shown(session) is not None, timeout=LONG_MS)
    with qtbot.assertNotEmitted(session.notifier.posted):
        session.project_session.editing.undo()
        qtbot.waitUntil(lambda: not suggestions.outdated, timeout=LONG_MS)


def test_without_a_project_it_is_the_prediction(session: Session, model: Path, tmp_path: Path, qtbot: QtBot) -> None:
    dice = np.random.default_rng(0)
    image = write_raster(tmp_path / "alone.tif", dice.integers(0, 255, (3, SIDE, SIDE), np.uint8))
    session.files.open([image])
    qtbot.waitUntil(lambda: session.layers.image is not None, timeout=LONG_MS)
    session.suggestions.set_frame(WHOLE)
    with qtbot.waitSignal(session.notifier.posted) as posted:
        session.suggestions.ask()
    assert posted.args[0].text == "Open a project, or choose a model: then the view gets a suggestion."
    assert shown(session) is None
    session.model.path = model
    qtbot.waitUntil(lambda: is_shown(session, predicted(image)), timeout=LONG_MS)
    session.model.path = None
    assert shown(session) is None
    session.suggestions.close()


def test_labels_of_another_image_bend_it(suggestions: Suggestions, session: Session, model: Path, qtbot: QtBot) -> None:
    image, project = session.project_session.image, session.project_session.project
    assert image is not None
    assert project is not None
    session.model.path = model
    erase_all(session)
    suggestions.ask()
    own = predicted(image.path)

    def is_bent() -> bool:
        found = shown(session)
        return found is not None and bool((found != own).mean() > 0.1)

    qtbot.waitUntil(is_bent, timeout=LONG_MS)
