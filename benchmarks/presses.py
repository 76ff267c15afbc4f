"""How many presses of a button it takes to draw the buildings of a window of the orthophoto, by each way of drawing.

    LANDSEG_DATA=... python -m benchmarks.presses [--out docs/bench] [--seed 0]

A simulated person draws every building in landseg's real window, by events of the mouse: sees where the roof is (the
truth, drawn once by hand), takes the fewest corners or rectangles that cover it well, and clicks with a hand that
trembles. Each press of a mouse button and of a key over the image counts, until all buildings are drawn; tool and class
are chosen once, and the wheel is not pressed. With superpixels, each roof is drawn by a drag over its finest cells;
then comes the brush, which is one press more, and strokes along the walls where a roof is not good enough yet. With
suggestions, three roofs and the ground around them are labelled by superpixels; then regions that are suggested for
other roofs are accepted by a click where they nearly are the roof, and the rest is drawn as before. A drag counts as
one press.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from benchmarks import report
from benchmarks.cell_drawing import (
    Mask,
    best_stroke,
    cells_in_window,
    cells_of,
    drags_over,
    likeness,
    middle_of,
    near,
)
from benchmarks.mouse import wait_until
from benchmarks.roofs import Position, Ring, fewest_corners, fewest_rectangles, roofs
from benchmarks.window import BareWindow
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import load_classes
from landseg_core.labels.regions import PolygonRegion
from landseg_core.project.predicted_region import predicted_region

TRUTH = Path(__file__).parent / "data" / "brig_buildings.geojson"
GOOD = 0.90
"""A building counts as drawn from this IoU on."""
SCALE = 2.0
"""Screen px per raster px while a building is drawn."""
TREMOR = 1.0
"""Standard deviation of where a click falls, in screen px."""
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
_CLASSES, _BUILDING = "landcover-dubai", 1
_LAND = 0
_FIRST = 3
"""So many buildings, and what is around them, are labelled before anything is suggested."""
_NEARLY, _HARDLY = 0.75, 0.3
"""A region is accepted from this IoU on; a roof of which less is painted is still to be drawn."""
_BRUSH = 16
"""px of the image: the width of the brush that mends."""
_MOST_STROKES = 6
_PRESSES = (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick, QEvent.Type.KeyPress)


class PressCounter(QObject):
    """Counts the presses of buttons and keys that reach some widgets."""

    def __init__(self, *widgets: QWidget) -> None:
        super().__init__(widgets[0])
        self.count = 0
        for widget in widgets:
            widget.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Count an event, and let it pass."""
        self.count += event.type() in _PRESSES
        return False


