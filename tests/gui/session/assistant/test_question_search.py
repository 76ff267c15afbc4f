"""Questions about the image in the view: by the model in use, by its labels, by those of other images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from pytestqt.qtbot import QtBot
from support.models import random_bundle
from support.painted_project import SCHEMA, SIDE, image_folders, painted_project

from landseg_core.assistant.label_queue import Question
from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.regions import RectangleRegion
from landseg_core.models.bundle import ModelBundle
from landseg_gui.session.assistant.question_search import QuestionSearch
from landseg_gui.session.session import Session

__all__ = ["image_folders", "painted_project"]

LONG_MS = 30_000


@pytest.fixture
def search(session: Session, painted_project, qtbot: QtBot):
    search = QuestionSearch(session, session.cells)
    yield search
    search.close()


def erase(session: Session, window: tuple[int, int, int, int] = (0, 0, SIDE, SIDE)) -> None:
    editing = session.project_session.editing
    edit = editing.begin()
    edit.paint(RectangleRegion(window[:2], window[2:]), UNLABELLED)
    editing.record(edit, "Erase")


def first(search: QuestionSearch, qtbot: QtBot) -> Question:
    with qtbot.waitSignal(search.found, timeout=LONG_MS) as found:
        search.request(())
    qtbot.waitUntil(lambda: not search.under_way, timeout=LONG_MS)
    return found.args[0][0]


def test_labels_of_the_image_suggest_a_class(search, session, qtbot) -> None:
    assert first(search, qtbot).value in SCHEMA.values


def test_labels_of_another_image_count_where_there_are_none(search, session, qtbot) -> None:
    erase(session)
    assert first(search, qtbot).value in SCHEMA.values
    session.project_session.images.show_next()
    qtbot.waitUntil(lambda: session.project_session.image.name != "north", timeout=LONG_MS)
    erase(session)
    search.forget()
    assert first(search, qtbot).value == UNLABELLED


def test_the_model_in_use_suggests_without_labels(search, session, qtbot, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    names = [item.model_copy(update={"name": "elsewhere"}) for item in SCHEMA.classes[:1]]
    schema = SCHEMA.model_copy(update={"classes": (*names, *SCHEMA.classes[1:])})
    bundle = random_bundle("unet16", classes=len(SCHEMA), resolution=None)
    replace(bundle, header=replace(bundle.header, schema=schema)).save(tmp_path / "model.safetensors")
    assert ModelBundle.load(tmp_path / "model.safetensors").header.schema == schema
    erase(session)
    session.project_session.images.show_next()
    qtbot.waitUntil(lambda: session.project_session.image.name != "north", timeout=LONG_MS)
    erase(session)
    session.model.path = tmp_path / "model.safetensors"
    assert first(search, qtbot).value in SCHEMA.values[1:]


def test_a_model_that_cannot_be_read_leaves_the_labels(search, session, qtbot, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"no model")
    session.model.path = tmp_path / "model.safetensors"
    assert first(search, qtbot).value in SCHEMA.values


def test_a_request_without_a_project_is_none(session, qtbot) -> None:
    search = QuestionSearch(session, session.cells)
    search.request(())
    assert not search.under_way
    search.close()
