"""All lines by name, and what the table asks of several together."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.assistant import another_image, answering, correction, painting, queueing, training, views
from benchmarks.assistant.line import Goal, Line

LINES: dict[str, Line] = {
    **views.LINES,
    **another_image.LINES,
    **correction.LINES,
    **training.LINES,
    **painting.LINES,
    **queueing.LINES,
    **answering.LINES,
}


@dataclass(frozen=True)
class Rows:
    """Rows of the table: goals about the records of one line or of several."""

    title: str
    lines: tuple[str, ...]
    goals: tuple[Goal, ...]


REPORTED = Rows(
    "figure that a run reports of itself, against the truth",
    ("from-nothing", "starter", "parent-strokes", "parent-errors"),
    (
        Goal("reported_difference", "difference in mIoU", by="mean", at_most=0.08),
        Goal("reported_holds", "share of runs whose 95 % interval holds the truth", by="mean", at_least=0.80),
        Goal("reported_width", "width of the interval", at_most=0.30),
    ),
)


def table_rows() -> list[Rows]:
    """Return the rows of the table in its order."""
    return [*(Rows(line.title, (name,), line.goals) for name, line in LINES.items()), REPORTED]
