"""Lines of how soon the window answers: a stroke, a pan, and the frames meanwhile; in 1600 x 900 px."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import cycle
from pathlib import Path

import torch
from PySide6.QtCore import QTimer

from benchmarks.assistant.line import Case, Goal, Line, Measured
from benchmarks.assistant.scenes import ORTHOPHOTO
from benchmarks.frames import News, PanningHand, start_training
from benchmarks.label_project import CLASSES
from benchmarks.mouse import Drag, PaintCounter, wait_until
from benchmarks.table import percentile_95
from benchmarks.window import VIEW, BareWindow
from landseg_core.geo.grid import RasterGrid
from landseg_core.labels.regions import Position
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import build_model
from landseg_core.models.header import BundleHeader
from landseg_core.models.normalisation import Normalisation
from landseg_core.models.weights import weights_of
from landseg_core.project.project import Project

STROKES, PANS, FRAME_SECONDS = 20, 15, 10
BRUSH_PX = 20
_MOVES = 8
"""Moves of the mouse in a stroke."""
_EVERY_MS = 300
"""How often a label changes while frames are counted."""


class AssistantWindow(BareWindow):
    """The window on a project of an orthophoto, with suggestions for the view, at 1:1."""

    def __init__(self, folder: Path, orthophoto: Path) -> None:
        super().__init__(folder)
        self.painted = PaintCounter(self.view.viewport())
        with Project.create(folder / "labels.landseg", CLASSES) as project:
            grid = project.add_image(orthophoto).grid
        self.session.project_session.lifecycle.open(folder / "labels.landseg")
        wait_until(lambda: self.session.layers.labels is not None)
        self.wait_idle()  # overviews are not what is measured
        self.suggestions = self.session.suggestions
        if not self.suggestions.on:
            self.window.actions_by_name["action_suggest"].trigger()
        self.window.tools.select("brush")
        self.window.tools.settings.size = BRUSH_PX
        self._unseen = _views(grid)
        self.view.centre_on(*next(self._unseen), 1.0)
        self.wait_sharp()
        for _ in CLASSES.values:
            self._drawn().release()
        wait_until(lambda: self.suggestions.is_current)

    def stroke(self) -> float:
        """Draw a stroke of the next class; return the seconds from its end until a suggestion knows it."""
        return self._until_answered(self._drawn().release)

    def _drawn(self) -> Drag:
        """Draw a stroke of the next class, and leave the button held."""
        paint, values = self.session.project_session.paint, CLASSES.values
        paint.active_value = values[(values.index(paint.active_value) + 1) % len(values)]
        return self.mouse.drag(_MOVES)

    def pan(self) -> float:
        """Go to where nothing is known yet; return the seconds until there is a suggestion."""
        return self._until_answered(partial(self.view.centre_on, *next(self._unseen), 1.0))

    def _until_answered(self, act: Callable[[], object]) -> float:
        start = time.perf_counter()
        act()
        wait_until(lambda: self.suggestions.is_current)
        before = self.painted.count
        self.view.viewport().update()
        wait_until(lambda: self.painted.count > before)
        return time.perf_counter() - start

    @contextmanager
    def labels_changing(self) -> Iterator[None]:
        """Undo and redo a stroke again and again, each of which asks for a new suggestion."""
        editing = self.session.project_session.editing
        turns = cycle((editing.undo, editing.redo))
        timer = QTimer(interval=_EVERY_MS)
        timer.timeout.connect(lambda: next(turns)())
        timer.start()
        yield
        timer.stop()


def _views(grid: RasterGrid) -> Iterator[Position]:
    """Yield the middles of views of a raster that lie side by side."""
    width, height = VIEW
    for row in range(grid.height // height):
        for column in range(grid.width // width):
            yield (column + 0.5) * width, (row + 0.5) * height


def without_model(case: Case) -> Measured:
    """Measure strokes, pans and frames before there is a model, idle and while a network trains."""
    window = AssistantWindow(case.folder, case.scene.images[0])
    values = {"stroke_p95": _p95(window.stroke, STROKES), "pan_p95": _p95(window.pan, PANS)}
    values["frame_ms_p95"] = _frames(window)
    job = start_training(window, case.scene.images[0], case.folder)
    News(job).wait()
    values |= {"stroke_training_p95": _p95(window.stroke, STROKES), "pan_training_p95": _p95(window.pan, PANS)}
    values["frame_ms_training_p95"] = _frames(window)
    job.stop()
    window.wait_idle()
    window.close()
    return Measured(values)


def with_model(case: Case) -> Measured:
    """Measure strokes with a network of untrained weights in use, which take as long as any, once all is computed."""
    model = _untrained(case.folder / "model.safetensors")
    window = AssistantWindow(case.folder, case.scene.images[0])
    window.session.model.give(window.session.project_session.owner, model)
    wait_until(lambda: window.suggestions.is_settled)
    seconds, processor = zip(*(_with_processor_time(window.stroke) for _ in range(STROKES)), strict=True)
    values = {"stroke_p95": percentile_95(seconds), "stroke_cpu": statistics.median(processor)}
    values["pan_p95"] = _p95(window.pan, PANS)
    window.close()
    return Measured(values)


def _with_processor_time(act: Callable[[], float]) -> tuple[float, float]:
    """Return what an act returns, and the seconds of all processors until then."""
    start = time.process_time()
    return act(), time.process_time() - start


def _untrained(path: Path) -> Path:
    torch.manual_seed(0)
    state = weights_of(build_model("lite0", 3, len(CLASSES)))
    header = BundleHeader("lite0", CLASSES, (1, 2, 3), "uint8", Normalisation((110.0,) * 3, (50.0,) * 3), None, {})
    ModelBundle(header, state).save(path)
    return path


def _p95(act: Callable[[], float], times: int) -> float:
    return percentile_95([act() for _ in range(times)])


def _frames(window: AssistantWindow) -> float:
    with window.labels_changing():
        return percentile_95(PanningHand(window).intervals(FRAME_SECONDS))


_STROKE, _PAN = "stroke to suggestion, s, p95", "pan to suggestion, s, p95"
LINES = {
    "answers": Line(
        "how soon the window answers, 1600 x 900",
        without_model,
        (
            Goal("stroke_p95", _STROKE, at_most=0.5),
            Goal("pan_p95", _PAN, at_most=1.5),
            Goal("frame_ms_p95", "frame interval while suggestions are made, ms, p95", at_most=33),
            Goal("stroke_training_p95", f"while training: {_STROKE}"),
            Goal("pan_training_p95", f"while training: {_PAN}"),
            Goal("frame_ms_training_p95", "while training: frame interval, ms, p95", at_most=33),
        ),
        scenes=(ORTHOPHOTO,),
        seeds=(0,),
    ),
    "answers-model": Line(
        "how soon the window answers with a lite0 model, 1600 x 900",
        with_model,
        (
            Goal("stroke_p95", _STROKE, at_most=0.5),
            Goal("stroke_cpu", "stroke to suggestion, CPU s, median"),
            Goal("pan_p95", f"{_PAN}, for all of the view"),
        ),
        scenes=(ORTHOPHOTO,),
        seeds=(0,),
    ),
}
