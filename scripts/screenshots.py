"""Makes the README's pictures: goes through the tour in a real window, as a user would, and grabs what is shown.

    LANDSEG_DATA=... python scripts/screenshots.py FOLDER

Labels cells of the orthophoto, accepts what is suggested, trains, maps the whole, corrects and exports: about eight
minutes. A part of it is recorded.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QEventLoop, QObject, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDockWidget,
    QDoubleSpinBox,
    QPushButton,
    QRadioButton,
    QTabWidget,
    QToolButton,
    QWidget,
)
from recording import Recorder
from tour_labels import ANSWER, BRUSH_PX, CLASSES, CLICKS, GESTURES, REGIONS, Gesture

from landseg_core.geo.tiling import TileKey
from landseg_gui import startup
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.main_window.window import MainWindow
from landseg_gui.settings import Settings
from landseg_gui.theme import ThemeManager

SIZE = (1280, 800)
PATIENCE_S = 900
TRAINING_MINUTES = 4.0
QUALITY = 88
"""Of WebP: text stays sharp at a fifth of a PNG's size."""
_MOVES = 5
NEAR = (6100, 3250), 0.42
"""The close view: its middle in px of the orthophoto, and its zoom."""


def wait(seconds: float) -> None:
    """Let the window work; an event loop of its own, for QTest.qWait keeps Python's lock from the jobs' threads."""
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Let the window work until `condition` holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"no {what} after {PATIENCE_S} s")
        wait(0.05)


