"""Plays with the window: the gestures of `random_gestures.py`."""

from __future__ import annotations

import hashlib
import random
import time
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path

import numpy as np
import rasterio
from gesture_dialogs import DialogAnswerer
from PySide6.QtCore import QEventLoop, QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget
from shiboken6 import isValid

from landseg_core.labels.classes import load_classes
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import build_model
from landseg_core.models.header import BundleHeader
from landseg_core.models.normalisation import Normalisation
from landseg_core.models.weights import weights_of
from landseg_core.project.check import check_project
from landseg_core.project.project import Project
from landseg_gui import startup
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.main_window.action_rows import ROWS, ActionRow
from landseg_gui.settings import Settings

SIDE = 1400  # px of the images
PATIENCE_SECONDS = 120
MOST_JOBS = 4
"""With so many under way, a person waits."""
MOST_MASKS = 8
"""With more in the list, a person removes some."""
DELETED_IN_A_COPY = "of a training run is missing"
"""What `project check` rightly says of a run that has been deleted in a copy of the project, which lists it too."""
LEAVES_THE_WINDOW = {"quit", "open_log_folder"}
KEYS = (Qt.Key.Key_Tab, Qt.Key.Key_F, Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight, Qt.Key.Key_Escape, Qt.Key.Key_C)


class FailureError(Exception):
    """What must not happen has happened."""


def wait(seconds: float) -> None:
    """Let the window work."""
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Let the window work until `condition` is true; where it never is, that is a hang."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise FailureError(f"{what} did not come in two minutes")
        wait(0.02)


