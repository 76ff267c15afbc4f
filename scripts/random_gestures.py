"""Goes at the window with random gestures, keys, menus and dialogs, and watches its memory, handles and threads.

    scripts/on_screen python scripts/random_gestures.py --minutes 60 --seed 1 --append build/gestures.jsonl

A run adds its samples to the file of `--append`; `--report docs/reliability.md` makes the table and the curve of all
that is in the file, without a run. A gesture that the window calls stored must be there when its project is opened
again; a traceback, an event loop that stands still for ten seconds, or a lost label ends the run with exit code 1.
"""

from __future__ import annotations

import argparse
import faulthandler
import hashlib
import json
import os
import random
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import psutil
import rasterio
from gesture_report import write_report
from PySide6.QtCore import QEventLoop, QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QDialogButtonBox, QMessageBox, QWidget

from landseg_core.allocator import tune_allocator
from landseg_core.data.normalisation import Normalisation
from landseg_core.labels.classes import load_classes
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import build_model
from landseg_core.models.weights import weights_of
from landseg_core.project.check import check_project
from landseg_core.project.project import Project
from landseg_gui import startup
from landseg_gui.action_rows import ROWS, ActionRow
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.settings import Settings

SAMPLE_SECONDS = 10
HANG_SECONDS = 10
SIDE = 1400  # px of the images
ENDS_THE_RUN = {"quit", "open_log_folder"}
ASKS_FOR_A_FILE = {"open_files", "open_mask", "add_images", "save_copy", "save_as"}  # the system's own dialogs
TRAINS = {"train"}
KEYS = (Qt.Key.Key_Tab, Qt.Key.Key_F, Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight, Qt.Key.Key_Escape, Qt.Key.Key_C)


@dataclass(frozen=True)
class Sample:
    """What the process holds after so many gestures; `run` is the seed of the run."""

    run: int
    seconds: float
    gestures: int
    megabytes: float
    handles: int
    threads: int


class FailureError(Exception):
    """What must not happen has happened."""


class Watchdog(threading.Thread):
    """Ends the process, with the stacks of all threads, where the event loop stands still for too long."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.beat = time.monotonic()

    def run(self) -> None:
        while time.monotonic() - self.beat < HANG_SECONDS:
            time.sleep(0.5)
        faulthandler.dump_traceback(all_threads=True)
        print(f"the event loop stands still for {HANG_SECONDS} s", file=sys.stderr)
        os._exit(1)


def wait(seconds: float) -> None:
    """Let the window work."""
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def wait_until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        if time.monotonic() > deadline:
            raise FailureError(f"{what} did not come in two minutes")
        wait(0.02)


class Monkey:
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
        self.dialog_timer = QTimer(interval=150)
        self.dialog_timer.timeout.connect(self.answer_dialog)
        self.dialog_timer.start()
        self.gestures = {
            self.drag: 30,
            self.wheel: 10,
            self.key: 8,
            self.choose_tool: 8,
            self.choose_class: 6,
            self.trigger_action: 10,
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
        self.window.commands.open_paths([self.project_path])
        wait_until(lambda: self.session.image and self.session.labels, "the project")
        self.window.session.model_path = self.folder / "model.safetensors"

    def play(self) -> None:
        """Make one gesture."""
        act = self.dice.choices(list(self.gestures), list(self.gestures.values()))[0]
        act()
        self.done[act.__name__] += 1
        wait(self.dice.choice((0, 0.005, 0.02)))
        if self.errors:
            raise FailureError(self.errors[0])

    def finish(self) -> None:
        """Compare what is stored with what is seen, and close."""
        self.settle()
        self.compare()
        self.window.close()
        wait_until(lambda: not self.window.isVisible(), "the end")
        if problems := check_project(self.project_path):
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
        self.window.tools.select(self.dice.choice(self.window.tools.rows).name)

    def choose_class(self) -> None:
        if self.session.schema:
            self.session.active_value = self.dice.choice(self.session.schema.classes).value

    def trigger_action(self) -> None:
        unwanted = ENDS_THE_RUN | ASKS_FOR_A_FILE | TRAINS
        rows = [row for row in ROWS if isinstance(row, ActionRow) and row.handler not in unwanted]
        row = self.dice.choice(rows)
        action = self.window.actions_by_name[row.name]
        if action.isEnabled():
            action.trigger()
            self.done[row.name] += 1
        if self.session.project is None:
            self.open_again()

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
        if self.window.session.raster is None or len(self.window.runner.running) > 2:
            return
        dialog = self.window.commands._predict_flow.open()
        if dialog is None:
            return
        view = dialog.findChild(QAbstractButton, "predict_view")
        if view is not None and view.isEnabled():
            view.click()
        if dialog.action_button.isEnabled():
            dialog.accept()
        else:
            dialog.reject()

    def reopen(self) -> None:
        """Close the project and open it again: the labels of all images must be those from before."""
        self.settle()
        self.compare()
        before = self.labels_on_disk()
        self.window.label_commands.close_project()
        wait_until(lambda: self.session.project is None, "the end of the project")
        if self.labels_on_disk() != before:
            raise FailureError("labels are others after closing")
        self.open()

    def open_again(self) -> None:
        wait_until(lambda: not self.window.runner.running, "an idle window")
        self.open()

    def settle(self) -> None:
        """Let every job come to its end, and every edit to the disk."""
        self.window.tools.cancel()
        for job in self.window.runner.running:
            job.stop()
        wait_until(lambda: not self.window.runner.running and not modal(), "an idle window")
        if self.session.project is None:
            self.open()
        self.session.project.flush()

    def compare(self) -> None:
        """Compare the labels in sight with those in the file."""
        image, labels = self.session.image, self.session.labels
        if image is None or labels is None:
            return
        seen = digest(labels.read(image.grid.window))
        if self.labels_on_disk().get(image.id) != seen:
            raise FailureError(f"the labels of {image.name} on the disk are not those in the window")

    def labels_on_disk(self) -> dict[int, str]:
        with Project.open(self.project_path, read_only=True) as project:
            return {image.id: digest(project.labels(image.id).read(image.grid.window)) for image in project.images}

    # --- dialogs

    def answer_dialog(self) -> None:
        """Answer whatever dialog is open: mostly by cancelling, sometimes by its action."""
        dialog = modal()
        if dialog is None:
            return
        self.done[f"dialog {dialog.objectName()}"] += 1
        if dialog.objectName() == "dialog_crash":
            self.errors.append("the crash dialog is open")
        buttons = [
            button for button in dialog.findChildren(QAbstractButton) if button.isEnabled() and button.isVisible()
        ]
        if isinstance(dialog, QMessageBox) or not buttons or self.dice.random() < 0.6:
            dialog.reject()
        elif dialog.objectName() in ("dialog_accept", "dialog_classes") and self.dice.random() < 0.5:
            dialog.accept()
        else:
            harmless = [button for button in buttons if is_harmless(button)]
            if harmless:
                self.dice.choice(harmless).click()


def modal() -> QDialog | None:
    widget = QApplication.activeModalWidget()
    return widget if isinstance(widget, QDialog) else None


def is_harmless(button: QAbstractButton) -> bool:
    """Tell whether a click asks for no file of the system's dialogs, and does not start a long job."""
    name = button.objectName()
    box = button.parent()
    return button.isCheckable() and not name.endswith("_browse") and not isinstance(box, QDialogButtonBox)


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
        for image in images:
            project.add_image(image)
    weights = weights_of(build_model("unet16", 3, len(schema)))
    normalisation = Normalisation((120.0,) * 3, (60.0,) * 3)
    bundle = ModelBundle("unet16", schema, (1, 2, 3), "uint8", normalisation, 0.25, {}, weights)
    bundle.save(folder / "model.safetensors")


