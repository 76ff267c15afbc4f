"""Lines of training on strokes: from nothing, from a parent of other scenes, and the loop of ten minutes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.assistant.code import NOW, Code, before
from benchmarks.assistant.line import Case, Goal, Line, Measured
from benchmarks.assistant.parents import parent
from benchmarks.assistant.project_runs import Reported, add_labels, new_project, predict, train
from benchmarks.assistant.scenes import FINAL
from benchmarks.assistant.scoring import score, unseen
from benchmarks.scribbles import UNLABELLED, Mask
from benchmarks.simulated_user import Effort, Stroke, labels_of, strokes_at_errors_on_images, strokes_on_images
from landseg_core.models.header import read_header
from landseg_core.models.starter import STARTER
from landseg_core.runs.config import NEW_MODEL

STROKES = 60
FROM_NOTHING_MINUTES, FURTHER_MINUTES = 3.0, 1.0
LOOP_MINUTES, LOOP_STROKES_AT_ERRORS = (2.0, 2.0), 15
"""60 strokes, two minutes of training, 15 strokes at errors, two minutes more: 576 s; the rest is start-up."""

CodeOf = Callable[[], Code]


@dataclass(frozen=True)
class Labels:
    """What strokes label on each image, (H, W) class values, and how many strokes those are."""

    masks: list[Mask]
    strokes: int

    @classmethod
    def of(cls, strokes: Sequence[Sequence[Stroke]], truth: Sequence[Mask]) -> Labels:
        masks = [labels_of(drawn, mask.shape) for drawn, mask in zip(strokes, truth, strict=True)]
        return cls(masks, sum(map(len, strokes)))

    @classmethod
    def none(cls, truth: Sequence[Mask]) -> Labels:
        return cls.of([[] for _ in truth], truth)

    def __add__(self, later: Labels) -> Labels:
        pairs = zip(self.masks, later.masks, strict=True)
        return Labels([np.where(new == UNLABELLED, old, new) for old, new in pairs], self.strokes + later.strokes)

    @property
    def effort(self) -> Effort:
        """Return what a person does for them: strokes, and a look at each image."""
        return Effort(strokes=self.strokes, looks=len(self.masks))


LabelsOf = Callable[[Case], Labels]


@dataclass(frozen=True)
class Trained:
    """A run, its maps of all images of the scene, and the seconds that training and predicting took."""

    run: Path
    maps: list[Mask]
    seconds: float


def now() -> Code:
    return NOW


def strokes_anywhere(case: Case) -> Labels:
    """Return 60 strokes over all images; every line of the scene and seed gets the same."""
    truth = case.scene.truth()
    return Labels.of(strokes_on_images(truth, STROKES, case.rng("strokes")), truth)


def strokes_where_wrong(case: Case, maps: Sequence[Mask], labels: Labels, count: int) -> Labels:
    """Return strokes at the largest errors of maps, away from what is labelled already."""
    truth = [unseen(true, labelled) for true, labelled in zip(case.scene.truth(), labels.masks, strict=True)]
    return Labels.of(strokes_at_errors_on_images(truth, maps, count, case.rng("strokes at errors")), truth)


def from_nothing(code_of: CodeOf, case: Case, *options: str) -> Measured:
    """Train on 60 strokes alone; `options` are those of the command."""
    labels = strokes_anywhere(case)
    project = _project(code_of(), case, labels)
    done = _train(code_of(), case, project, FROM_NOTHING_MINUTES, *options)
    return Measured(_values(case, done, labels), labels.effort, done.seconds)


def _from_new_model(case: Case) -> Measured:
    return from_nothing(now, case, "--from", NEW_MODEL)


def _from_starter(case: Case) -> Measured:
    """Train on 60 strokes as landseg does by itself, from the starter model, on a scene that this has not seen."""
    seen = {image["stem"] for image in read_header(STARTER).training["trained_on"]}
    if not seen.isdisjoint(case.scene.stems):
        raise SystemExit(f"the starter model was trained on {case.scene.name}: choose {' or '.join(FINAL)}")
    return from_nothing(now, case)


def parent_untouched(case: Case) -> Measured:
    """Measure the model of other scenes as it is."""
    truth = case.scene.truth()
    found = score(truth, parent(case).maps, Labels.none(truth).masks)
    return Measured(asdict(found), Effort(looks=len(truth)))


def strokes_at_parent_errors(case: Case) -> Labels:
    """Return 60 strokes at the largest errors of the parent of other scenes."""
    maps = parent(case).maps
    return strokes_where_wrong(case, maps, Labels.none(maps), STROKES)


def loop(code_of: CodeOf, case: Case) -> Measured:
    """Stroke, train, stroke at the errors of the map, train further: ten minutes of person and computer together."""
    code, labels = code_of(), strokes_anywhere(case)
    project = _project(code, case, labels)
    quick = _train(code, case, project, LOOP_MINUTES[0])
    all_labels = labels + (at_errors := strokes_where_wrong(case, quick.maps, labels, LOOP_STROKES_AT_ERRORS))
    add_labels(code, project, case.scene, all_labels.masks)
    done = _train(code, case, project, LOOP_MINUTES[1], "--from", quick.run)
    effort = labels.effort + at_errors.effort
    seconds = quick.seconds + done.seconds
    values = _values(case, done, all_labels) | {"seconds": effort.seconds + seconds}
    return Measured(values, effort, seconds)


def parent_further(code_of: CodeOf, labels_of_case: LabelsOf, case: Case) -> Measured:
    """Train the parent of other scenes further, and measure both on what the strokes leave."""
    code, labels, began = code_of(), labels_of_case(case), parent(case)
    project = _project(code, case, labels)
    done = _train(code, case, project, FURTHER_MINUTES, "--from", began.run)
    maps, _ = predict(code, began.run, case.scene, case.folder / "parent-maps")
    untouched = score(case.scene.truth(), maps, labels.masks)
    values = _values(case, done, labels)
    gains = {"gain": values["miou"] - untouched.miou, "gain_accuracy": values["accuracy"] - untouched.accuracy}
    parents = {f"parent_{name}": value for name, value in asdict(untouched).items()}
    return Measured(values | parents | gains, labels.effort, done.seconds)


def _project(code: Code, case: Case, labels: Labels) -> Path:
    project = new_project(code, case.scene, case.folder)
    add_labels(code, project, case.scene, labels.masks)
    return project


def _train(code: Code, case: Case, project: Path, minutes: float, *options: str | Path) -> Trained:
    """Train for some minutes in a new run of the case's folder, and predict all images."""
    number = sum(1 for _ in case.folder.glob("run-*"))
    run, maps = case.folder / f"run-{number}", case.folder / f"maps-{number}"
    training_s = train(code, project, run, case.length(minutes), case.seed, *options)
    predicted, predicting_s = predict(code, run, case.scene, maps)
    return Trained(run, predicted, training_s + predicting_s)


