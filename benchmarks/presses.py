"""How many presses of a button it takes to draw the buildings of a window of the orthophoto, by each way of drawing.

    LANDSEG_DATA=... python -m benchmarks.presses [--out docs/bench] [--seed 0]

A simulated person draws every building in landseg's real window, by events of the mouse: sees where the roof is (the
truth, drawn once by hand), takes the fewest corners or rectangles that cover it well, and clicks with a hand that
trembles. Each press of a mouse button and of a key over the image counts, until all buildings are drawn; tool and class
are chosen once, and the wheel is not pressed.
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
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from benchmarks import report
from benchmarks.mouse import wait_until
from benchmarks.roofs import Position, Ring, fewest_corners, fewest_rectangles, roofs
from benchmarks.window import BareWindow
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED, load_classes
from landseg_core.labels.regions import PolygonRegion

TRUTH = Path(__file__).parent / "data" / "brig_buildings.geojson"
GOOD = 0.90
"""A building counts as drawn from this IoU on."""
SCALE = 2.0
"""Screen px per raster px while a building is drawn."""
TREMOR = 1.0
"""Standard deviation of where a click falls, in screen px."""
_CLASSES, _BUILDING = "landcover-dubai", 1
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
    """Clicks over the image of a window, at positions in raster px, with a hand that trembles."""

    def __init__(self, bare: BareWindow, seed: int) -> None:
        self._view = bare.view
        self._rng = np.random.default_rng(seed)

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


@dataclass(frozen=True)
class Way:
    """A way of drawing: the `tool` in hand, what draws a roof, and how many presses all of them may take."""

    name: str
    tool: str
    draw: Callable[[Draughtsman, Ring], None]
    most: int | None = None


WAYS = (
    Way("polygons", "polygon", _draw_polygon),
    Way("rotated rectangles", "rotated_rectangle", _draw_rectangles, 100),
    Way("one rotated rectangle each", "rotated_rectangle", _draw_one_rectangle),
)


@dataclass(frozen=True)
class Drawn:
    """The presses that each building took, and the IoU that it reached."""

    way: str
    presses: Sequence[int]
    ious: Sequence[float]

    @property
    def total(self) -> int:
        """Return the presses of all buildings."""
        return sum(self.presses)

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
        bare.window.tools.select(way.tool)
        project.paint.active_value = _BUILDING
        hand, presses = Draughtsman(bare, seed), PressCounter(bare.view, bare.view.viewport())
        results = [_draw(way, bare, hand, presses, roof) for roof in buildings]
    finally:
        for job in bare.session.background_jobs:
            job.stop()
        bare.wait_idle()
        bare.session.project_session.lifecycle.close()
        bare.close()
    return Drawn(way.name, [count for count, _ in results], [iou for _, iou in results])


def _draw(way: Way, bare: BareWindow, hand: Draughtsman, presses: PressCounter, roof: Ring) -> tuple[int, float]:
    """Draw a building; return its presses and its IoU with what has been painted for it."""
    before, (columns, rows) = presses.count, zip(*roof, strict=True)
    bare.view.centre_on((min(columns) + max(columns)) / 2, (min(rows) + max(rows)) / 2, SCALE)
    around = _around(bare, roof)
    former = _painted(bare, around)
    way.draw(hand, roof)
    added, truth = _painted(bare, around) & ~former, PolygonRegion([roof]).mask(around)
    return presses.count - before, float((added & truth).sum() / (added | truth).sum())


def _around(bare: BareWindow, roof: Ring) -> PixelWindow:
    """Return the part of the image in view: nothing is painted beyond it."""
    seen, whole = PolygonRegion([roof]).bounds, bare.view.view_window()
    assert whole is not None
    assert whole.contains(seen)
    return whole


def _painted(bare: BareWindow, window: PixelWindow) -> np.ndarray:
    labels = bare.session.project_session.labels
    assert labels is not None
    return labels.read(window) != UNLABELLED


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
