"""The window in a language that nobody speaks: every text in plain letters is a name, a unit, or was forgotten."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QInputDialog, QMessageBox, QPushButton, QTableView
from pytestqt.qtbot import QtBot
from support.projects import paint_rectangle
from support.pseudo_language import PseudoLanguage, pseudo, shown_texts, untouched
from support.rasters import coordinate_pixels
from support.runs import write_evaluation, write_model, write_run, write_samples

from landseg_core.events import (
    EpochFinished,
    Event,
    JobControl,
    Notice,
    OnEvent,
    Progress,
    RunFinished,
    RunStarted,
    StepFinished,
)
from landseg_core.labels.classes import load_classes
from landseg_core.project.project import Project
from landseg_gui.crash import CrashDialog
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.main_window.window import MainWindow
from landseg_gui.panels.message_bar import MessageBar
from landseg_gui.panels.runs.training import TrainingPanel
from landseg_gui.tools.registry import TOOLS

SCHEMA = load_classes("landcover-dubai")
FILES = "north|south|gone|moved|map|plain|town|good|best|torn|c|x|y"
"""The names that the tests give to files, without their endings."""
CLASSES = "|".join(name for preset in ("landcover-dubai", "landcover-ai") for name in load_classes(preset).names)

NAMES = (
    rf"\b({FILES}|{CLASSES}|class \d+)\b(\.\w+)?",
    r"[\w.-]*(/[\w.-]+)+",  # paths
    r"\blandseg\b|\blandcover-(ai|dubai)\b",
    r"\b(unet\d+|lite0|tiny)\b",
    r"\b(cpu|cuda|fp32|fp16|bf16|int8|uint8)\b|\b(PyTorch|ONNX Runtime|OpenVINO)\b",
    r"\b([Mm]iou|mIoU|IoU|F1|CRS|Red|Green|Blue)\b",
    r"\b(Paint 4|Add (north|south|gone)|[Mm]ind the gap)\b",  # what the tests say
    r"\bEPSG:\d+|\(\*\.[^)]*\)|#[0-9a-f]{6}\b",
    r"\d{1,2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b",  # of the locale, which is none here
    r"not recognized as being in a supported file format|Input should be a valid number[^)]*",  # GDAL and pydantic
)
UNITS = (r"(?<=\d)\s(px|Mpx|m|km|m²|km²|ha|kB|MB|GB|bytes)\b", r"^\s*(px|m)$", r"\bm/px\b")
KEYS = (r"\((Ctrl\+|Shift\+)*(Return|PgUp|PgDown|Tab|Esc|Del|[A-Z0-9])\)",)


class Reader:
    """Reads all that is shown, and notes what is in plain letters."""

    def __init__(self, language: PseudoLanguage) -> None:
        self._language = language
        self.untouched: dict[tuple[str, str], None] = {}

    def read(self, where: str, root: QObject) -> None:
        """Read a window, a dialog or a menu."""
        for shown, text in shown_texts(root):
            self.take(f"{where}: {shown}", text)

    def take(self, where: str, text: str) -> None:
        """Read one text."""
        if text not in self._language.of_qt and untouched(text, (*KEYS, *NAMES, *UNITS)):
            self.untouched[where, text] = None


@pytest.fixture(autouse=True)
def language(qapp: QApplication) -> Iterator[PseudoLanguage]:
    """Return the language; it is that of the program before there is any window."""
    language = PseudoLanguage()
    assert qapp.installTranslator(language)
    yield language
    qapp.removeTranslator(language)
    shiboken6.delete(language)  # here: the garbage collector may do it while Qt translates, and wait for ever


@pytest.fixture
def reader(language: PseudoLanguage) -> Iterator[Reader]:
    """Return what reads; what it has found in plain letters fails the test."""
    reader = Reader(language)
    yield reader
    if reader.untouched:
        pytest.fail("\n".join(f"{where}: {text!r}" for where, text in reader.untouched), pytrace=False)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, reader: Reader) -> None:
    """Read the questions that are asked and what asks for files, and answer none of them."""
    for kind in (QMessageBox, QInputDialog):
        monkeypatch.setattr(kind, "exec", lambda box: reader.read(box.objectName(), box) or 0)
    for name in ("getOpenFileName", "getOpenFileNames", "getSaveFileName", "getExistingDirectory"):

        def ask(_parent, title="", _folder="", kinds="", *_, name: str = name, **__) -> object:
            for text in (title, kinds):
                reader.take(name, text)
            return "" if name == "getExistingDirectory" else ([] if name.endswith("s") else "", "")

        monkeypatch.setattr(QFileDialog, name, ask)


def idle(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: not window.runner.running, timeout=20_000)


def test_the_language_leaves_what_is_no_text() -> None:
    assert pseudo("Delete {name} (*.tif), %n &times; <b>now</b>") == "Ḋėŀėṫė {name} (*.tif), %n &times; <b>ṅȯẇ</b>"
    assert not untouched(pseudo("Delete {name}").format(name="north.tif"), NAMES)
    assert untouched("Ḋėŀėṫė the run", NAMES)


def test_the_empty_window(reader: Reader, window: MainWindow) -> None:
    window.actions_by_name.menus["menu_recent"].aboutToShow.emit()
    reader.read("empty window", window)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Return a folder with runs that ended in all ways."""
    folder = tmp_path / "runs"
    for name, miou in {"good": 0.6, "best": 0.9}.items():
        write_evaluation(write_run(folder / name, batch=4 if name == "good" else 8), miou=miou)
        write_samples(folder / name)
    write_run(folder / "x", epochs=0, end="stopped")
    write_run(folder / "y", epochs=1, end=None)
    write_evaluation(write_run(folder / "torn"), miou="much")
    write_model(folder / "best")
    (folder / "good" / "last.safetensors").write_bytes(b"")
    return folder