class Tour:
    """Drives the window and grabs it on the way."""

    def __init__(self, window: MainWindow, themes: ThemeManager, pictures: Path, orthophoto: Path) -> None:
        self._window, self._themes = window, themes
        self._pictures, self._orthophoto = pictures, orthophoto
        self._session = window.session.project_session
        self._recorder = Recorder(window)
        self._mouse = QPointF(200, 200)

    def grab(self, name: str, widget: QWidget | None = None, theme: str = "light") -> None:
        """Save the window, or one widget of it, as a picture."""
        self._themes.choose(theme)
        wait(0.7)
        (widget or self._window).grab().save(str(self._pictures / f"{name}.webp"), quality=QUALITY)

    def open(self) -> None:
        """Start with an empty window, then open the orthophoto."""
        self.grab("welcome")
        self._window.commands.open_paths([self._orthophoto])
        wait_until(lambda: self._window.session.rasters.current and not self._window.runner.running, "picture")
        self.grab("open")

    def make_project(self) -> None:
        """Make a project beside the orthophoto."""
        dialog = self._dialog("new_project")
        child(dialog, QComboBox, "new_project_classes").setEditText(CLASSES)
        self.grab("new-project-dialog", dialog)
        child(dialog, QPushButton, "new_project_start").click()
        wait_until(lambda: self._session.image and self._window.session.layers.labels, "project")

    def paint(self) -> None:
        """Paint by mouse and keys all over the image."""
        self._window.tools.settings.size = BRUSH_PX
        for gesture in GESTURES:
            self._paint(gesture)
        self._near()

    def suggest(self) -> None:
        """Click on cells near by until the suggestion is good, and accept some of it; this is recorded."""
        self._near()
        self._recorder.start()
        self._label_cells()
        self.grab("suggestion")
        self._accept_regions()
        self._answer_question()
        self._recorder.stop()
        seconds = self._recorder.save(self._pictures / "labelling.webp")
        print(f"recorded {seconds:.0f} s")
        self._window.docks.bring_up("history")
        self.grab("paint-dark", theme="dark")
        self._window.docks.bring_up("classes")

    def _label_cells(self) -> None:
        self._window.tools.select("superpixel")
        for name, position in CLICKS:
            self._session.paint.active_value = self._value(name)
            self._move_to(position)
            self._wait_for_cells(position)
            self._click(position)
            wait(0.25)
        wait_until(lambda: self._window.session.suggestions.is_current, "suggestion")
        wait(0.5)

    def _wait_for_cells(self, position: tuple[int, int]) -> None:
        pyramid, scale = self._window.session.layers.image.reader.pyramid, self._window.viewport.frame.scale
        level = pyramid.level_for_scale(scale)
        column, row = ((value >> level) // pyramid.tile for value in position)
        wait_until(lambda: self._window.session.cells.cells(TileKey(level, row, column)), "cells")

    def _accept_regions(self) -> None:
        self._window.tools.select("accept_region")
        for position in REGIONS:
            self._move_to(position)
            wait(0.4)
            self._click(position)
            wait(0.5)

    def _answer_question(self) -> None:
        child(self._window, QAction, "action_label_queue").trigger()
        bar = child(self._window, QWidget, "question_bar")
        wait_until(lambda: child(bar, QToolButton, "question_accept").isEnabled(), "question")
        wait(1.0)
        self.grab("queue")
        child(bar, QToolButton, f"question_class_{self._value(ANSWER)}").click()
        wait(0.3)
        QTest.keyClick(self._window.viewport, Qt.Key.Key_Escape)
        self._near()

    def accept_suggestion(self) -> None:
        """Accept what is suggested for the view, where it is sure enough."""
        wait_until(lambda: self._window.session.suggestions.is_current, "suggestion")
        dialog = self._dialog("accept_suggestion", "accept")
        self.grab("accept-suggestion-dialog", dialog)
        child(dialog, QPushButton, "accept_start").click()
        wait_until(lambda: not self._session.editing.busy, "labels")
        self._window.tools.select("brush")
        self.grab("paint")

    def _value(self, name: str) -> int:
        return next(item.value for item in self._session.schema.classes if item.name == name)

    def _move_to(self, position: tuple[int, int]) -> None:
        """Move the mouse as a hand does: in steps that are seen."""
        start, end = self._mouse, QPointF(self._on_screen(position))
        for step in range(1, _MOVES + 1):
            self._mouse = start + (end - start) * step / _MOVES
            QTest.mouseMove(self._window.viewport.viewport(), self._mouse.toPoint())
            wait(0.03)

    def _click(self, position: tuple[int, int]) -> None:
        view, point = self._window.viewport.viewport(), self._on_screen(position)
        QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=point)
        wait(0.12)
        QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=point)

    def _paint(self, gesture: Gesture) -> None:
        columns, rows = zip(*gesture.places, strict=True)
        middle = (min(columns) + max(columns)) / 2, (min(rows) + max(rows)) / 2
        self._window.viewport.centre_on(*middle, 0.4)
        self._session.paint.active_value = self._value(gesture.name)
        self._window.tools.select(gesture.tool)
        points = [self._on_screen(place) for place in gesture.places]
        {"polygon": self._polygon, "brush": self._stroke}[gesture.tool](points)
        wait(0.1)

    def _on_screen(self, place: tuple[int, int]) -> QPoint:
        view = self._window.viewport
        return (QPointF(*view.frame.to_device(*place)) / view.devicePixelRatioF()).toPoint()

    def _polygon(self, points: list[QPoint]) -> None:
        for point in points:
            QTest.mouseClick(self._window.viewport.viewport(), Qt.MouseButton.LeftButton, pos=point, delay=1)
        QTest.keyClick(self._window.viewport, Qt.Key.Key_Return)

    def _stroke(self, points: list[QPoint]) -> None:
        view = self._window.viewport.viewport()
        QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=points[0])
        for point in points:
            QTest.mouseMove(view, point)
        QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=points[-1])

    def edit_classes(self) -> None:
        """Grab the class editor."""
        dialog = self._dialog("classes")
        self.grab("classes-dialog", dialog)
        dialog.reject()

    def train(self) -> None:
        """Train on the project, and grab dialog and curves."""
        dialog = self._dialog("train")
        child(dialog, QDoubleSpinBox, "train_minutes").setValue(TRAINING_MINUTES)
        self.grab("train-dialog", dialog)
        child(dialog, QToolButton, "train_advanced").click()
        self.grab("train-dialog-advanced", dialog, theme="dark")
        child(dialog, QToolButton, "train_advanced").click()
        child(dialog, QPushButton, "train_start").click()
        wait(TRAINING_MINUTES * 60 * 0.75)
        self.grab("training", theme="dark")
        wait_until(lambda: self._window.session.model.path and not self._window.runner.running, "model")
        tabs = child(self._window, QTabWidget, "training_tabs")
        for number, name in enumerate(("pictures", "figures"), start=1):
            tabs.setCurrentIndex(number)
            self.grab(f"training-{name}")

    def runs(self) -> None:
        """Grab the list of runs."""
        child(self._window, QAction, "action_runs").trigger()
        wait(1.5)
        self.grab("runs")
        child(self._window, QDockWidget, "dock_runs").close()

    def predict(self) -> None:
        """Predict the whole image, and grab the map over the picture from afar and near by."""
        dialog = self._dialog("predict")
        self.grab("predict-dialog", dialog)
        child(dialog, QPushButton, "predict_start").click()
        wait_until(lambda: self._window.session.layers.masks and not self._window.runner.running, "map")
        self._window.viewport.fit()
        self._window.tools.select("pan")
        wait(1.5)
        self.grab("map", theme="dark")
        self._near()
        self.grab("map-near")

    def correct(self) -> None:
        """Look at what differs, accept the prediction in view, and grab both."""
        child(self._window, QAction, "action_differences").trigger()
        wait(1.5)
        self.grab("differences")
        child(self._window, QAction, "action_differences").trigger()
        dialog = self._dialog("accept")
        child(dialog, QRadioButton, "accept_view").setChecked(True)
        self.grab("accept-dialog", dialog)
        child(dialog, QPushButton, "accept_start").click()
        wait_until(lambda: not self._session.editing.busy, "labels")

    def export(self) -> None:
        """Grab the dialogs that export labels and maps."""
        for name in ("export_labels", "export"):
            dialog = self._dialog(name)
            self.grab(f"{name.replace('_', '-')}-dialog", dialog)
            dialog.reject()

    def _near(self) -> None:
        self._window.viewport.centre_on(*NEAR[0], NEAR[1])
        wait(1.5)

    def _dialog(self, action: str, name: str = "") -> QDialog:
        child(self._window, QAction, f"action_{action}").trigger()
        wait(0.3)
        return child(self._window, QDialog, f"dialog_{name or action}")


