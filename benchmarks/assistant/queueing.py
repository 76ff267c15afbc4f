"""Lines of the queue: the simulated user gives the cells that landseg asks about their true class."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from benchmarks.assistant.clicking import click_through
from benchmarks.assistant.correction import correction_of_scene_line
from benchmarks.assistant.line import Case, Goal, Line, Measured
from benchmarks.assistant.parents import parent
from benchmarks.assistant.scenes import View, views
from benchmarks.assistant.scoring import Score, score
from benchmarks.assistant.suggesting import LabelledImage
from benchmarks.assistant.training import FURTHER_TITLE, QUALITY, STROKES, Labels, now, parent_further
from benchmarks.assistant.views import CLICKS, VIEWS, columns
from benchmarks.scribbles import UNLABELLED, Mask
from benchmarks.simulated_user import Effort, Region, Stroke, labels_of
from landseg_core.assistant.label_queue import Question
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.regions import Position
from landseg_core.models.bundle import ModelBundle

REACH = 60
"""Px around the cell that is asked about, within which a person strokes."""

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


def strokes_at_parent_questions(case: Case) -> Labels:
    """Return 60 strokes where landseg asks, with the parent of other scenes in use; every image gets as many."""
    bundle, truth = ModelBundle.load(parent(case).run), case.scene.truth()
    quotas = [len(part) for part in np.array_split(np.arange(STROKES), len(truth))]
    rng, drawn = case.rng("strokes at questions"), []
    for path, mask, quota in zip(case.scene.images, truth, quotas, strict=True):
        with LabelledImage(path) as image:
            image.use_model(bundle)
            drawn.append(strokes_at_questions(image, mask, quota, rng))
    return Labels.of(drawn, truth)


def strokes_at_questions(image: LabelledImage, mask: Mask, count: int, rng: np.random.Generator) -> list[Stroke]:
    """Return strokes of the true class around the cells that landseg asks about, each asked anew after a stroke."""
    drawn: list[Stroke] = []
    asked: list[Position] = []
    while len(drawn) < count:
        for question in image.questions(image.window, asked):
            asked.append(question.position)
            region = region_around(question, mask)
            stroke = region.stroke(mask, rng) if region else None
            if stroke is not None:
                break
        else:
            return drawn
        drawn.append(stroke)
        image.label(image.window, labels_of([stroke], mask.shape))
    return drawn


def region_around(question: Question, mask: Mask) -> Region | None:
    """Return the region of a cell's true class that a person strokes: within `REACH` px of the cell."""
    cell = question.region.mask(PixelWindow(0, 0, mask.shape[1], mask.shape[0]))
    value = most_frequent(mask[cell])
    rows, columns = np.nonzero(cell & (mask == value))
    if value == UNLABELLED:
        return None
    top, left = max(int(rows.min()) - REACH, 0), max(int(columns.min()) - REACH, 0)
    box = np.s_[top : int(rows.max()) + REACH + 1, left : int(columns.max()) + REACH + 1]
    _, numbers = cv2.connectedComponents((mask[box] == value).astype(np.uint8), connectivity=4)
    own = numbers[cell[box] & (mask[box] == value)]
    inside = numbers == np.bincount(own).argmax()
    return Region(value, top, left, inside, int(inside.sum()))


def most_frequent(values: Mask) -> int:
    """Return the class that most of the known values are, UNLABELLED where none is known."""
    known = values[values != UNLABELLED]
    return int(np.bincount(known).argmax()) if known.size else UNLABELLED


LINES = {
    "parent-queue": Line(
        FURTHER_TITLE.format("strokes where it asks", "now"),
        partial(parent_further, now, strokes_at_parent_questions),
        (
            *QUALITY,
            Goal("gain", "gain in mIoU over the parent"),
            Goal("miou", "gain in mIoU over the same number of strokes anywhere", over="parent-strokes", at_least=0.04),
        ),
        trains=True,
        seeds=(0, 1, 2),
    ),
    "correction-queue": correction_of_scene_line(f"{STROKES} strokes where it asks", strokes_at_parent_questions),
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
