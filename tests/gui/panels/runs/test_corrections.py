"""The corrections that a project holds, in the Runs panel."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QTableWidget
from pytestqt.qtbot import QtBot
from support.painted_project import image_folders, painted_project
from support.projects import paint_rectangle

from landseg_core.assistant.corrections import CorrectionHead
from landseg_core.project.project import Project
from landseg_gui.panels.runs import corrections
from landseg_gui.panels.runs.corrections import CorrectionList
from landseg_gui.session.session import Session

__all__ = ["image_folders", "painted_project"]


def add(project: Project, name: str) -> None:
    project.corrections.add(name[0] * 64, name, b"head")


@pytest.fixture
def listed(session: Session, painted_project: Project, qtbot: QtBot) -> Iterator[CorrectionList]:
    add(painted_project, "a-run")
    add(painted_project, "b-run")
    found = CorrectionList(session)
    qtbot.addWidget(found)
    found.show()
    yield found
    found.close_reading()


def rows(listed: CorrectionList) -> list[list[str]]:
    table = listed.findChild(QTableWidget, "corrections_table")
    return [[table.item(row, column).text() for column in (0, 3)] for row in range(table.rowCount())]


def test_the_newest_is_first_and_it_says_whether_labels_have_changed(
    listed: CorrectionList, session: Session, painted_project: Project
) -> None:
    assert rows(listed) == [["b-run", "unchanged since"], ["a-run", "unchanged since"]]
    paint_rectangle(painted_project, 1, (0, 0, 8, 8))
    add(painted_project, "c-run")
    session.project_session.editing.refresh()
    assert [row[1] for row in rows(listed)] == ["unchanged since", "changed since", "changed since"]
    assert session.project_session.lifecycle.close()
    assert listed.isHidden()


def test_it_says_how_many_labels_a_correction_was_fitted_to(
    listed: CorrectionList, session: Session, painted_project: Project, qtbot: QtBot
) -> None:
    nothing = np.zeros((2, 3), np.float32)
    head = CorrectionHead("c" * 64, (1, 2), nothing, nothing[:, 0], pixels=1234)
    painted_project.corrections.add("c" * 64, "c-run", head.to_bytes())
    session.project_session.editing.refresh()
    table = listed.findChild(QTableWidget, "corrections_table")
    qtbot.waitUntil(lambda: [table.item(row, 2).text() for row in range(3)] == ["1,234 px", "", ""], timeout=20_000)


@pytest.mark.parametrize("agreed", [True, False])
def test_one_is_deleted_after_a_question(
    listed: CorrectionList, painted_project: Project, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot, agreed: bool
) -> None:
    questions = list[str]()

    def choose(_parent: object, question: str, _explanation: str, actions: list[str]) -> str | None:
        questions.append(question)
        return actions[0] if agreed else None

    monkeypatch.setattr(corrections, "choose", choose)
    button = listed.findChild(QPushButton, "corrections_delete")
    assert not button.isEnabled()
    listed.findChild(QTableWidget, "corrections_table").selectRow(0)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert questions == ["Delete the correction of b-run?"]
    left = ["a-run"] if agreed else ["b-run", "a-run"]
    assert [row[0] for row in rows(listed)] == left
    assert [entry.model for entry in reversed(painted_project.corrections.entries)] == left
