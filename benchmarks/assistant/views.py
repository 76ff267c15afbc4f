"""Lines of suggestions on a view before there is any model."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np

from benchmarks.assistant.clicking import DAB, NEVER, State, accuracy, attainable, click_through
from benchmarks.assistant.forest import Forest, pixel_features
from benchmarks.assistant.line import Case, Goal, Line, Measured
from benchmarks.assistant.scenes import View, views
from benchmarks.assistant.scoring import Score, score
from benchmarks.assistant.suggesting import LabelledImage
from benchmarks.scribbles import Mask
from benchmarks.simulated_user import Effort

VIEWS, CLICKS = 3, 20
SHARE = 0.9
"""Of the accuracy that cells attain: where the user is content."""


@dataclass(frozen=True)
class Clicked:
    """The first states of clicking through a view, and when the user was content with it: else `NEVER`."""

    view: View
    states: list[State]
    clicks_until_content: int
    seconds: float

    @property
    def after(self) -> State:
        """Return the state after 20 clicks, or the last one where nothing was left to click on."""
        return [state for state in self.states if state.clicks <= CLICKS][-1]


def clicks(case: Case) -> Measured:
    """Click on cells of views; compare what is suggested after 20 clicks with a forest that has the same labels."""
    found = [click(view, case) for view in views(case.scene, case.seed, VIEWS)]
    own = [_score(each, each.after.shown) for each in found]
    same_clicks = [_score(each, _forest_map(each, each.after.dabs(), case.seed)) for each in found]
    same_labels = [_score(each, _forest_map(each, each.after.labels, case.seed)) for each in found]
    values = {
        **columns("{}", own),
        **columns("gain_{}", own, same_clicks),
        **columns("gain_{}_same_labels", own, same_labels),
    }
    until = {"clicks_until_content": [each.clicks_until_content for each in found]}
    effort = Effort(clicks=sum(each.after.clicks for each in found), looks=VIEWS)
    return Measured(values | until, effort, sum(each.seconds for each in found))


def click(view: View, case: Case) -> Clicked:
    """Click until the user is content, and 20 times in any case."""
    start = time.monotonic()
    with LabelledImage(view.image) as image:
        cells = image.cells(view.window)
        wanted, content, states = SHARE * attainable(view.truth, cells), NEVER, list[State]()

        def suggest(labels: Mask) -> Mask:
            image.label(view.window, labels)
            return image.suggest(view.window)

        for state in click_through(view.truth, cells, suggest, case.rng(f"clicks on {view.image.stem}")):
            states.append(state)
            if accuracy(view.truth, state.shown) >= wanted:
                content = min(content, state.clicks)
            if state.clicks >= CLICKS and content < NEVER:
                break
    return Clicked(view, states, content, time.monotonic() - start)


def columns(name: str, scores: Sequence[Score], less: Sequence[Score] = ()) -> dict[str, list[float]]:
    """Return mIoU and accuracy of each view, or how much they are above those of other scores."""
    table = np.array([astuple(each) for each in scores]) - (np.array([astuple(each) for each in less]) if less else 0)
    return {name.format(field.name): column.tolist() for field, column in zip(fields(Score), table.T, strict=True)}


def _forest_map(clicked: Clicked, labels: Mask, seed: int) -> Mask:
    """Return the map of a forest that has some labels of the view."""
    features, forest = pixel_features(clicked.view.rgb), Forest(seed)
    forest.fit([features], [labels])
    return forest.predict(features)


def _score(clicked: Clicked, shown: Mask) -> Score:
    return score([clicked.view.truth], [shown], [clicked.after.labels])


LINES = {
    "clicks": Line(
        f"before any model, {CLICKS} clicks",
        clicks,
        (
            Goal("accuracy", "accuracy of the view", at_least=0.75),
            Goal("miou", "mIoU of the view", at_least=0.53),
            Goal(
                "gain_accuracy", f"gain in accuracy over a random forest, the clicks as dabs of {DAB} px", at_least=0.06
            ),
            Goal("gain_miou", "gain in mIoU over it", at_least=0.10),
            Goal("gain_accuracy_same_labels", "gain in accuracy over a forest that has the labels of all cells"),
            Goal("gain_miou_same_labels", "gain in mIoU over it"),
            Goal("clicks_until_content", f"clicks to {SHARE:.0%} of what cells attain", at_most=35),
        ),
    ),
}
