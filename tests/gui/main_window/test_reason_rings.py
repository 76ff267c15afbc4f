"""Rings around the labels that speak for a suggestion."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication

from landseg_gui.main_window.reason_rings import ReasonRings
from landseg_gui.session.assistant.reasons import Why
from landseg_gui.session.session import Session
from landseg_gui.viewer.viewport import Viewport

WHY = Why("Suggestion: water 80 %, as at 40, 30; 200, 90", "#0072b2", ((40.0, 30.0), (200.0, 90.0)))


@pytest.fixture
def rings(session: Session, shown: Viewport, monkeypatch: pytest.MonkeyPatch) -> ReasonRings:
    monkeypatch.setattr(session.suggestions, "why", lambda column, row: WHY if column < 100 else None)
    shown.centre_on(120, 60, 2.0)
    return ReasonRings(session, shown)


def test_the_labels_are_ringed_in_the_colour_of_the_class(rings: ReasonRings, shown: Viewport) -> None:
    assert rings.explain(50, 50) == WHY.text
    (shape,) = shown.overlay.shapes("reasons")
    assert shape.line.name() == WHY.colour
    for position in WHY.positions:
        assert shape.path.contains(QPointF(*position))
    assert not shape.path.contains(QPointF(120, 60))
    assert shape.path.boundingRect().width() == pytest.approx(160 + 2 * 12 / 2 * shown.devicePixelRatioF(), abs=0.1)


def test_they_go_where_nothing_is_suggested_and_with_the_view(rings: ReasonRings, shown: Viewport, session) -> None:
    rings.explain(50, 50)
    assert rings.explain(150, 50) == ""
    assert shown.overlay.shapes("reasons") == ()
    for signal in (shown.left, session.suggestions.changed, session.layers.changed):
        rings.explain(50, 50)
        signal.emit()
        assert shown.overlay.shapes("reasons") == ()
    rings.explain(50, 50)
    shown.centre_on(130, 60, 2.0)
    assert shown.overlay.shapes("reasons") == ()


def test_while_somebody_paints_there_are_none(rings: ReasonRings, shown: Viewport, monkeypatch) -> None:
    rings.explain(50, 50)
    monkeypatch.setattr(QGuiApplication, "mouseButtons", lambda: Qt.MouseButton.LeftButton)
    assert rings.explain(50, 50) == WHY.text
    assert shown.overlay.shapes("reasons") == ()