@pytest.fixture
def town(tmp_path: Path, make_raster, runs: Path) -> Path:
    """Return a project: three images, of which one is missing, labels, runs and a prediction."""
    north, south, gone = (
        make_raster(f"{name}.tif", coordinate_pixels(300, 200)) for name in ("north", "south", "gone")
    )
    with Project.create(tmp_path / "town.landseg", SCHEMA) as project:
        for path in (north, south, gone):
            project.add_image(path)
        paint_rectangle(project)
        for run in sorted(runs.iterdir()):
            project.add_run(run, "tiny", SCHEMA.names, "", {})
    gone.unlink()
    return tmp_path / "town.landseg"


@pytest.fixture
def opened(qtbot: QtBot, window: MainWindow, town: Path, make_raster) -> MainWindow:
    """Return the window with the project, a map over its image, and a mask whose classes nobody knows."""
    window.commands.open_paths([town])
    qtbot.waitUntil(lambda: window.session.project_session.image is not None)
    idle(qtbot, window)
    values = np.where(np.indices((1, 200, 300))[2] < 150, 1, 3).astype(np.uint8)
    own = make_raster("map.tif", values, nodata=255, tags={"LANDSEG_CLASSES": SCHEMA.to_json()})
    window.commands.open_paths([own, make_raster("plain.tif", values, nodata=255)])
    qtbot.waitUntil(lambda: len(window.session.layers.masks) == 2)
    idle(qtbot, window)
    return window


def test_the_window_at_work(reader: Reader, opened: MainWindow, qtbot: QtBot) -> None:
    reader.read("window", opened)
    opened.commands.show_runs()
    idle(qtbot, opened)
    opened.findChild(QTableView, "runs_table").selectAll()
    reader.read("runs", opened)
    opened.label_commands.undo()
    idle(qtbot, opened)
    for tool in TOOLS:
        opened.tools.select(tool.name)
        reader.read(tool.name, opened)


def test_jobs(reader: Reader, window: MainWindow, qtbot: QtBot) -> None:
    release = threading.Event()

    def work(on_event: OnEvent, control: JobControl) -> None:
        on_event(Progress("predicting", 25, 100, 43.4))
        on_event(StepFinished(1, 1, 0.5, 0.001, 0.4, 10.0, 15.0))
        while not release.wait(0.002):
            control.checkpoint()

    jobs = [window.runner.start("x", work) for _ in range(3)]
    reported: list[Event] = []
    jobs[0].reported.connect(reported.append)
    qtbot.waitUntil(lambda: len(reported) == 2)
    reader.read("jobs under way", window)
    jobs[0].stop()
    reader.read("jobs stopping", window)
    release.set()
    idle(qtbot, window)
    reader.read("jobs ended", window)


