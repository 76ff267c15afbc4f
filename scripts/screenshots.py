"""Makes the README's pictures: goes through the tour in a real window, as a user would, and grabs what is shown.

    python scripts/screenshots.py FOLDER

With the real imagery that LANDSEG_DATA names it trains on `landcover_dubai` for some minutes and maps the orthophoto;
without, it takes the generated landscape.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QEventLoop, QObject, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QDialog, QDoubleSpinBox, QLineEdit, QPushButton, QWidget

from landseg_core.sample import write_sample
from landseg_gui import startup
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.main_window import MainWindow
from landseg_gui.session import Session
from landseg_gui.settings import Settings
from landseg_gui.theme import ThemeManager

SIZE = (1280, 800)
PATIENCE_S = 900


@dataclass(frozen=True)
class Scene:
    """What the tour works on; `centre` and `scale` give the close view, in px of the orthophoto."""

    orthophoto: Path
    images: Path
    masks: Path
    train_list: Path
    val_list: Path
    classes: str
    minutes: float
    centre: tuple[float, float]
    scale: float


def real_scene(data: Path, towns: Path) -> Scene:
    """Return the tour on real imagery; `towns` is the place under which its training data is to be seen."""
    towns.symlink_to(data / "landcover_dubai")
    lists = (towns / "train.txt", towns / "val.txt")
    orthophoto = data / "ortho" / "swissimage_brig_8704x6656.tif"
    return Scene(orthophoto, towns / "images", towns / "masks", *lists, "landcover-dubai", 3.0, (6300, 3900), 0.5)


def generated_scene(folder: Path) -> Scene:
    """Return the tour on the generated landscape."""
    sample = write_sample(folder)
    orthophoto = sample.images / "landscape_3.tif"
    lists = (sample.train_list, sample.val_list)
    return Scene(orthophoto, sample.images, sample.masks, *lists, str(sample.classes), 1.5, (1024, 768), 1.0)


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

    def __init__(self, window: MainWindow, themes: ThemeManager, pictures: Path, scratch: Path) -> None:
        self._window, self._themes = window, themes
        self._pictures, self._scratch = pictures, scratch

    def grab(self, name: str, widget: QWidget | None = None, theme: str = "light") -> None:
        """Save the window, or one widget of it, as a picture."""
        self._themes.choose(theme)
        wait(0.7)
        (widget or self._window).grab().save(str(self._pictures / f"{name}.png"))

    def open(self, scene: Scene) -> None:
        """Start with an empty window, then open the orthophoto."""
        self.grab("welcome")
        self._window.commands.open_paths([scene.orthophoto])
        wait_until(lambda: self._window.session.raster and not self._window.runner.running, "picture")
        self.grab("open")

    def train(self, scene: Scene) -> None:
        """Fill the dialog, start, and grab the curves under way."""
        dialog = self._dialog("train")
        answers = {
            "train_images": scene.images,
            "train_masks": scene.masks,
            "train_list": scene.train_list,
            "train_val_list": scene.val_list,
            "train_out": self._scratch / "runs" / "run-1",
        }
        for name, path in answers.items():
            child(dialog, QLineEdit, name).setText(str(path))
        child(dialog, QComboBox, "train_classes").setEditText(scene.classes)
        child(dialog, QDoubleSpinBox, "train_minutes").setValue(scene.minutes)
        self.grab("train-dialog", dialog)
        child(dialog, QPushButton, "train_start").click()
        wait(scene.minutes * 60 * 0.75)
        self.grab("training", theme="dark")
        wait_until(lambda: self._window.session.model_path, "model")

    def predict(self, scene: Scene) -> None:
        """Predict the whole image, and grab the map over the picture from afar and near by."""
        dialog = self._dialog("predict")
        child(dialog, QLineEdit, "predict_out").setText(str(self._scratch / f"{scene.orthophoto.stem}_mask.tif"))
        self.grab("predict-dialog", dialog)
        child(dialog, QPushButton, "predict_start").click()
        wait_until(lambda: self._window.session.layers.masks and not self._window.runner.running, "map")
        self.grab("map", theme="dark")
        self._window.viewport.centre_on(*scene.centre, scene.scale)
        wait(1.5)
        self.grab("map-near")

    def export(self) -> None:
        """Grab the export dialog."""
        dialog = self._dialog("export")
        self.grab("export-dialog", dialog)
        dialog.reject()

    def _dialog(self, name: str) -> QDialog:
        child(self._window, QAction, f"action_{name}").trigger()
        return child(self._window, QDialog, f"dialog_{name}")


Child = TypeVar("Child", bound=QObject)


def child(parent: QWidget, kind: type[Child], name: str) -> Child:
    """Return the object below `parent` with this object name."""
    found = parent.findChild(kind, name)
    if found is None:
        sys.exit(f"the window has no {name}")
    return found


def main() -> None:
    """Make all pictures."""
    pictures = Path(sys.argv[1]).absolute()
    pictures.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.gettempdir()) / "landseg-tour"  # its name is seen in the pictures
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        os.environ |= {"XDG_CONFIG_HOME": str(scratch / "config"), "HOME": str(scratch)}
        data = os.environ.get("LANDSEG_DATA")
        scene = real_scene(Path(data), scratch / "landcover") if data else generated_scene(scratch / "sample")
        app = startup.application()
        themes, runner = ThemeManager(app, "light"), JobRunner(app)
        window = MainWindow(Session(runner), runner, Settings(scratch / "landseg.ini"), themes)
        window.resize(*SIZE)
        window.show()
        tour = Tour(window, themes, pictures, scratch)
        tour.open(scene)
        tour.train(scene)
        tour.predict(scene)
        tour.export()
        window.close()
    finally:
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