def _values(case: Case, done: Trained, labels: Labels) -> dict[str, float]:
    found = score(case.scene.truth(), done.maps, labels.masks)
    return asdict(found) | Reported.by(done.run).beside(found.miou)


QUALITY = (Goal("miou", "mIoU"), Goal("accuracy", "accuracy"))
FURTHER_TITLE = f"parent of other scenes, {FURTHER_MINUTES:g} min further on {{}}, {{}}"


def _line(
    title: str,
    measure: Callable[[Case], Measured],
    *goals: Goal,
    seeds: tuple[int, ...] = (0, 1, 2),
    fixed: bool = False,
) -> Line:
    return Line(title, measure, (*QUALITY, *goals), trains=True, fixed=fixed, seeds=seeds)


def _gains(median: float, before_name: str) -> tuple[Goal, ...]:
    return (
        Goal("gain", "gain in mIoU over the parent", at_least=median),
        Goal("gain", "the lowest gain of all seeds", by="lowest", at_least=0.0),
        Goal("miou", "gain in mIoU over before", over=before_name),
    )


LINES = {
    "from-nothing-before": _line(
        f"{STROKES} strokes, {FROM_NOTHING_MINUTES:g} min from nothing, before",
        partial(from_nothing, before),
        fixed=True,
    ),
    "from-nothing": _line(
        f"{STROKES} strokes, {FROM_NOTHING_MINUTES:g} min from nothing",
        _from_new_model,
        Goal("miou", "gain in mIoU over before", over="from-nothing-before", at_least=0.10),
    ),
    "starter": _line(
        f"{STROKES} strokes, {FROM_NOTHING_MINUTES:g} min as landseg does by itself, from the starter model",
        _from_starter,
        Goal("miou", "gain in mIoU over from nothing", over="from-nothing"),
        Goal("miou", "gain in mIoU over before", over="from-nothing-before", at_least=0.10),
    ),
    "parent": _line("parent of other scenes, untouched", parent_untouched, fixed=True),
    "parent-strokes-before": _line(
        FURTHER_TITLE.format("the strokes", "before"),
        partial(parent_further, before, strokes_anywhere),
        Goal("gain", "gain in mIoU"),
        fixed=True,
    ),
    "parent-strokes": _line(
        FURTHER_TITLE.format("the strokes", "now"),
        partial(parent_further, now, strokes_anywhere),
        *_gains(0.03, "parent-strokes-before"),
    ),
    "parent-errors-before": _line(
        FURTHER_TITLE.format("strokes at its errors", "before"),
        partial(parent_further, before, strokes_at_parent_errors),
        Goal("gain", "gain in mIoU"),
        fixed=True,
    ),
    "parent-errors": _line(
        FURTHER_TITLE.format("strokes at its errors", "now"),
        partial(parent_further, now, strokes_at_parent_errors),
        *_gains(0.07, "parent-errors-before"),
    ),
    "loop-before": _line("ten minutes of person and computer, before", partial(loop, before), seeds=(0, 1), fixed=True),
    "loop": _line(
        "ten minutes of person and computer",
        partial(loop, now),
        Goal("seconds", "seconds in all"),
        Goal("miou", "gain in mIoU over before", over="loop-before"),
        Goal("miou", "gain in mIoU over painting alone", over="painting"),
        seeds=(0, 1),
    ),
}
