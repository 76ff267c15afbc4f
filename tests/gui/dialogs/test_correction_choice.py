"""Whether to predict with the correction of the chosen model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from support.models import random_bundle

from landseg_core.labels.classes import load_classes
from landseg_core.models.header import model_reference
from landseg_core.project.project import Project
from landseg_gui.dialogs.correction_choice import CorrectionChoice


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "p.landseg", load_classes("landcover-dubai")) as made:
        yield made


@pytest.fixture
def models(tmp_path: Path) -> list[Path]:
    """Return two models, the second of which is corrected."""
    paths = [tmp_path / f"{seed}.safetensors" for seed in range(2)]
    for seed, path in enumerate(paths):
        random_bundle("unet16", seed=seed).save(path)
    return paths


def test_it_is_offered_for_the_model_that_the_project_corrects(
    project: Project, models: list[Path], qtbot: QtBot
) -> None:
    project.corrections.add(model_reference(models[1]).hash, "run-1", b"head")
    box = CorrectionChoice(project)
    qtbot.addWidget(box)
    box.show_for(models[1])
    assert box.file == project.path
    assert box.toolTip().startswith("Fitted to the labels of the project on ")
    assert box.error("auto") is None
    problem = box.error("openvino")
    assert problem is not None
    assert problem.sentence.startswith("A corrected model runs on PyTorch")
    box.setChecked(False)
    assert box.file is None
    assert box.error("openvino") is None
    box.setChecked(True)
    for other in (models[0], None, models[0].with_name("gone.safetensors")):
        box.show_for(other)
        assert box.isHidden()
        assert box.file is None


def test_without_a_project_there_is_none(models: list[Path], qtbot: QtBot) -> None:
    box = CorrectionChoice(None)
    qtbot.addWidget(box)
    box.show_for(models[0])
    assert box.isHidden()