class Draughtsman:
    """Clicks over the image of a window, at positions in raster px, with a hand that trembles, and sees what is there.

    `around` is the part of the image in view, `others` (H, W) where it shows roofs that are not the one to draw.
    """

    around: PixelWindow
    others: Mask

    def __init__(self, bare: BareWindow, seed: int) -> None:
        self._bare, self._view = bare, bare.view
        self._rng = np.random.default_rng(seed)

    def cells(self) -> Mask:
        """Return (H, W) the number of the finest cell of each pixel in view, once they are cut."""
        self._move(QPoint(self._view.width() // 2, self._view.height() // 2))
        keys = list(self._view.image.reader.pyramid.tiles_in(0, self.around))
        source = self._bare.session.cells
        wait_until(lambda: all(source.cells(key, finer=True) for key in keys))
        return cells_in_window({key: source.cells(key, finer=True).ids for key in keys}, self.around)

    def painted(self) -> Mask:
        """Return (H, W) where buildings are labelled in the view."""
        labels = self._bare.session.project_session.labels
        assert labels is not None
        return labels.read(self.around) == _BUILDING

    def suggested_region(self, position: Position) -> Mask | None:
        """Return (H, W) the region that is suggested to be a building at a position, as its outline shows."""
        suggestions, image = self._bare.session.suggestions, self._bare.session.project_session.image
        wait_until(lambda: suggestions.is_current)
        shown = suggestions.acceptable()
        assert shown is not None
        assert image is not None
        pixel = int(position[0]), int(position[1])
        found = predicted_region(shown.predicted(image.grid).values, pixel, self.around)
        return found.region.mask(self.around) if found is not None and found.value == _BUILDING else None

    def accept(self, position: Position) -> None:
        """Click a region, and wait until it has been accepted."""
        session = self._bare.session.project_session
        before = session.project.history.position
        self.click(position)
        wait_until(lambda: session.project.history.position > before and not session.editing.busy)

    @property
    def brush(self) -> int:
        """Return the diameter of the brush, px of the image."""
        return self._bare.window.tools.settings.diameter

    def _move(self, point: QPoint, buttons: Qt.MouseButton = Qt.MouseButton.NoButton) -> None:
        surface = self._view.viewport()
        to = surface.mapToGlobal(QPointF(point))
        none = Qt.MouseButton.NoButton, buttons, Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(surface, QMouseEvent(QEvent.Type.MouseMove, QPointF(point), to, *none))

    def drag(self, positions: Sequence[Position], button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        """Press a button, move through the positions and release it."""
        points = [self._point(position) for position in positions]
        self._move(points[0])
        QTest.mousePress(self._view.viewport(), button, pos=points[0])
        for point in points[1:]:
            self._move(point, button)
        QTest.mouseRelease(self._view.viewport(), button, pos=points[-1])

    def _point(self, position: Position) -> QPoint:
        at = QPointF(*self._view.frame.to_device(*position)) / self._view.devicePixelRatioF()
        across, down = self._rng.normal(0, TREMOR, 2)
        return QPoint(round(at.x() + across), round(at.y() + down))

    def click(self, position: Position) -> None:
        """Press and release the left button."""
        QTest.mouseClick(self._view.viewport(), Qt.MouseButton.LeftButton, pos=self._point(position))

    def double_click(self, position: Position) -> None:
        """Press and release the left button twice, as Qt reports it: the second press comes as a double click."""
        point = self._point(position)
        for press in (QTest.mouseClick, QTest.mouseDClick):
            press(self._view.viewport(), Qt.MouseButton.LeftButton, pos=point)


def _draw_polygon(hand: Draughtsman, roof: Ring) -> None:
    *corners, last = fewest_corners(roof)
    for corner in corners:
        hand.click(corner)
    hand.double_click(last)


def _draw_rectangles(hand: Draughtsman, roof: Ring) -> None:
    for clicks in fewest_rectangles(roof):
        for position in clicks:
            hand.click(position)


def _draw_one_rectangle(hand: Draughtsman, roof: Ring) -> None:
    for position in fewest_rectangles(roof, most=1)[0]:
        hand.click(position)


def _drag_over_cells(hand: Draughtsman, roof: Ring) -> None:
    cells, corner = hand.cells(), (hand.around.x, hand.around.y)
    for drag in drags_over(cells, cells_of(cells, PolygonRegion([roof]).mask(hand.around))):
        hand.drag([(corner[0] + column + 0.5, corner[1] + row + 0.5) for column, row in drag])


def _mend(hand: Draughtsman, roof: Ring) -> None:
    """Stroke along the walls of a roof until it is good enough; what lies elsewhere is not looked at."""
    truth = PolygonRegion([roof]).mask(hand.around)
    for _ in range(_MOST_STROKES):
        painted = hand.painted() & ~hand.others
        if likeness(painted & near(truth), truth) >= GOOD:
            return
        stroke = best_stroke(roof, painted & near(truth), hand.around, hand.brush, hand.others & hand.painted())
        if stroke is None:
            return
        hand.drag([stroke.start, stroke.end], RIGHT if stroke.erases else LEFT)


def _drag_around(hand: Draughtsman, roof: Ring) -> None:
    """Drag over the cells around a roof."""
    truth = PolygonRegion([roof]).mask(hand.around)
    cells, corner = hand.cells(), (hand.around.x, hand.around.y)
    around = cells_of(cells, near(truth) & ~truth) & ~cells_of(cells, truth | hand.others)
    longest = max(drags_over(cells, around), key=len)
    hand.drag([(corner[0] + column + 0.5, corner[1] + row + 0.5) for column, row in longest])


def _accept_region(hand: Draughtsman, roof: Ring) -> None:
    """Click the suggested region of a roof, where that is nearly the roof."""
    truth = PolygonRegion([roof]).mask(hand.around)
    if hand.painted()[truth].mean() < _HARDLY:
        found = hand.suggested_region(middle_of(truth, hand.around))
        if found is not None and likeness(found, truth) >= _NEARLY:
            hand.accept(middle_of(truth, hand.around))


def _drag_where_missing(hand: Draughtsman, roof: Ring) -> None:
    if hand.painted()[PolygonRegion([roof]).mask(hand.around)].mean() < _HARDLY:
        _drag_over_cells(hand, roof)


Draw = Callable[[Draughtsman, Ring], None]


@dataclass(frozen=True)
class Pass:
    """With a `tool` in hand and a class, `draw` is called for the first `most` buildings, or for all."""

    tool: str
    draw: Draw
    most: int | None = None
    value: int = _BUILDING
    suggests: bool = False


@dataclass(frozen=True)
class Way:
    """A way of drawing: the passes over the buildings, and how many presses all of them may take."""

    name: str
    passes: tuple[Pass, ...]
    most: int | None = None


WAYS = (
    Way("polygons", (Pass("polygon", _draw_polygon),)),
    Way("rotated rectangles", (Pass("rotated_rectangle", _draw_rectangles),), 100),
    Way("one rotated rectangle each", (Pass("rotated_rectangle", _draw_one_rectangle),)),
    Way("superpixels, then the brush", (Pass("superpixel", _drag_over_cells), Pass("brush", _mend)), 64),
    Way(
        "suggestions, then superpixels and the brush",
        (
            Pass("superpixel", _drag_over_cells, _FIRST),
            Pass("superpixel", _drag_around, _FIRST, _LAND),
            Pass("accept_region", _accept_region, suggests=True, value=_LAND),
            Pass("superpixel", _drag_where_missing),
            Pass("brush", _mend),
        ),
        45,
    ),
)


@dataclass(frozen=True)
class Drawn:
    """The presses that each building took, the IoU that it reached, and the presses for other tools and classes."""

    way: str
    presses: Sequence[int]
    ious: Sequence[float]
    choices: int = 0

    @property
    def total(self) -> int:
        """Return the presses for all buildings."""
        return sum(self.presses) + self.choices

    @property
    def good(self) -> int:
        """Return how many buildings are drawn well enough."""
        return sum(iou >= GOOD for iou in self.ious)


def draw_all(way: Way, raster: Path, buildings: Sequence[Ring], folder: Path, seed: int) -> Drawn:
    """Draw all buildings in a window on a new project in `folder`."""
    bare = BareWindow(folder)
    try:
        project = bare.session.project_session
        project.lifecycle.create(folder / "buildings.landseg", load_classes(_CLASSES), [raster])
        wait_until(lambda: project.labels is not None and bare.view.image is not None)
        bare.window.tools.settings.size, bare.window.tools.settings.cell_size = _BRUSH, 0
        bare.session.suggestions.restore(on=False, only_when_asked=False)
        sitting = _Sitting(bare, Draughtsman(bare, seed), buildings)
        for each in way.passes:
            sitting.draw(each)
    finally:
        for job in bare.session.background_jobs:
            job.stop()
        bare.wait_idle()
        bare.session.project_session.lifecycle.close()
        bare.close()
    return Drawn(way.name, sitting.presses, sitting.ious(), sitting.choices)


class _Sitting:
    """Goes from building to building, and counts the presses for each and what has been painted for it."""

    def __init__(self, bare: BareWindow, hand: Draughtsman, buildings: Sequence[Ring]) -> None:
        self._bare, self._hand, self._buildings = bare, hand, buildings
        self._counter = PressCounter(bare.view, bare.view.viewport())
        self._painted: dict[int, tuple[PixelWindow, Mask]] = {}
        self._chosen: tuple[str, int] | None = None
        self.presses = [0] * len(buildings)
        self.choices = 0

    def draw(self, each: Pass) -> None:
        """Make a pass: take the tool and the class, and go over the buildings."""
        chosen = each.tool, each.value
        if self._chosen is not None:
            self.choices += sum(one != other for one, other in zip(self._chosen, chosen, strict=True))
        self._chosen = chosen
        self._bare.window.tools.select(each.tool)
        self._bare.session.project_session.paint.active_value = each.value
        if each.suggests != self._bare.session.suggestions.on:
            self._bare.session.suggestions.ask()
        for number in range(len(self._buildings))[: each.most]:
            self._draw(number, each.draw)

    def _draw(self, number: int, draw: Draw) -> None:
        hand, roof, pressed = self._hand, self._buildings[number], self._counter.count
        columns, rows = zip(*roof, strict=True)
        self._bare.view.centre_on((min(columns) + max(columns)) / 2, (min(rows) + max(rows)) / 2, SCALE)
        hand.around = around = self._around(roof)
        others = [PolygonRegion([other]).mask(around) for other in self._buildings if other is not roof]
        hand.others = np.any(others, axis=0) if others else np.zeros((around.height, around.width), bool)
        former = hand.painted()
        draw(hand, roof)
        now = hand.painted()
        own = self._painted.get(number, (around, np.zeros_like(now)))[1]
        self._painted[number] = around, (own | (now & ~former)) & now
        self.presses[number] += self._counter.count - pressed

    def _around(self, roof: Ring) -> PixelWindow:
        """Return the part of the image in view: nothing is painted beyond it."""
        seen, whole = PolygonRegion([roof]).bounds, self._bare.view.view_window()
        assert whole is not None
        assert whole.contains(seen)
        return whole

    def ious(self) -> list[float]:
        """Return the IoU of each building with what has been painted for it."""
        return [
            likeness(painted, PolygonRegion([self._buildings[number]]).mask(around))
            for number, (around, painted) in sorted(self._painted.items())
        ]


def measured(raster: Path, seed: int) -> list[Drawn]:
    """Draw the buildings of the named window in every way."""
    buildings, results = roofs(TRUTH), []
    for way in WAYS:
        with tempfile.TemporaryDirectory() as folder:
            results.append(draw_all(way, raster, buildings, Path(folder), seed))
    return results


HEADER = (
    "| way of drawing | presses | target | buildings at IoU >= 0.90 | median IoU | presses for a building |\n"
    + 6 * "|---"
    + "|"
)


def row(drawn: Drawn) -> str:
    """Return a line of the table."""
    most = next(way.most for way in WAYS if way.name == drawn.way)
    target = f"<= {most}" if most else ""
    each = f"{min(drawn.presses)} to {max(drawn.presses)}"
    of = f"{drawn.good} of {len(drawn.ious)}"
    return f"| {drawn.way} | {drawn.total} | {target} | {of} | {np.median(drawn.ious):.3f} | {each} |"


def write(folder: Path, results: Sequence[Drawn], seed: int) -> None:
    """Write the table and all figures."""
    told: dict[str, Any] = {"seed": seed, "machine": report.facts(), "ways": [asdict(drawn) for drawn in results]}
    (folder / "presses.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    notes = (__doc__ or "").strip().split("\n\n")
    text = f"# Presses\n\n{notes[0]}\n\n{notes[2]}\n\n{HEADER}\n" + "\n".join(map(row, results)) + "\n"
    (folder / "presses.md").write_text(text, encoding="utf-8")


def main() -> None:
    """Draw, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.presses", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/bench"), help="folder of the table")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    data = os.environ.get("LANDSEG_DATA")
    if not data:
        raise SystemExit("LANDSEG_DATA names no folder of real imagery")
    results = measured(Path(data) / "ortho" / "swissimage_brig_8704x6656.tif", asked.seed)
    print(HEADER, *map(row, results), sep="\n")
    write(asked.out, results, asked.seed)


if __name__ == "__main__":
    main()
