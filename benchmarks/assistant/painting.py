"""Painting alone, for ten minutes: what the loop is compared with."""

from __future__ import annotations

from dataclasses import asdict

from benchmarks.assistant.line import Case, Goal, Line, Measured
from benchmarks.assistant.scoring import score
from benchmarks.simulated_user import LOOK_S, STROKE_S, Effort, labels_of, paint_regions

SECONDS = 600.0


def painting(case: Case) -> Measured:
    """Paint the largest regions first; what is not painted belongs to no class, and is wrong."""
    truth = case.scene.truth()
    looks = len(truth)
    count = int((SECONDS - LOOK_S * looks) / STROKE_S)
    strokes = paint_regions(truth, count, case.rng("painting"))
    maps = [labels_of(drawn, mask.shape) for drawn, mask in zip(strokes, truth, strict=True)]
    nothing = [labels_of([], mask.shape) for mask in truth]
    return Measured(asdict(score(truth, maps, nothing)), Effort(strokes=count, looks=looks))


LINES = {
    "painting": Line("ten minutes of painting alone", painting, (Goal("miou", "mIoU"), Goal("accuracy", "accuracy")))
}
