from __future__ import annotations

import numpy as np
import pytest

from landseg_core.labels.classes import UNLABELLED
from landseg_gui.session.paint import PaintChoices


@pytest.fixture
def brush(qapp, schema) -> PaintChoices:
    brush = PaintChoices()
    brush.fit(schema)
    return brush


@pytest.fixture
def changes(brush) -> list[int]:
    """Return a list that grows with every change."""
    changes: list[int] = []
    brush.changed.connect(lambda: changes.append(1))
    return changes


def test_the_first_class_is_painted_at_first(brush, schema) -> None:
    assert brush.active_value == schema.values[0]
    assert brush.locked == frozenset()
    assert brush.paintable().all()


def test_without_classes_there_is_nothing_to_paint(brush) -> None:
    brush.set_locked(1, locked=True)
    brush.fit(None)
    assert brush.active_value == UNLABELLED
    assert brush.locked == frozenset()


def test_only_changes_are_told(brush, changes) -> None:
    brush.active_value = 3
    brush.active_value = 3
    brush.set_locked(2, locked=True)
    brush.set_locked(2, locked=True)
    brush.only_unlabelled = True
    brush.only_unlabelled = True
    assert len(changes) == 3


def test_locked_classes_may_not_be_painted_over(brush) -> None:
    brush.set_locked(2, locked=True)
    brush.set_locked(4, locked=True)
    brush.set_locked(4, locked=False)
    assert np.flatnonzero(~brush.paintable()).tolist() == [2]


def test_only_unlabelled_pixels_may_be_painted(brush) -> None:
    brush.only_unlabelled = True
    assert np.flatnonzero(brush.paintable()).tolist() == [UNLABELLED]


@pytest.mark.parametrize(("wish", "active"), [(3, 3), (99, 2), (None, 2), ("nonsense", 2)])
def test_other_classes_keep_the_active_one_where_they_can(brush, schema, wish, active) -> None:
    brush.active_value = 2
    brush.fit(schema, wish)
    assert brush.active_value == active
