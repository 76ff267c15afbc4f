from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtWidgets import QLabel, QMenu
from pytestqt.qtbot import QtBot

from landseg_core.events import EpochFinished, StepFinished
from landseg_core.labels.classes import load_classes
from landseg_gui.panels.runs.curves import CurvesView
from landseg_gui.panels.runs.iou_table import IouTable


def step(epoch: int, number: int) -> StepFinished:
    return StepFinished(epoch, number, 0.5, 0.001, 0.1, number, None)


def epoch(number: int, at: int) -> EpochFinished:
    return EpochFinished(number, at, 0.5, 0.6, 0.9, 0.4, {}, 0.001, 1.0, best=False)


@pytest.fixture
def curves(qtbot: QtBot) -> CurvesView:
    curves = CurvesView()
    qtbot.addWidget(curves)
    return curves


def show_run(curves: CurvesView, passes: int, lengths: list[int]) -> None:
    """Show a run whose epochs have these numbers of steps, where a pass over the data has `passes`."""
    curves.begin(passes)
    done = 0
    for number, length in enumerate(lengths, 1):
        for _ in range(length):
            done += 1
            curves.add_step(step(number, done))
        curves.add_epoch(epoch(number, done))


def test_the_menu_of_a_plot_is_never_shown(curves: CurvesView) -> None:
    curves.show()
    assert [menu for menu in curves.findChildren(QMenu) if menu.isVisible()] == []


def test_three_epochs_of_a_run_by_minutes_are_three(curves: CurvesView) -> None:
    """Validating takes so long that each epoch is more than four passes over the few data."""
    show_run(curves, 10, [43, 44, 45])
    assert curves.miou.series.x.tolist() == [1, 2, 3]
    assert curves.val_loss.series.x.tolist() == [1, 2, 3]
    assert curves.train_steps.series.x[-1] == pytest.approx(3)
    assert curves.train_loss.series.x[42] == pytest.approx(1)


def test_epochs_shorter_than_a_pass_are_epochs(curves: CurvesView) -> None:
    show_run(curves, 5000, [20, 21, 20, 19])
    assert curves.miou.series.x.tolist() == [1, 2, 3, 4]
    assert curves.train_steps.series.x[-1] == pytest.approx(4)


@given(st.integers(1, 60), st.lists(st.integers(1, 90), min_size=1, max_size=6))
def test_steps_lie_within_their_epochs_in_order(qapp, passes: int, lengths: list[int]) -> None:
    curves = CurvesView()
    show_run(curves, passes, lengths)
    x = curves.train_steps.series.x
    assert curves.miou.series.x.tolist() == list(range(1, len(lengths) + 1))
    ends = [sum(lengths[: count + 1]) for count in range(len(lengths))]
    assert x[[end - 1 for end in ends]] == pytest.approx(curves.miou.series.x)
    assert (x[1:] > x[:-1]).all()


def test_an_epoch_under_way_is_never_drawn_beyond_its_end(curves: CurvesView) -> None:
    curves.begin(10)
    for number in range(1, 300):
        curves.add_step(step(1, number))
        assert curves.train_steps.series.x[-1] <= 1 + 1e-9


def test_a_run_that_goes_back_is_drawn_anew_from_there(curves: CurvesView) -> None:
    show_run(curves, 10, [20, 20, 20])
    curves.add_step(step(2, 31))
    assert curves.train_steps.series.x[-1] == pytest.approx(1.55)
    for number in range(32, 46):
        curves.add_step(step(2, number))
    curves.add_epoch(epoch(2, 45))
    assert curves.miou.series.x.tolist() == [1, 2]
    assert curves.train_steps.series.x[-1] == pytest.approx(2)


def test_a_resumed_run_goes_on_at_its_epoch(curves: CurvesView) -> None:
    curves.begin(10)
    for number in range(71, 90):
        curves.add_step(step(4, number))
    curves.add_epoch(epoch(4, 89))
    assert curves.train_steps.series.x[[0, -1]] == pytest.approx([3 + 1 / 19, 4])
    assert curves.miou.series.x.tolist() == [4]


def test_the_bars_say_what_they_are(qtbot: QtBot) -> None:
    table = IouTable()
    qtbot.addWidget(table)
    table.set_schema(load_classes("landcover-dubai"))
    assert "IoU per class (%)" in table.findChild(QLabel, "training_iou_heading").text()
