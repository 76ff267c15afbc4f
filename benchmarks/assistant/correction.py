"""Lines of corrections: what strokes teach about a parent of other scenes within seconds, without training it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.assistant.code import NOW
from benchmarks.assistant.line import Case, Goal, Line, Measured
from benchmarks.assistant.parents import parent
from benchmarks.assistant.project_runs import add_labels, new_project, predict
from benchmarks.assistant.scenes import View, views
from benchmarks.assistant.scoring import score
from benchmarks.assistant.training import STROKES, Labels, LabelsOf, strokes_anywhere, strokes_at_parent_errors
from benchmarks.scribbles import UNLABELLED, Mask
from benchmarks.simulated_user import Effort, labels_of, strokes_at_errors

VIEWS, VIEW_STROKES = 2, 10


def correction_of_views(case: Case) -> Measured:
    """Correct the parent by ten strokes where it is wrong in a view; measure the view, and the scene without it."""
    before, _ = predict(NOW, parent(case).run, case.scene, case.folder / "parent-maps")
    found = [_view_gains(case, view, before, number) for number, view in enumerate(views(case.scene, case.seed, VIEWS))]
    values = {name: [each.values[name] for each in found] for name in found[0].values}
    return Measured(values, sum((each.effort for each in found), Effort()), sum(each.computer_s for each in found))


def _view_gains(case: Case, view: View, before: Sequence[Mask], number: int) -> Measured:
    truth, box = case.scene.truth(), view.window.slices()
    at = case.scene.images.index(view.image)
    labels = Labels.none(truth).masks
    strokes = strokes_at_errors(view.truth, before[at][box], VIEW_STROKES, case.rng(f"view {number}"))
    labels[at][box] = labels_of(strokes, view.truth.shape)
    after, seconds = _corrected(case, labels, case.folder / f"view-{number}")
    inside = [np.full_like(mask, UNLABELLED) for mask in truth]
    inside[at][box] = view.truth
    outside = [
        np.where(seen == UNLABELLED, mask, np.uint8(UNLABELLED)) for mask, seen in zip(truth, inside, strict=True)
    ]
    (own, model), (rest, model_rest) = (
        [score(of, maps, labels) for maps in (after, before)] for of in (inside, outside)
    )
    values = {
        "miou": own.miou,
        "parent_miou": model.miou,
        "gain": own.miou - model.miou,
        "gain_outside": rest.miou - model_rest.miou,
    }
    return Measured(values, Effort(strokes=len(strokes), looks=1), seconds)


def correction_of_scene(labels_of_case: LabelsOf, case: Case) -> Measured:
    """Correct the parent by 60 strokes over the scene."""
    labels, truth = labels_of_case(case), case.scene.truth()
    before, _ = predict(NOW, parent(case).run, case.scene, case.folder / "parent-maps")
    after, seconds = _corrected(case, labels.masks, case.folder / "scene")
    own, model = (score(truth, maps, labels.masks) for maps in (after, before))
    return Measured(asdict(own) | {"gain": own.miou - model.miou}, labels.effort, seconds)


def _corrected(case: Case, labels: Sequence[Mask], folder: Path) -> tuple[list[Mask], float]:
    """Return the corrected maps of all images, and the seconds of correcting and predicting."""
    folder.mkdir()
    project, run = new_project(NOW, case.scene, folder), parent(case).run
    add_labels(NOW, project, case.scene, labels)
    correcting_s = NOW.run("project", "correct", project, run)
    maps, predicting_s = predict(NOW, run, case.scene, folder / "maps", "--corrections", project)
    return maps, correcting_s + predicting_s


def correction_of_scene_line(title: str, labels: LabelsOf) -> Line:
    """Return a line of a parent of other scenes, corrected by some labels."""
    goals = (Goal("miou", "mIoU"), Goal("accuracy", "accuracy"), Goal("gain", "gain in mIoU over the parent"))
    whole = f"parent of other scenes, corrected by {title}"
    return Line(whole, partial(correction_of_scene, labels), goals, trains=True, seeds=(0, 1, 2))


LINES = {
    "correction-view": Line(
        f"a 10-minute model, {VIEW_STROKES} strokes where it is wrong in a view",
        correction_of_views,
        (
            Goal("gain", "gain in mIoU of the view", at_least=0.10),
            Goal("gain_outside", "the lowest gain outside of the view", by="lowest", at_least=-0.005),
        ),
        trains=True,
        seeds=(0, 1, 2),
    ),
    "correction-strokes": correction_of_scene_line(f"{STROKES} strokes", strokes_anywhere),
    "correction-errors": correction_of_scene_line(f"{STROKES} strokes at its errors", strokes_at_parent_errors),
}
