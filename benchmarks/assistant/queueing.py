"""Lines of the queue: the simulated user gives the cells that landseg asks about their true class."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.assistant.clicking import click_through
from benchmarks.assistant.line import Case, Goal, Line, Measured
from benchmarks.assistant.scenes import View, views
from benchmarks.assistant.scoring import Score, score
from benchmarks.assistant.suggesting import LabelledImage
from benchmarks.assistant.views import CLICKS, VIEWS, columns
from benchmarks.scribbles import UNLABELLED, Mask
from benchmarks.simulated_user import Effort
from landseg_core.labels.regions import Position

Clicks = Callable[[View, LabelledImage, np.random.Generator], Mask]
"""Returns the (H, W) labels of a view after some clicks on an image without labels."""


@dataclass(frozen=True)
class Mapped:
    """What a view is suggested to be after some clicks, and the seconds that the computer took."""

    score: Score
    seconds: float


def queue(case: Case) -> Measured:
    """Answer the questions of landseg about views; compare with cells anywhere, and at the largest errors."""
    shown = views(case.scene, case.seed, VIEWS)
    asked, anywhere, at_errors = (
        [_mapped(case, view, clicks) for view in shown] for clicks in (at_questions, at_random, at_largest_errors)
    )
    own, random, oracle = ([each.score for each in found] for found in (asked, anywhere, at_errors))
    values = {
        **columns("{}", own),
        **columns("gain_{}", own, random),
        **columns("gain_{}_over_errors", own, oracle),
    }
    return Measured(values, Effort(clicks=VIEWS * CLICKS), sum(each.seconds for each in asked))


def _mapped(case: Case, view: View, clicks: Clicks) -> Mapped:
    start = time.monotonic()
    with LabelledImage(view.image) as image:
        labels = clicks(view, image, case.rng(f"queue on {view.image.stem}"))
        image.label(view.window, labels)
        shown = np.where(labels == UNLABELLED, image.suggest(view.window), labels)
    return Mapped(score([view.truth], [shown], [labels]), time.monotonic() - start)


def at_questions(view: View, image: LabelledImage, _rng: np.random.Generator) -> Mask:
    """Answer one question after another, each asked anew after the one before; skip what the truth does not know."""
    labels = np.full_like(view.truth, UNLABELLED)
    asked: list[Position] = []
    for _ in range(CLICKS):
        for question in image.questions(view.window, asked):
            inside = question.region.mask(view.window)
            value = most_frequent(view.truth[inside])
            if value != UNLABELLED:
                break
            asked.append(question.position)
        else:
            return labels
        labels[inside] = value
        image.label(view.window, labels)
    return labels


def at_random(view: View, image: LabelledImage, rng: np.random.Generator) -> Mask:
    """Give cells anywhere in a view their class."""
    cells, labels = image.cells(view.window), np.full_like(view.truth, UNLABELLED)
    known = np.unique(cells[(view.truth != UNLABELLED) & (cells >= 0)])
    for cell in rng.permutation(known)[:CLICKS].tolist():
        labels[cells == cell] = most_frequent(view.truth[cells == cell])
    return labels


def at_largest_errors(view: View, image: LabelledImage, rng: np.random.Generator) -> Mask:
    """Click one cell of each class, and then always in the middle of the largest wrong region."""

    def suggest(labels: Mask) -> Mask:
        image.label(view.window, labels)
        return image.suggest(view.window)

    states = list(click_through(view.truth, image.cells(view.window), suggest, rng, CLICKS))
    return states[-1].labels


def most_frequent(values: Mask) -> int:
    """Return the class that most of the known values are, UNLABELLED where none is known."""
    known = values[values != UNLABELLED]
    return int(np.bincount(known).argmax()) if known.size else UNLABELLED


LINES = {
    "queue": Line(
        f"before any model, answers to {CLICKS} questions",
        queue,
        (
            Goal("accuracy", "accuracy of the view"),
            Goal("miou", "mIoU of the view"),
            Goal("gain_accuracy", f"gain in accuracy over {CLICKS} cells at random"),
            Goal("gain_miou", "gain in mIoU over them"),
            Goal("gain_accuracy_over_errors", f"gain in accuracy over {CLICKS} clicks at the largest errors"),
            Goal("gain_miou_over_errors", "gain in mIoU over them"),
        ),
    ),
}
