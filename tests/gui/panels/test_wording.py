from __future__ import annotations

from landseg_gui.panels.wording import capitalised, percent


def test_percentages_keep_figure_and_sign_together() -> None:
    assert percent(0.6349) == "63.5\N{NO-BREAK SPACE}%"
    assert percent(0.6349, 0) == "63\N{NO-BREAK SPACE}%"
    assert percent(None) == "–"


def test_only_the_first_letter_grows() -> None:
    assert capitalised("reading Town.TIF") == "Reading Town.TIF"