RUN = (
    RunStarted("tiny", 1_900_000, "cpu", "bf16", SCHEMA.names, 1000, 100, 20, None, 10, 8, 256),
    StepFinished(1, 1, 0.5, 0.001, 0.4, 10.0, 15.0),
    Progress("validation", 25, 100, 43.4),
    EpochFinished(1, 10, 0.5, 0.6, 0.9, 0.4, dict.fromkeys(SCHEMA.names, 0.5), 0.001, 1.0, best=True),
    Notice("mind the gap"),
    *(RunFinished(reason, 3, 30, 2, 0.4, 75.0) for reason in ("finished", "stopped", "not_finite")),
)


def test_a_run(reader: Reader, runner: JobRunner, qtbot: QtBot) -> None:
    panel = TrainingPanel()
    qtbot.addWidget(panel)
    reader.read("no run", panel)
    job = runner.start("x", lambda _on_event, control: control.wait_while_paused())
    job.control.pause()
    panel.follow(job, SCHEMA)
    reader.read("a run begins", panel)
    for event in RUN:
        job.reported.emit(event)
        reader.read(type(event).__name__, panel)
    panel.findChild(QPushButton, "training_pause").click()
    reader.read("paused", panel)
    panel.findChild(QPushButton, "training_stop").click()
    reader.read("stopping", panel)
    with qtbot.waitSignal(runner.idle):
        job.control.resume()
    reader.read("ended", panel)


def test_a_fault_of_the_program(reader: Reader, qtbot: QtBot) -> None:
    dialog = CrashDialog()
    qtbot.addWidget(dialog)
    reader.read("crash", dialog)


DIALOGS = (
    "new_project",
    "edit_classes",
    "import_labels",
    "export_labels",
    "accept_prediction",
    "predict",
    "train",
    "export",
    "export_model",
    "choose_rendering",
    "restore",
    "about",
)


def handler(window: MainWindow, name: str) -> Callable[[], object]:
    return getattr(window.label_commands if hasattr(window.label_commands, name) else window.commands, name)


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("name", DIALOGS)
def test_a_dialog(reader: Reader, opened: MainWindow, qtbot: QtBot, name: str) -> None:
    handler(opened, name)()
    idle(qtbot, opened)
    for dialog in opened.findChildren(QDialog):
        if dialog.isVisible():
            reader.read(dialog.objectName(), dialog)
            dialog.reject()
    idle(qtbot, opened)


@pytest.fixture
def posted(opened: MainWindow) -> list[str]:
    """Return the messages of the window, as they come."""
    texts: list[str] = []
    opened.session.notifier.posted.connect(lambda message: texts.append(message.text))
    return texts


@pytest.mark.usefixtures("asked")
def test_errors(
    reader: Reader, opened: MainWindow, qtbot: QtBot, tmp_path: Path, posted: list[str], make_raster
) -> None:
    (tmp_path / "x.tif").write_bytes(b"no raster")
    moved = make_raster("moved.tif", np.ones((1, 20, 30), np.uint8), crs="EPSG:32633")
    bands = make_raster("c.tif", coordinate_pixels(300, 200))
    for provoke in (
        lambda: opened.commands.open_paths([tmp_path / "x.tif"]),
        lambda: opened.commands.open_paths([tmp_path / "y.landseg"]),
        lambda: opened.session.files.add_mask(moved),
        lambda: opened.session.files.add_mask(bands),
        lambda: opened.session.files.add_mask(tmp_path / "y.tif"),
        lambda: opened.commands.train_flow.resume(tmp_path),
    ):
        before = len(posted)
        provoke()
        qtbot.waitUntil(lambda before=before: len(posted) > before)
        idle(qtbot, opened)
    for text in posted:
        reader.take("message", text)
    reader.read("message bar", opened.findChild(MessageBar))


@pytest.mark.usefixtures("asked")
def test_questions(reader: Reader, opened: MainWindow, qtbot: QtBot, make_raster) -> None:
    opened.label_commands.images.remove(opened.session.project_session.image.id)
    opened.commands.show_runs()
    idle(qtbot, opened)
    opened.findChild(QTableView, "runs_table").selectAll()
    opened.findChild(QPushButton, "runs_delete").click()
    for images in (["x"], ["x", "y"]):
        opened.commands.open_paths([make_raster(f"{name}.tif", coordinate_pixels(300, 200)) for name in images])
        idle(qtbot, opened)
    dialog = opened.label_commands.images.find()
    assert dialog is not None
    reader.read("find images", dialog)
    dialog.reject()
    release = threading.Event()
    opened.runner.start("x", lambda _on_event, _control: release.wait())
    opened.close()
    release.set()
    idle(qtbot, opened)
