from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QLabel, QPushButton, QSplitter, QTableView, QTableWidget, QToolButton
from pytestqt.qtbot import QtBot
from support.runs import write_evaluation, write_model, write_run
from support.viewing import to_rgb

from landseg_core.runs.catalogue import RunStatus, RunSummary
from landseg_gui.form_settings import FormSettings
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.panels.runs.compared_curves import STYLES, RunCurvesView
from landseg_gui.panels.runs.comparison import MOST, RunComparison, metric_rows
from landseg_gui.panels.runs.panel import RunsPanel
from landseg_gui.panels.runs.table import COLUMNS, RUN, STATUS_TEXTS, date_text
from landseg_gui.session.session import Session


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Return a folder of four runs: `good` with a checkpoint, `best` with a model, one not validated, a damaged."""
    folder = tmp_path / "runs"
    for name, miou in {"good": 0.6, "best": 0.9}.items():
        write_evaluation(write_run(folder / name, batch=4 if name == "good" else 8), miou=miou)
    write_run(folder / "new", epochs=0, end="stopped")
    write_evaluation(write_run(folder / "torn"), miou="much")
    write_model(folder / "best")
    (folder / "good" / "last.safetensors").write_bytes(b"")
    (folder / "good" / "report.html").write_text("")
    FormSettings("train").save({"runs": str(folder)})
    return folder


@pytest.fixture
def panel(qtbot: QtBot, session: Session, runs: Path) -> RunsPanel:
    panel = RunsPanel(session, lambda folder: folder.name == "new")
    qtbot.addWidget(panel)
    panel.resize(1100, 320)
    panel.show()
    qtbot.waitUntil(lambda: table(panel).model().rowCount() == 4)
    return panel


def table(panel: RunsPanel) -> QTableView:
    return panel.findChild(QTableView, "runs_table")


def button(panel: RunsPanel, name: str) -> QPushButton:
    return panel.findChild(QPushButton, f"runs_{name}")


def names(panel: RunsPanel) -> list[str]:
    model = table(panel).model()
    return [model.index(row, 0).data(RUN).name for row in range(model.rowCount())]


def select(panel: RunsPanel, *chosen: str) -> None:
    selection, model = table(panel).selectionModel(), table(panel).model()
    selection.clearSelection()
    flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
    for row, name in enumerate(names(panel)):
        if name in chosen:
            selection.select(model.index(row, 0), flags)


def sort(panel: RunsPanel, title: str, order: Qt.SortOrder = Qt.SortOrder.DescendingOrder) -> None:
    table(panel).sortByColumn([column.title for column in COLUMNS].index(title), order)


def cells(table: QTableWidget) -> list[list[str]]:
    columns = range(table.columnCount())
    return [
        [table.verticalHeaderItem(row).text(), *(table.item(row, column).text() for column in columns)]
        for row in range(table.rowCount())
    ]


def enabled(panel: RunsPanel) -> set[str]:
    return {name for name in ("use", "report", "continue", "further", "delete") if button(panel, name).isEnabled()}


def test_the_runs_of_the_folder_used_last_are_listed(panel: RunsPanel, runs: Path) -> None:
    assert set(names(panel)) == {"good", "best", "new", "torn"}
    assert panel.findChild(QLabel, "runs_place").text() == f"Runs in {runs}"
    sort(panel, "mIoU")
    rows = [[table(panel).model().index(row, column).data() for column in (0, 1, 2, 6)] for row in range(4)]
    assert [[text.replace("\N{NO-BREAK SPACE}", " ") for text in row] for row in rows][:2] == [
        ["best", "90.0 %", "87.5 %", "finished"],
        ["good", "60.0 %", "87.5 %", "finished"],
    ]
    assert {row[3] for row in rows[2:]} == {"not validated", "damaged"}


def test_the_table_is_sorted_by_figures_not_by_their_text(qtbot: QtBot, panel: RunsPanel, runs: Path) -> None:
    write_evaluation(write_run(runs / "poor"), miou=0.09)
    with qtbot.waitSignal(panel.catalogue.changed):
        panel.refresh()
    sort(panel, "mIoU", Qt.SortOrder.AscendingOrder)
    assert names(panel)[2:] == ["poor", "good", "best"]


def test_a_damaged_run_says_why(panel: RunsPanel) -> None:
    model = table(panel).model()
    index = model.index(names(panel).index("torn"), 0)
    assert "evaluation.json cannot be used" in index.data(Qt.ItemDataRole.ToolTipRole)


def test_only_what_makes_sense_can_be_clicked(panel: RunsPanel, runs: Path) -> None:
    assert len(table(panel).chosen()) == 1, "the newest run, so that there is something to see"
    table(panel).clearSelection()
    assert enabled(panel) == set()
    select(panel, "good")
    assert enabled(panel) == {"report", "delete"}  # it is finished, and its model is gone
    select(panel, "best")
    assert enabled(panel) == {"use", "further", "delete"}
    select(panel, "good", "best")
    assert enabled(panel) == {"delete"}


def test_a_model_is_used(qtbot: QtBot, session: Session, runs: Path, panel: RunsPanel) -> None:
    select(panel, "best")
    with qtbot.waitSignal(session.notifier.posted) as posted:
        button(panel, "use").click()
    assert session.model.path == runs / "best" / "model.safetensors"
    assert posted.args[0].text.startswith("Predictions now use the model of best (mIoU 90.0")
    assert "✓" in table(panel).model().index(names(panel).index("best"), 0).data()


def test_the_report_opens_in_the_browser(panel: RunsPanel, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    select(panel, "good")
    button(panel, "report").click()
    assert [Path(url.toLocalFile()) for url in opened] == [runs / "good" / "report.html"]


def test_going_on_is_asked_for_with_the_folder(qtbot: QtBot, panel: RunsPanel, runs: Path) -> None:
    write_run(runs / "cut", end="stopped")
    (runs / "cut" / "last.safetensors").write_bytes(b"")
    with qtbot.waitSignal(panel.catalogue.changed):
        panel.refresh()
    select(panel, "cut")
    with qtbot.waitSignal(panel.resume_wanted) as wanted:
        button(panel, "continue").click()
    assert wanted.args == [runs / "cut"]


def test_training_further_is_asked_for_with_the_folder(qtbot: QtBot, panel: RunsPanel, runs: Path) -> None:
    select(panel, "best")
    with qtbot.waitSignal(panel.fine_tune_wanted) as wanted:
        button(panel, "further").click()
    assert wanted.args == [runs / "best"]


def test_runs_are_deleted_when_the_user_says_so(
    qtbot: QtBot, panel: RunsPanel, session: Session, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    answers = [None, "Delete"]
    monkeypatch.setattr(
        "landseg_gui.panels.runs.panel.choose",
        lambda _parent, question, *_: (asked.append(question), answers.pop(0))[1],
    )
    session.model.path = runs / "good" / "model.safetensors"
    select(panel, "good", "torn")
    button(panel, "delete").click()
    assert (runs / "good").exists()
    button(panel, "delete").click()
    qtbot.waitUntil(lambda: set(names(panel)) == {"best", "new"})
    assert asked == ["Delete 2 training runs?"] * 2
    assert {path.name for path in runs.iterdir()} == {"best", "new"}
    assert session.model.path is None


def test_a_run_under_way_is_not_deleted(qtbot: QtBot, panel: RunsPanel, session: Session, runs: Path) -> None:
    select(panel, "new")
    with qtbot.waitSignal(session.notifier.posted) as posted:
        button(panel, "delete").click()
    assert [message.text for message in posted.args] == ["new is being trained: stop it before you delete it."]
    assert (runs / "new").exists()


def test_what_cannot_be_deleted_is_told_and_stays(
    qtbot: QtBot, panel: RunsPanel, session: Session, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (runs / "good" / "maps").mkdir()
    monkeypatch.setattr("landseg_gui.panels.runs.panel.choose", lambda *_: "Delete")
    session.model.path = runs / "good" / "model.safetensors"
    select(panel, "good", "best")
    with qtbot.waitSignal(session.notifier.posted) as posted:
        button(panel, "delete").click()
    assert session.model.path == runs / "good" / "model.safetensors"
    assert "holds more than a run (maps)" in posted.args[0].text
    qtbot.waitUntil(lambda: set(names(panel)) == {"good", "new", "torn"})


def test_runs_are_compared(panel: RunsPanel) -> None:
    sort(panel, "mIoU")
    select(panel, "good", "best")
    figures = cells(panel.findChild(QTableWidget, "run_evaluation"))
    plain = [[text.replace("\N{NO-BREAK SPACE}", " ") for text in row] for row in figures]
    assert plain[0] == ["mIoU", "90.0 %  (70.1–83.3 %)", "60.0 %  (70.1–83.3 %)"]
    assert [row[0] for row in plain] == ["mIoU", "Accuracy", "IoU of land", "IoU of water"]
    assert cells(panel.findChild(QTableWidget, "run_settings")) == [["Batch size", "8", "4"]]
    curves = panel.findChild(RunCurvesView)
    assert len(curves.miou_plot.listDataItems()) == 2
    assert len(curves.loss_plot.listDataItems()) == 4
    assert curves.miou_plot.listDataItems()[0].getData()[1].tolist() == pytest.approx([30, 60])


def test_one_run_shows_all_its_settings(panel: RunsPanel) -> None:
    select(panel, "good")
    rows = dict(cells(panel.findChild(QTableWidget, "run_settings")))
    assert (rows["Batch size"], rows["Network"]) == ("4", "tiny")
    assert "Minutes" not in rows


def test_the_choice_outlives_a_refresh(qtbot: QtBot, panel: RunsPanel) -> None:
    select(panel, "good", "best")
    with qtbot.waitSignal(panel.catalogue.changed):
        panel.refresh()
    assert {run.name for run in table(panel).chosen()} == {"good", "best"}


def test_another_folder_and_back(
    qtbot: QtBot, panel: RunsPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tmp_path / "other" / "lonely")
    monkeypatch.setattr(
        "landseg_gui.panels.runs.panel.QFileDialog.getExistingDirectory", lambda *_: str(tmp_path / "other")
    )
    back = panel.findChild(QToolButton, "runs_own")
    assert not back.isVisible()
    panel.findChild(QToolButton, "runs_folder").click()
    qtbot.waitUntil(lambda: names(panel) == ["lonely"])
    assert back.isVisible()
    back.click()
    qtbot.waitUntil(lambda: len(names(panel)) == 4)


def test_without_a_run_the_panel_says_what_to_do(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    FormSettings("train").save({"runs": str(tmp_path / "none yet")})
    panel = RunsPanel(session)
    qtbot.addWidget(panel)
    panel.show()
    with qtbot.waitSignal(panel.catalogue.changed):
        pass
    assert button(panel, "train").isVisible()
    assert not button(panel, "delete").isVisible()
    with qtbot.waitSignal(panel.train_wanted):
        button(panel, "train").click()


def test_nothing_is_read_before_the_panel_is_in_sight(
    qtbot: QtBot, session: Session, runner: JobRunner, runs: Path
) -> None:
    panel = RunsPanel(session)
    qtbot.addWidget(panel)
    panel.refresh()
    assert runner.running == []
    panel.show()
    qtbot.waitUntil(lambda: len(panel.catalogue.runs) == 4)


def test_the_comparison_stands_where_there_is_room(qtbot: QtBot, panel: RunsPanel) -> None:
    split = panel.findChild(QSplitter)
    assert split.orientation() == Qt.Orientation.Horizontal
    assert button(panel, "use").text() == "Use This Model"
    panel.resize(400, 700)
    assert split.orientation() == Qt.Orientation.Vertical
    assert button(panel, "use").text() == ""
    assert button(panel, "use").accessibleName() == "Use This Model"


def test_bars_follow_the_figures(panel: RunsPanel) -> None:
    """The row of the better run has the longer bar in the accent colour."""

    def accent(name: str) -> int:
        index = table(panel).model().index(names(panel).index(name), 1)
        picture = to_rgb(table(panel).viewport().grab(table(panel).visualRect(index)).toImage()).astype(int)
        wanted = panel.palette().accent().color()
        difference = abs(picture - (wanted.red(), wanted.green(), wanted.blue())).sum(-1)
        return int((difference < 12).sum())

    assert accent("best") > 1.2 * accent("good") > 0
    assert accent("new") == 0


def test_as_many_runs_are_compared_as_there_are_styles() -> None:
    assert len(STYLES) == MOST


def test_more_runs_than_can_be_told_apart(qtbot: QtBot, tmp_path: Path, panel: RunsPanel) -> None:
    (run,) = [run for run in panel.catalogue.runs if run.name == "good"]
    comparison = RunComparison()
    qtbot.addWidget(comparison)
    comparison.show_runs([run] * (MOST + 2))
    assert comparison.findChild(QTableWidget, "run_evaluation").columnCount() == MOST


def test_classes_of_any_run_are_compared() -> None:
    run = RunSummary(Path("a"), RunStatus.OPEN)
    assert {name: [figure.text for figure in figures] for name, figures in metric_rows([run]).items()} == {
        "mIoU": ["–"],
        "Accuracy": ["–"],
    }


def test_every_status_has_a_word() -> None:
    assert set(STATUS_TEXTS) == set(RunStatus)


def test_dates() -> None:
    assert date_text("2024-02-03T04:05:06+00:00", 2026).startswith("3 Feb 2024, ")
    assert "2024" not in date_text("2024-02-03T04:05:06+00:00", 2024)
    assert date_text("once") == ""
