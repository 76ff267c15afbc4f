"""How regularly the picture moves under a hand that pans, idle and while a network trains or predicts."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt, QTimer

from benchmarks.mouse import wait_until
from benchmarks.picture_window import PictureWindow
from benchmarks.table import ROUNDS, Line, Target, percentile_95
from benchmarks.targets import CLASSES
from benchmarks.trained import KEPT, data_set, trained
from landseg_core.data.sources.folders import Folders
from landseg_core.events import Event, Progress, StepFinished
from landseg_core.tasks.predict import PlannedMap, PredictTask
from landseg_core.tasks.train import TrainTask
from landseg_gui.jobs.runner import Job
from landseg_gui.workflows.predict import prediction_job
from landseg_gui.workflows.training.flow import training_work

TICK_MS = 16
SECONDS = 5
_TURN_TICKS = 200
_SILENCE = 2.0  # s: longer than from one checkpoint of a job to the next
_SMOOTH = Target(value=33)


class PanningHand:
    """Pans at every tick of a timer, to and fro."""

    def __init__(self, window: PictureWindow) -> None:
        self._window = window
        self._ticks = 0
        self._timer = QTimer(interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._pan)

    def _pan(self) -> None:
        self._ticks += 1
        way = 1 if self._ticks // _TURN_TICKS % 2 else -1
        self._window.view.pan_by(6 * way, 3 * way)

    def intervals(self, seconds: float) -> list[float]:
        """Return the ms from one painted frame to the next, over a while."""
        times = [time.perf_counter()]
        self._timer.start()
        while times[-1] < times[0] + seconds:
            before = self._window.painted.count
            wait_until(lambda before=before: self._window.painted.count > before)
            times.append(time.perf_counter())
        self._timer.stop()
        return list(1000 * np.diff(times))


def frames_beside_jobs(window: PictureWindow, picture: Path, folder: Path) -> Iterator[Line]:
    window.go_to(1.0)
    hand = PanningHand(window)
    for name, start in (("trains", start_training), ("predicts", start_predicting)):
        job = start(window, picture, folder)
        idle, busy = frames_in_turns(hand, job)
        job.stop()
        window.wait_idle()
        yield Line(f"frame interval while panning, idle before unet16 {name}, p95", idle, unit="ms", target=_SMOOTH)
        yield Line(f"the same while unet16 {name}, p95", busy, "idle", idle, "ms", target=_SMOOTH)


def frames_in_turns(hand: PanningHand, job: Job) -> tuple[list[float], list[float]]:
    """Return the 95th percentiles of the frame intervals while the job pauses and while it works, in turns."""
    news = News(job)
    news.wait()  # until torch is loaded and the network at work
    idle, busy = [], []
    for _ in range(ROUNDS):
        job.control.pause()
        news.wait_for_silence()
        idle.append(percentile_95(hand.intervals(SECONDS)))
        job.control.resume()
        news.wait()
        busy.append(percentile_95(hand.intervals(SECONDS)))
    return idle, busy


class News:
    """What a job tells of its network's work: a step of training, or progress that is some."""

    def __init__(self, job: Job) -> None:
        self._last = 0.0
        self._count = 0
        job.reported.connect(self._note)
        job.failed.connect(sys.exit)

    def _note(self, event: Event) -> None:
        if isinstance(event, StepFinished) or (isinstance(event, Progress) and event.done):
            self._last = time.perf_counter()
            self._count += 1

    def wait(self) -> None:
        """Wait until the network has done some more work."""
        before = self._count
        wait_until(lambda: self._count >= before + 2)

    def wait_for_silence(self) -> None:
        """Wait until a paused job has come to its next checkpoint."""
        asked = time.perf_counter()
        wait_until(lambda: time.perf_counter() > max(asked, self._last) + _SILENCE)


def start_training(window: PictureWindow, _picture: Path, folder: Path) -> Job:
    data = data_set()
    train, val = data.lists / "train.txt", data.lists / "val.txt"
    source = Folders(images=data.folder / "images", masks=data.masks, train_list=train, val_list=val)
    settings = {"model": "unet16", "epochs": 1000}
    task = TrainTask(out=folder / "run", source=source, classes=CLASSES, settings=settings)
    return window.runner.start("Train", training_work(task))


def start_predicting(window: PictureWindow, picture: Path, folder: Path) -> Job:
    trained("unet16")
    map_path = folder / "predicted.tif"
    maps = (PlannedMap(picture, map_path),)
    task = PredictTask(model=KEPT / "unet16", maps=maps, tile=1024, overlap=128, device="cpu")
    return window.runner.start("Predict", prediction_job(task))