Child = TypeVar("Child", bound=QObject)


def child(parent: QWidget, kind: type[Child], name: str) -> Child:
    """Return the object below `parent` with this object name."""
    found = parent.findChild(kind, name)
    if found is None:
        sys.exit(f"the window has no {name}")
    return found


def main() -> None:
    """Make all pictures."""
    data = os.environ.get("LANDSEG_DATA")
    if not data:
        sys.exit("LANDSEG_DATA names no folder of real imagery")
    pictures = Path(sys.argv[1]).absolute()
    pictures.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.gettempdir()) / "landseg-tour"  # its name is seen in the pictures
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        os.environ |= {"XDG_CONFIG_HOME": str(scratch / "config"), "HOME": str(scratch)}
        orthophoto = scratch / "brig.tif"
        orthophoto.symlink_to(Path(data) / "ortho" / "swissimage_brig_8704x6656.tif")
        app = startup.application()
        themes, runner = ThemeManager(app, "light"), JobRunner(app)
        window = MainWindow(runner, Settings(scratch / "landseg.ini"), themes)
        window.resize(*SIZE)
        window.show()
        tour = Tour(window, themes, pictures, orthophoto)
        for step in (
            tour.open,
            tour.make_project,
            tour.suggest,
            tour.accept_suggestion,
            tour.paint,
            tour.edit_classes,
            tour.train,
            tour.runs,
            tour.predict,
            tour.correct,
            tour.export,
        ):
            step()
        window.close()
    finally:
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