def sample(seed: int, start: float, gestures: int) -> Sample:
    process = psutil.Process()
    return Sample(
        seed,
        round(time.monotonic() - start, 1),
        gestures,
        round(process.memory_info().rss / 1e6, 1),
        process.num_fds() if os.name == "posix" else process.num_handles(),
        process.num_threads(),
    )


def append(path: Path | None, record: dict[str, object]) -> None:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(json.dumps(record) + "\n")


def run(minutes: float, count: int | None, seed: int, out: Path | None) -> bool:
    """Play for so long, or so many gestures; return whether all went well."""
    tune_allocator()  # as the window does at its start
    watchdog = Watchdog()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        monkey = Monkey(Path(folder), seed)
        sys.excepthook = lambda *error: monkey.errors.append("".join(traceback.format_exception(*error)))
        beat = QTimer(interval=200)
        beat.timeout.connect(lambda: setattr(watchdog, "beat", time.monotonic()))
        beat.start()
        watchdog.start()
        start, gestures, next_sample = time.monotonic(), 0, 0.0
        problem = ""
        try:
            monkey.start()
            while time.monotonic() - start < 60 * minutes and (count is None or gestures < count):
                monkey.play()
                gestures += 1
                if time.monotonic() >= next_sample:
                    next_sample = time.monotonic() + SAMPLE_SECONDS
                    append(out, asdict(sample(seed, start, gestures)))
            monkey.finish()
        except FailureError as error:
            problem = str(error)
        append(
            out,
            {
                "end": seed,
                "gestures": gestures,
                "seconds": round(time.monotonic() - start, 1),
                "problem": problem,
                "kinds": dict(monkey.done),
            },
        )
        print(
            f"seed {seed}: {gestures} gestures in {time.monotonic() - start:.0f} s; {problem or 'nothing went wrong'}"
        )
        print(sample(seed, start, gestures), dict(monkey.done.most_common()))
        sys.stdout.flush()
        os._exit(1 if problem else 0)  # what a broken window leaves behind would only hang


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--count", type=int, help="stop after so many gestures")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--append", type=Path, help="a file of samples, which further runs add to")
    parser.add_argument(
        "--report", type=Path, help="write the table of --append into this Markdown file, and run nothing"
    )
    options = parser.parse_args()
    if options.report is not None:
        write_report(options.append, options.report)
    else:
        run(options.minutes, options.count, options.seed, options.append)


if __name__ == "__main__":
    main()
