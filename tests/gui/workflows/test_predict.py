"""Prediction from the window, with the real predictor in a real thread."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QRadioButton, QSpinBox, QWidget
from pytestqt.qtbot import QtBot
from support.messages import collect_errors, collect_news

from landseg_core.errors import JobStopped, OutputError
from landseg_core.events import Event, JobControl, Progress
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.project.project import Project
from landseg_core.raster.source import RasterSource
from landseg_core.tasks.predict import MapFinished, PredictTask
from landseg_gui.dialogs.predict import PredictDialog
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.session.session import Session
from landseg_gui.workflows.predict import PredictFlow, prediction_job

SECONDS = 60_000
VIEW = PixelWindow(10, 20, 64, 48)


@pytest.fixture
def flow(
    session: Session, runner: JobRunner, window: QWidget, qtbot: QtBot, image_folders: Path, model: Path
) -> PredictFlow:
    """Return the flow in a session with a picture, a view and a model."""
    session.files.open_raster(image_folders / "images" / "north.tif")
    qtbot.waitUntil(lambda: session.rasters.current is not None and not runner.running)
    session.model.path = model
    return PredictFlow(session, runner, lambda: VIEW, window)


@pytest.fixture
def dialog(flow: PredictFlow, qtbot: QtBot, tmp_path: Path) -> PredictDialog:
    return fill(flow, qtbot, tmp_path)


def fill(flow: PredictFlow, qtbot: QtBot, tmp_path: Path) -> PredictDialog:
    dialog = flow.open()
    dialog.findChild(QLineEdit, "predict_out").setText(str(tmp_path / "maps" / "north_mask.tif"))
    dialog.findChild(QSpinBox, "predict_tile").setValue(64)
    dialog.findChild(QSpinBox, "predict_overlap").setValue(16)
    return dialog


def press(dialog: PredictDialog, qtbot: QtBot) -> None:
    qtbot.mouseClick(dialog.action_button, Qt.MouseButton.LeftButton)


def mask_of(session: Session) -> np.ndarray:
    """Return the (128, 128) values that the topmost layer shows, 255 where it shows none."""
    pixels, valid = session.layers.masks[0].reader.read_tile(TileKey(0, 0, 0))
    return np.where(valid, pixels[0], 255)


def test_the_whole_picture_becomes_a_layer(
    flow: PredictFlow, dialog: PredictDialog, session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    dialog.findChild(QCheckBox, "predict_confidence").setChecked(True)
    press(dialog, qtbot)
    assert flow.running
    qtbot.waitUntil(lambda: session.layers.masks != [], timeout=SECONDS)
    assert not flow.running
    (layer,) = session.layers.masks
    assert layer.path == tmp_path / "maps" / "north_mask.tif"
    assert layer.schema.names[0] == "land"
    assert mask_of(session).max() < 5
    with rasterio.open(tmp_path / "maps" / "north_confidence.tif") as confidence:
        assert confidence.shape == (128, 128)


def test_the_view_becomes_a_small_map_and_a_layer_in_its_place(
    dialog: PredictDialog, session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    dialog.findChild(QRadioButton, "predict_view").setChecked(True)
    press(dialog, qtbot)
    qtbot.waitUntil(lambda: session.layers.masks != [], timeout=SECONDS)
    with rasterio.open(tmp_path / "maps" / "north_mask.tif") as written:
        assert (written.width, written.height) == (VIEW.width, VIEW.height)
        inside = written.read(1)
    whole = mask_of(session)
    assert whole.shape == (128, 128)
    assert (whole[VIEW.slices()] == inside).all()
    assert (whole == 255).sum() == 128 * 128 - VIEW.pixels


def test_the_layer_is_named_after_the_run_before_and_after_reopening(
    dialog: PredictDialog, session: Session, runner: JobRunner, qtbot: QtBot, tmp_path: Path, model: Path
) -> None:
    dialog.findChild(QRadioButton, "predict_view").setChecked(True)
    press(dialog, qtbot)
    qtbot.waitUntil(lambda: session.layers.masks != [], timeout=SECONDS)
    assert session.layers.masks[0].name == f"Prediction ({model.parent.name})"
    session.layers.remove_mask(session.layers.masks[0])
    session.files.open([tmp_path / "maps" / "north_mask.tif"])
    qtbot.waitUntil(lambda: session.layers.masks != [] and not runner.running, timeout=SECONDS)
    assert session.layers.masks[0].name == f"Prediction ({model.parent.name})"


@pytest.fixture
def other_model(model: Path, tmp_path: Path) -> Path:
    """Return the file of another untrained model, in a run of its own."""
    import torch

    from landseg_core.models.bundle import ModelBundle

    bundle = ModelBundle.load(model)
    torch.manual_seed(7)
    state = {name: torch.randn_like(tensor) for name, tensor in bundle.state.items()}
    state = {name: tensor.abs() + 0.1 if name.endswith("var") else tensor for name, tensor in state.items()}
    path = tmp_path / "run-2" / "model.safetensors"
    path.parent.mkdir()
    replace(bundle, state=state).save(path)
    return path


def test_a_view_predicted_again_into_the_same_file_shows_the_new_map(
    flow: PredictFlow,
    session: Session,
    qtbot: QtBot,
    tmp_path: Path,
    other_model: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("landseg_gui.dialogs.forms.overwrite.choose", lambda *_question: "Replace")
    shown = []
    for model in (session.model.path, other_model):
        before = list(session.layers.masks)
        session.model.path = model
        dialog = fill(flow, qtbot, tmp_path)
        dialog.findChild(QRadioButton, "predict_view").setChecked(True)
        press(dialog, qtbot)
        qtbot.waitUntil(lambda before=before: session.layers.masks not in ([], before), timeout=SECONDS)
        with rasterio.open(tmp_path / "maps" / "north_mask.tif") as written:
            on_disk = written.read(1)
        assert len(session.layers.masks) == 1
        assert (mask_of(session)[VIEW.slices()] == on_disk).all()
        shown.append(on_disk)
    assert (shown[0] != shown[1]).any()
    assert session.layers.masks[0].name == "Prediction (run-2)"


def test_the_same_run_and_part_have_the_same_name_and_others_a_number(
    flow: PredictFlow, session: Session, runner: JobRunner, qtbot: QtBot, tmp_path: Path, other_model: Path, model: Path
) -> None:
    dialog = fill(flow, qtbot, tmp_path)
    dialog.findChild(QCheckBox, "predict_confidence").setChecked(True)
    press(dialog, qtbot)
    qtbot.waitUntil(lambda: session.layers.masks != [] and not runner.running, timeout=SECONDS)
    again = flow.open()
    out, names = again.findChild(QLineEdit, "predict_out"), []
    model_field = again.findChild(QLineEdit, "predict_model")

    def note() -> None:
        names.append(Path(out.text()).name)

    note()
    again.findChild(QRadioButton, "predict_view").setChecked(True)
    note()
    again.findChild(QRadioButton, "predict_whole").setChecked(True)
    note()
    model_field.setText(str(other_model))
    note()
    model_field.setText(str(model.parent))
    note()
    assert names == ["north_mask.tif", "north_mask_2.tif", "north_mask.tif", "north_mask_2.tif", "north_mask.tif"]
    model_field.setText(str(other_model))
    again.findChild(QCheckBox, "predict_confidence").setChecked(True)
    assert again.task().maps[0].confidence.name == "north_confidence_2.tif"
    out.setText(str(tmp_path / "my.tif"))
    model_field.setText(str(model))
    assert Path(out.text()).name == "my.tif"
    again.reject()


def test_what_is_chosen_reaches_the_prediction(
    dialog: PredictDialog, session: Session, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from landseg_core.inference import predictor

    seen: list[PredictTask] = []
    real = predictor.predict_raster

    def noting(*args: Any) -> None:
        seen.append(args[4])
        real(*args)

    monkeypatch.setattr(predictor, "predict_raster", noting)
    dialog.findChild(QLineEdit, "predict_bands").setText("3, 2, 1")
    dialog.findChild(QComboBox, "predict_resolution").setCurrentText("Native image resolution")
    dialog.findChild(QCheckBox, "predict_tta").setChecked(True)
    dialog.findChild(QComboBox, "predict_backend").setCurrentText("ONNX Runtime")
    dialog.findChild(QComboBox, "predict_precision").setCurrentText("fp32")
    press(dialog, qtbot)
    qtbot.waitUntil(lambda: session.layers.masks != [], timeout=SECONDS)
    assert [(one.bands, one.resolution, one.tta) for one in seen] == [(("3", "2", "1"), "own", True)]
    assert [(one.backend, one.precision) for one in seen] == [("onnxruntime", "fp32")]


def test_a_map_that_is_there_is_replaced_only_when_asked(
    flow: PredictFlow,
    dialog: PredictDialog,
    session: Session,
    runner: JobRunner,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = tmp_path / "maps" / "north_mask.tif"
    target.parent.mkdir()
    target.write_bytes(b"old")
    answers = iter([None, "Replace"])
    monkeypatch.setattr("landseg_gui.dialogs.forms.overwrite.choose", lambda *_question: next(answers))
    press(dialog, qtbot)
    assert dialog.isVisible()
    assert runner.running == []
    press(dialog, qtbot)
    qtbot.waitUntil(lambda: session.layers.masks != [], timeout=SECONDS)
    assert target.read_bytes()[:3] != b"old"


def test_a_failure_is_told_and_leaves_nothing(
    dialog: PredictDialog, session: Session, runner: JobRunner, qtbot: QtBot, tmp_path: Path, image_folders: Path
) -> None:
    problems: list[str] = []
    collect_errors(session.notifier, problems)
    (image_folders / "images" / "north.tif").write_bytes(b"not a picture any more")
    press(dialog, qtbot)
    qtbot.waitUntil(lambda: problems != [], timeout=SECONDS)
    assert "north.tif" in problems[0]
    assert not (tmp_path / "maps").exists()
    assert session.layers.masks == []


def test_cancel_leaves_nothing(
    dialog: PredictDialog, session: Session, runner: JobRunner, qtbot: QtBot, tmp_path: Path
) -> None:
    press(dialog, qtbot)
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        runner.stop_all()
    assert not (tmp_path / "maps" / "north_mask.tif").exists()
    assert session.layers.masks == []


def test_a_prediction_of_a_picture_closed_meanwhile_is_no_layer(
    flow: PredictFlow,
    dialog: PredictDialog,
    session: Session,
    runner: JobRunner,
    qtbot: QtBot,
    tmp_path: Path,
    image_folders: Path,
) -> None:
    messages: list[str] = []
    collect_news(session.notifier, messages)
    press(dialog, qtbot)
    session.files.open_raster(image_folders / "images" / "south.tif")
    qtbot.waitUntil(lambda: any("The map was saved as" in message for message in messages), timeout=SECONDS)
    qtbot.waitUntil(lambda: runner.running == [])
    assert session.layers.masks == []


def test_without_a_picture_there_is_no_dialog(session: Session, runner: JobRunner) -> None:
    messages: list[str] = []
    collect_news(session.notifier, messages)
    assert PredictFlow(session, runner, lambda: None).open() is None
    assert "Open an image to predict first" in messages[0]


# --- the images of a project


@pytest.fixture
def project_flow(
    session: Session, runner: JobRunner, window: QWidget, painted_project: Project, model: Path
) -> PredictFlow:
    session.model.path = model
    return PredictFlow(session, runner, lambda: VIEW, window)


def fill_for_project(flow: PredictFlow, *, all_images: bool) -> PredictDialog:
    dialog = flow.open()
    dialog.findChild(QCheckBox, "predict_all").setChecked(all_images)
    dialog.findChild(QSpinBox, "predict_tile").setValue(64)
    dialog.findChild(QSpinBox, "predict_overlap").setValue(16)
    return dialog


def test_a_map_of_an_image_is_entered_in_its_project(
    project_flow: PredictFlow, session: Session, qtbot: QtBot, painted_project: Project, tmp_path: Path, model: Path
) -> None:
    with qtbot.waitSignal(session.project_session.editing.predictions_changed, timeout=SECONDS):
        press(fill_for_project(project_flow, all_images=False), qtbot)
    (entry,) = painted_project.predictions(1)
    maps = tmp_path / "farm-maps"
    assert (entry.mask, entry.confidence) == (maps / "north_mask.tif", maps / "north_confidence.tif")
    assert (entry.model, entry.missing) == (model, False)
    assert painted_project.predictions(2) == ()
    qtbot.waitUntil(lambda: session.layers.masks != [], timeout=SECONDS)


def test_the_view_is_predicted_for_the_project_too(
    project_flow: PredictFlow, session: Session, qtbot: QtBot, painted_project: Project
) -> None:
    dialog = fill_for_project(project_flow, all_images=False)
    dialog.findChild(QRadioButton, "predict_view").setChecked(True)
    press(dialog, qtbot)
    qtbot.waitUntil(lambda: session.layers.masks != [], timeout=SECONDS)
    (entry,) = painted_project.predictions(1)
    with RasterSource(entry.mask) as written, RasterSource(session.rasters.current.path) as image:
        assert image.grid.window_of(written.grid) == VIEW


def test_all_images_are_predicted_in_one_job(
    project_flow: PredictFlow,
    session: Session,
    runner: JobRunner,
    qtbot: QtBot,
    painted_project: Project,
    tmp_path: Path,
) -> None:
    events: list[Event] = []
    runner.started.connect(lambda job: job.reported.connect(events.append))
    press(fill_for_project(project_flow, all_images=True), qtbot)
    (job,) = runner.running
    assert job.title == "Predict 2 images"
    qtbot.waitUntil(lambda: not runner.running, timeout=SECONDS)
    names = [[entry.mask.name for entry in painted_project.predictions(image)] for image in (1, 2)]
    assert names == [["north_mask.tif"], ["south_mask.tif"]]
    assert len(list((tmp_path / "farm-maps").glob("*_confidence.tif"))) == 2
    assert [layer.path.name for layer in session.layers.masks] == ["north_mask.tif"]
    fractions = [event.fraction for event in events if isinstance(event, Progress)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_a_stop_keeps_the_maps_that_are_there(
    project_flow: PredictFlow,
    session: Session,
    runner: JobRunner,
    qtbot: QtBot,
    painted_project: Project,
    tmp_path: Path,
) -> None:
    task = _task(fill_for_project(project_flow, all_images=True), qtbot)
    done: list[Path] = []
    control = JobControl()

    def listen(event: Event) -> None:
        if isinstance(event, MapFinished):
            done.append(event.map.path)
            control.stop()

    with pytest.raises(JobStopped):
        prediction_job(task)(listen, control)
    assert done == [tmp_path / "farm-maps" / "north_mask.tif"]
    assert {path.name for path in (tmp_path / "farm-maps").iterdir() if path.suffix == ".tif"} == {
        "north_mask.tif",
        "north_confidence.tif",
    }


def _task(dialog: PredictDialog, qtbot: QtBot) -> PredictTask:
    task = dialog.task()
    dialog.reject()
    return task


def test_maps_in_the_way_are_found_before_any_work(
    project_flow: PredictFlow, qtbot: QtBot, painted_project: Project, tmp_path: Path
) -> None:
    task = _task(fill_for_project(project_flow, all_images=True), qtbot)
    (tmp_path / "farm-maps").mkdir()
    (tmp_path / "farm-maps" / "south_mask.tif").touch()
    with pytest.raises(OutputError, match="south_mask"):
        prediction_job(task)(lambda _event: None, JobControl())
    assert not (tmp_path / "farm-maps" / "north_mask.tif").exists()
