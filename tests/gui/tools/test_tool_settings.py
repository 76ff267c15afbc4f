from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseg_gui.tools.tool_settings import LADDER, LARGEST_BRUSH, METRES, PIXELS, ToolSettings


@pytest.fixture
def settings(qapp) -> ToolSettings:
    return ToolSettings()


def test_the_steps_feel_even() -> None:
    ratios = [after / before for before, after in itertools.pairwise(LADDER) if before >= 10]
    assert (LADDER[0], LADDER[-1]) == (1, LARGEST_BRUSH)
    assert all(1.1 < ratio < 1.3 for ratio in ratios)


@given(start=st.integers(1, LARGEST_BRUSH), steps=st.integers(1, 50))
def test_a_step_up_and_down_is_back_on_the_ladder(qapp, start: int, steps: int) -> None:
    settings = ToolSettings()
    settings.size = start
    settings.step_size(1)
    first = settings.diameter
    assert first >= start * 1.08 or first == start > 0.9 * LARGEST_BRUSH
    settings.step_size(steps)
    top = settings.diameter
    settings.step_size(-steps)
    assert settings.diameter == first or top in (first, LARGEST_BRUSH)
    settings.step_size(-100)
    assert settings.diameter == 1


def test_sizes_are_whole_pixels_within_limits(settings) -> None:
    for size, diameter in ((0.2, 1), (0, 1), (7.6, 8), (99_999, LARGEST_BRUSH)):
        settings.size = size
        assert settings.diameter == diameter


def test_metres_are_turned_into_whole_pixels(settings) -> None:
    settings.resolution = 0.3
    settings.unit = METRES
    settings.size = 2.5
    assert (settings.diameter, settings.size) == (8, 2.5)
    settings.resolution = 10.0  # another image: still at least a pixel
    assert settings.diameter == 1
    settings.resolution = 0.001
    assert settings.diameter == LARGEST_BRUSH


def test_changing_the_unit_keeps_the_brush(settings) -> None:
    settings.resolution = 0.25
    settings.size = 40
    settings.unit = METRES
    assert (settings.size, settings.diameter) == (10.0, 40)
    settings.step_size(1)
    wider = settings.diameter
    settings.unit = PIXELS
    assert settings.size == wider > 40


def test_without_a_ground_resolution_there_are_no_metres(settings) -> None:
    settings.size = 30
    settings.resolution = 0.5
    settings.unit = METRES
    settings.resolution = None
    assert (settings.unit, settings.diameter) == (PIXELS, 30)
    settings.resolution = 0.5  # the wish is remembered
    assert settings.unit == METRES


def test_lines_are_in_metres_where_there_are_any(settings) -> None:
    settings.line = 12
    assert (settings.line_unit, settings.line_width) == (PIXELS, 12)
    settings.resolution = 0.4
    settings.line = 5
    assert (settings.line_unit, settings.line_width) == (METRES, 12.5)
    settings.resolution = 10.0  # another image: at least a pixel
    assert (settings.line, settings.line_width) == (10, 1)
    settings.resolution = 0.001
    assert settings.line_width == LARGEST_BRUSH
    settings.resolution = None
    assert settings.line_width == 12
    settings.resolution = 0.4
    assert settings.line == 5


@pytest.mark.parametrize("resolution", [None, 0.3])
def test_lines_step_by_about_a_fifth_and_back(settings, resolution) -> None:
    settings.resolution = resolution
    settings.line = 20
    settings.step_line(1)
    wider = settings.line
    assert 1.08 < wider / 20 < 1.3
    settings.step_line(3)
    settings.step_line(-3)
    assert settings.line == wider
    settings.step_line(-100)
    assert settings.line_width == pytest.approx(1)
    settings.step_line(200)
    assert settings.line_width <= LARGEST_BRUSH


def test_a_state_comes_back(settings, qapp) -> None:
    settings.resolution = 0.5
    settings.size, settings.tolerance, settings.unit = 77, 99, METRES
    settings.line = 4.5
    settings.cell_size = 2
    other = ToolSettings()
    other.restore(settings.state())
    assert other.state() == settings.state()


@pytest.mark.parametrize("value", ["wide", None, [], float("nan"), float("inf"), -5, 1e12])
def test_nonsense_in_a_state_does_no_harm(settings, value: object) -> None:
    names = ("pixels", "metres", "tolerance", "unit", "line_px", "line_m", "cell_size")
    settings.restore(dict.fromkeys(names, value))
    settings.resolution = 0.5
    assert 1 <= settings.line_width <= LARGEST_BRUSH
    assert 1 <= settings.diameter <= LARGEST_BRUSH
    assert 0 <= settings.tolerance <= 255
    assert settings.cell_size in range(3)


def test_listeners_hear_of_every_change(settings, qtbot) -> None:
    changes = (
        lambda: setattr(settings, "size", 5),
        lambda: setattr(settings, "tolerance", 5),
        lambda: setattr(settings, "line", 5),
        lambda: setattr(settings, "cell_size", 0),
        lambda: setattr(settings, "resolution", 0.5),
        lambda: setattr(settings, "unit", METRES),
        lambda: settings.step_size(1),
        lambda: settings.restore({}),
    )
    for change in changes:
        with qtbot.waitSignal(settings.changed, timeout=100):
            change()
