"""The table and the curve of `random_gestures.py`."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

from batches import records_in
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter, QPen, QPolygonF
from report_section import write_section

CURVES = (
    ("megabytes", "memory, MB", "#0072b2"),
    ("handles", "file handles", "#d55e00"),
    ("threads", "threads", "#009e73"),
    ("widgets", "widgets", "#cc79a7"),
)
WIDTH, HEIGHT, MARGIN = 900, 380, 40
EXPLANATION = """\
Strokes, keys, menus, buttons of all panels, undo storms; dialogs are filled in at random and ended by any of their own
buttons, so that projects are made, saved elsewhere and restored, labels and maps imported, accepted and exported,
networks trained and maps predicted. Now and then the project is closed and opened again: the labels in the file must be
those in the window. An event loop that stands still for ten seconds, or a dialog or job that does not end in two
minutes, is a hang.
"""


def write_report(samples: Path, out: Path) -> None:
    """Write the section into `out`, and the curve beside it in `pictures/`."""
    records = records_in(samples)
    points = [record for record in records if "end" not in record]
    ends = [record for record in records if "end" in record]
    picture = out.parent / "pictures" / "random-gestures.webp"
    draw(longest_run(points), picture)
    write_section(out, "random-gestures", "## An hour of random gestures", table(points, ends))


def longest_run(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the samples of the run that went on for longest."""
    longest = max(points, key=lambda point: point["seconds"])["run"]
    return [point for point in points if point["run"] == longest]


def table(points: list[dict[str, Any]], ends: list[dict[str, Any]]) -> str:
    """Return what the runs came to, and of each curve what is held while nothing much goes on."""
    runs = sorted({point["run"] for point in points})
    minutes = sum(max(point["seconds"] for point in points if point["run"] == run) for run in runs) / 60
    rows = {
        "runs": len(runs),
        "minutes": f"{minutes:.0f}",
        "gestures": sum(max(point["gestures"] for point in points if point["run"] == run) for run in runs),
        "runs that ended with a traceback, a hang or a lost label": sum(bool(end["problem"]) for end in ends),
        "runs that did not come to their end": len(set(runs) - {end["end"] for end in ends}),
    }
    for key, title, _ in CURVES:
        rows[f"{title}, at rest, in the four quarters of the longest run"] = " → ".join(quarters(points, key))
    lines = [f"| {name} | {value} |" for name, value in rows.items()]
    seeds = ", ".join(map(str, runs))
    command = "`scripts/on_screen python scripts/random_gestures.py --minutes ... --seed ... --append FILE`"
    picture = "![Memory, handles, threads and widgets over the longest run](pictures/random-gestures.webp)"
    return "\n".join([EXPLANATION, f"{command}, seeds {seeds}:", "", "| | |", "|---|---:|", *lines, "", picture])


def quarters(points: list[dict[str, Any]], key: str) -> list[str]:
    """Return a curve at rest in each quarter of the longest run: its lower quartile, for trainings are peaks."""
    values = [point[key] for point in longest_run(points)]
    bounds = [len(values) * part // 4 for part in range(5)]
    parts = (values[begin:end] or values for begin, end in pairwise(bounds))
    return [f"{sorted(part)[len(part) // 4]:.0f}" for part in parts]


def draw(points: list[dict[str, Any]], path: Path) -> None:
    """Draw each curve in a strip of its own, from zero up."""
    app = QGuiApplication.instance() or QGuiApplication(["landseg", "-platform", "offscreen"])  # no screen is needed
    image = QImage(WIDTH, HEIGHT, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    strip = (HEIGHT - MARGIN) / len(CURVES)
    with QPainter(image) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for number, (key, title, colour) in enumerate(CURVES):
            area = QRectF(MARGIN, MARGIN / 2 + number * strip, WIDTH - 2 * MARGIN, strip - 14)
            draw_curve(painter, area, [point["seconds"] for point in points], [point[key] for point in points], colour)
            painter.setPen(QColor(colour))
            highest = max(point[key] for point in points)
            painter.drawText(area.topLeft() + QPointF(4, 12), f"{title}, up to {highest:.0f}")
        painter.setPen(QColor("#444444"))
        painter.drawText(QPointF(MARGIN, HEIGHT - 8), "0")
        minutes = points[-1]["seconds"] / 60
        painter.drawText(QPointF(WIDTH - 2 * MARGIN, HEIGHT - 8), f"{minutes:.0f} min")
    del app
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(str(path))


def draw_curve(painter: QPainter, area: QRectF, times: list[float], values: list[float], colour: str) -> None:
    painter.setPen(QColor("#cccccc"))
    painter.drawRect(area)
    highest, last = max(values) * 1.25, max(times[-1], 1.0)
    painter.setPen(QPen(QColor(colour), 1.6))
    painter.drawPolyline(
        QPolygonF(
            [
                QPointF(area.left() + area.width() * at / last, area.bottom() - area.height() * value / highest)
                for at, value in zip(times, values, strict=True)
            ]
        )
    )
