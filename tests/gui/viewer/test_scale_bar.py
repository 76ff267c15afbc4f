from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtWidgets import QWidget

from landseg_gui.viewer.scale_bar import ScaleBar, length_text, nice_length


@given(st.floats(1e-6, 1e9))
def test_a_nice_length_is_1_2_or_5_and_the_largest_that_fits(longest: float) -> None:
    length = nice_length(longest)
    assert length <= longest * (1 + 1e-6)
    assert length * 2.5 >= longest * (1 - 1e-6)
    assert f"{length:e}"[:8] in ("1.000000", "2.000000", "5.000000")


@pytest.mark.parametrize(
    ("length", "unit", "text"),
    [(500, "m", "500 m"), (2000, "m", "2 km"), (0.2, "m", "20 cm"), (2000, "px", "2,000 px"), (0.5, "px", "0.5 px")],
)
def test_lengths_are_written_as_people_do(length: float, unit: str, text: str) -> None:
    assert length_text(length, unit).replace("\N{NO-BREAK SPACE}", " ") == text


def test_the_bar_is_as_long_as_it_says(qtbot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    bar = ScaleBar(parent)
    bar.set_scale(0.25, 0.206)
    assert bar.text() == "100\N{NO-BREAK SPACE}m"
    assert bar.bar_width == pytest.approx(100 / 0.206 * 0.25)
    bar.set_scale(2.0, None)
    assert bar.text() == "50\N{NO-BREAK SPACE}px"
    assert bar.bar_width == 100
    bar.grab()