class Player:
    """Plays with a window on a project of two images."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.dice = random.Random(seed)
        self.done: Counter[str] = Counter()
        self.errors: list[str] = []
        self.folder, self.project_path = folder, folder / "play.landseg"
        make_project(folder, self.project_path)
        app = startup.application()
        self.window = startup.main_window(app, Settings(folder / "settings.ini"), JobRunner(app))
        self.session = self.window.session.project_session
        self.told: deque[str] = deque(maxlen=6)
        self.window.session.notifier.posted.connect(lambda message: self.told.append(message.text))
        self.answerer = DialogAnswerer(self.dice, folder, self.done)
        self.gestures = {
            self.drag: 30,
            self.wheel: 10,
            self.key: 8,
            self.choose_tool: 8,
            self.choose_class: 6,
            self.trigger_action: 10,
            self.click_in_panels: 8,
            self.show_image: 2,
            self.undo_storm: 2,
            self.toggle_layer: 4,
            self.resize: 1,
            self.switch_theme: 0.3,
            self.predict_view: 0.5,
            self.reopen: 0.5,
            self.stop_a_job: 1,
        }

    # --- the run

    def start(self) -> None:
        self.window.show()
        self.open()

    def open(self) -> None:
        """Open the project, again where the window is not ready for it; what is being opened already comes first."""
        until = time.monotonic() + PATIENCE_SECONDS
        while self.session.project is None:
            if time.monotonic() > until:
                raise FailureError(f"the project does not come; the window says: {self.told}")
            if not self.window.session.background_jobs:
                self.window.commands.open_paths([self.project_path])
            wait(1.0)
        self.show_any_image()
        self.window.session.model.path = self.folder / "model.safetensors"

    def show_any_image(self) -> None:
        """Show an image of the project, as one of the gestures before may have had something else shown."""
        wait_until(lambda: not self.window.session.background_jobs and not self.session.editing.busy, "the picture")
        if self.session.project and self.session.image is None:
            for image in self.session.project.images[:1]:
                self.session.images.show(image.id)
            if not self.session.project.images:
                self.session.images.add(sorted(self.folder.glob("ground_*.tif")))
            wait_until(lambda: self.session.image and self.session.labels, f"an image, of which is said: {self.told}")

    def play(self) -> None:
        """Make one gesture, and answer what it brings up."""
        act = self.dice.choices(list(self.gestures), list(self.gestures.values()))[0]
        act()
        self.done[act.__name__] += 1
        wait(self.dice.choice((0, 0.005, 0.02)))
        wait_until(lambda: not self.answerer.is_needed, f"the end of {QApplication.activeModalWidget()}")
        wait_until(lambda: len(self.window.runner.running) <= MOST_JOBS, "the end of jobs")
        if self.errors:
            raise FailureError(self.errors[0])
        self.tidy_up()
        wait(0)  # what has left the window is deleted before a hand could reach it

    def tidy_up(self) -> None:
        """Have an image to paint on, and not too many masks over it."""
        if self.session.project is None:
            self.open()
        elif not self.session.project.images:
            self.show_any_image()
        layers = self.window.session.layers
        while len(layers.masks) > MOST_MASKS:
            layers.remove_mask(layers.masks[-1])

    def finish(self) -> None:
        """Compare what is stored with what is seen, and close."""
        path = self.settle()
        self.compare(path)
        self.window.close()
        wait_until(lambda: not self.window.isVisible(), "the end")
        problems = [problem for problem in check_project(path) if not problem.endswith(DELETED_IN_A_COPY)]
        if problems:
            raise FailureError(f"the project is damaged: {problems}")

    # --- gestures

    @property
    def canvas(self) -> QWidget:
        return self.window.viewport.viewport()

    def place(self) -> QPoint:
        rect = self.canvas.rect()
        return QPoint(self.dice.randint(0, rect.width()), self.dice.randint(0, rect.height()))

    def drag(self) -> None:
        button = self.dice.choices((Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton), (5, 1))[0]
        QTest.mousePress(self.canvas, button, pos=self.place())
        for _ in range(self.dice.randint(0, 12)):
            QTest.mouseMove(self.canvas, self.place())
            wait(0)
        QTest.mouseRelease(self.canvas, button, pos=self.place())
        if self.dice.random() < 0.2:
            QTest.mouseDClick(self.canvas, button, pos=self.place())

    def wheel(self) -> None:
        self.window.viewport.zoom_by(self.dice.choice((0.5, 0.8, 1.25, 2.0)))
        self.window.viewport.pan_by(self.dice.randint(-300, 300), self.dice.randint(-300, 300))

    def key(self) -> None:
        QTest.keyClick(self.window.viewport, self.dice.choice(KEYS))

    def choose_tool(self) -> None:
        self.window.tools.select(self.dice.choice(self.window.tools.specs).name)

    def choose_class(self) -> None:
        if self.session.schema:
            self.session.paint.active_value = self.dice.choice(self.session.schema.classes).value

    def trigger_action(self) -> None:
        rows = [row for row in ROWS if isinstance(row, ActionRow) and row.handler not in LEAVES_THE_WINDOW]
        row = self.dice.choice(rows)
        action = self.window.actions_by_name[row.name]
        if action.isEnabled():
            self.done[row.name] += 1
            action.trigger()

    def click_in_panels(self) -> None:
        """Click any button in sight, in the panels, the bars and the dialogs that stay open."""
        buttons = [one for one in self.window.findChildren(QAbstractButton) if one.isVisible() and one.isEnabled()]
        button = self.dice.choice(buttons)
        self.done[f"button {button.objectName()}"] += 1
        QTest.mousePress(button, Qt.MouseButton.LeftButton)
        if isValid(button):  # its menu may have had it taken away: `mouseClick` would still release it, and crash
            QTest.mouseRelease(button, Qt.MouseButton.LeftButton)

    def show_image(self) -> None:
        images = self.session.project.images if self.session.project else ()
        if images:
            self.session.images.show(self.dice.choice(images).id)

    def undo_storm(self) -> None:
        for name in self.dice.choices(("action_undo", "action_redo"), (3, 2), k=self.dice.randint(1, 30)):
            action = self.window.actions_by_name[name]
            if action.isEnabled():
                action.trigger()
            wait(0)

    def toggle_layer(self) -> None:
        layers = self.window.session.layers.present()
        if layers:
            layer = self.dice.choice(layers)
            layer.visible = not layer.visible
            layer.opacity = self.dice.random()

    def resize(self) -> None:
        self.window.resize(self.dice.randint(700, 1800), self.dice.randint(500, 1000))

    def switch_theme(self) -> None:
        menu = self.window.actions_by_name.menus["menu_theme"]
        self.dice.choice(menu.actions()).trigger()

    def stop_a_job(self) -> None:
        jobs = self.window.runner.running
        if jobs:
            self.dice.choice(jobs).stop()

    def predict_view(self) -> None:
        """Open the dialog on the part in view, and take what it proposes."""
        dialog = self.window.commands.predict_flow.open()
        if dialog is None:
            return
        view = dialog.findChild(QAbstractButton, "predict_view")
        if view is not None and view.isEnabled():
            view.click()
        if dialog.action_button.isEnabled():
            dialog.action_button.click()
        else:
            dialog.reject()

    def reopen(self) -> None:
        """Close the project and open it again: the labels of all images must be those from before."""
        path = self.settle()
        self.compare(path)
        before = labels_in(path)
        self.window.label_commands.close_project()
        wait_until(lambda: self.session.project is None, "the end of the project")
        if labels_in(path) != before:
            raise FailureError("labels are others after closing")
        self.open()

    def settle(self) -> Path:
        """Let every job come to its end, and every edit to the disk; return the file of the project."""
        self.window.tools.cancel()
        jobs = self.window.runner.running
        for job in jobs:
            job.stop()
        titles = ", ".join(job.title for job in jobs)
        wait_until(lambda: not self.window.runner.running and not self.answerer.is_needed, f"the end of {titles}")
        if self.session.project is None:
            self.open()
        project = self.session.project
        project.flush()
        return project.path

    def compare(self, path: Path) -> None:
        """Compare the labels in sight with those in the file."""
        image, labels = self.session.image, self.session.labels
        if image is None or labels is None:
            return
        seen = digest(labels.read(image.grid.window))
        if labels_in(path).get(image.id) != seen:
            raise FailureError(f"the labels of {image.name} on the disk are not those in the window")


def labels_in(path: Path) -> dict[int, str]:
    """Return what the labels of each image are in a project file, shortened."""
    with Project.open(path, read_only=True) as project:
        return {image.id: digest(project.labels(image.id).read(image.grid.window)) for image in project.images}


def digest(values: np.ndarray) -> str:
    return hashlib.blake2b(np.ascontiguousarray(values).tobytes(), digest_size=12).hexdigest()


def make_project(folder: Path, path: Path) -> None:
    """Make a project with two images, and a model that knows its classes."""
    schema, dice = load_classes("landcover-ai"), np.random.default_rng(5)
    images = []
    for number in (1, 2):
        image = folder / f"ground_{number}.tif"
        coarse = dice.integers(40, 220, (3, SIDE // 50, SIDE // 50), np.uint8)
        pixels = np.kron(coarse, np.ones((1, 50, 50), np.uint8))
        place = (0.25, 0, 4e5 + 1000 * number, 0, -0.25, 5e6)
        profile = {"driver": "GTiff", "count": 3, "dtype": "uint8", "tiled": True, "crs": "EPSG:32632"}
        with rasterio.open(image, "w", width=SIDE, height=SIDE, transform=place, **profile) as dataset:
            dataset.write(pixels)
        images.append(image)
    with Project.create(path, schema) as project:
        project.add_images([project.examine_image(image) for image in images], as_step=False)
    weights = weights_of(build_model("unet16", 3, len(schema)))
    normalisation = Normalisation((120.0,) * 3, (60.0,) * 3)
    bundle = ModelBundle(BundleHeader("unet16", schema, (1, 2, 3), "uint8", normalisation, 0.25, {}), weights)
    bundle.save(folder / "model.safetensors")
