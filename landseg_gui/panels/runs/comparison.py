"""Runs side by side: their curves, the metrics of every class, and the settings that differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QHeaderView,
    QLabel,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from landseg_core.runs.catalogue import RunSummary, differing_settings
from landseg_core.runs.config import TrainConfig
from landseg_gui.icons import colour_swatch
from landseg_gui.plain_text import PlainLabel, plain_tip
from landseg_gui.text import interval, percent, tr, translated

if TYPE_CHECKING:
    from landseg_gui.panels.runs.compared_curves import RunCurvesView

ROW_HEIGHT = 26
"""Of the tables here, in px."""
MOST = 6
"""How many runs are compared at once: more curves could not be distinguished."""


@dataclass(frozen=True)
class Metric:
    """A metric 0-1 with its interval, as far as they are known."""

    value: float | None = None
    ends: tuple[float, float] | None = None

    @property
    def text(self) -> str:
        """Return the metric as the table shows it."""
        return percent(self.value) + (f"  ({interval(self.ends)})" if self.ends else "")


def metric_rows(runs: Sequence[RunSummary]) -> dict[str, list[Metric]]:
    """Return the metrics of each run by name: mIoU, accuracy, and the IoU of every class of any run."""
    rows = {
        "mIoU": [Metric(run.miou, run.evaluation.miou_interval if run.evaluation else None) for run in runs],
        tr("Accuracy"): [
            Metric(run.accuracy, run.evaluation.accuracy_interval if run.evaluation else None) for run in runs
        ],
    }
    for name in class_colours(runs):
        rows[_iou_title(name)] = [_iou(run, name) for run in runs]
    return rows


def _iou_title(class_name: str) -> str:
    return tr("IoU of {class_name}", class_name=class_name)


def class_colours(runs: Sequence[RunSummary]) -> dict[str, str]:
    """Return the classes of all `runs` and their colours."""
    return {item.name: item.colour for run in reversed(runs) for item in run.classes}


def _iou(run: RunSummary, name: str) -> Metric:
    found = next((item for item in run.classes if item.name == name), None)
    return Metric(found.iou, found.iou_interval) if found else Metric()


class RunComparison(QWidget):
    """Shows the selected runs, up to `MOST`, in tabs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="run_comparison")
        self._runs: Sequence[RunSummary] = ()
        self._curves: RunCurvesView | None = None
        self._curves_page = QVBoxLayout()
        self._curves_page.setContentsMargins(0, 0, 0, 0)
        self._metrics = _table("run_evaluation")
        self._settings = _table("run_settings")
        self._alike = _hint("")
        self._settings_pages = QStackedWidget()
        self._tabs = QTabWidget(documentMode=True)
        self._pages = QStackedWidget()
        self._lay_out()
        self.show_runs(())

    def _lay_out(self) -> None:
        curves = QWidget()
        curves.setLayout(self._curves_page)
        self._settings_pages.addWidget(self._settings)
        self._settings_pages.addWidget(self._alike)
        self._tabs.addTab(curves, tr("Curves"))
        self._tabs.addTab(self._metrics, tr("Metrics"))
        self._tabs.addTab(self._settings_pages, tr("Settings"))
        self._pages.addWidget(_hint(tr("Select a run to see its details, or several (Ctrl+click) to compare them.")))
        self._pages.addWidget(self._tabs)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)

    def show_runs(self, runs: Sequence[RunSummary]) -> None:
        """Show these runs; those beyond `MOST` are left out."""
        self._runs = runs[:MOST]
        self._pages.setCurrentIndex(1 if self._runs else 0)
        if self._runs:
            self._show_curves()
            self._show_metrics()
            self._show_settings()

    def colours(self) -> Mapping[Path, str]:
        """Return the colour of each run's curves, by its folder."""
        if not self._runs:
            return {}
        from landseg_gui.panels.runs.compared_curves import STYLES
        from landseg_gui.panels.runs.curves import is_dark

        dark = is_dark(self.palette())
        return {run.folder: style.dark if dark else style.light for run, style in zip(self._runs, STYLES, strict=False)}

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change between light and dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.show_runs(self._runs)

    def _show_curves(self) -> None:
        from landseg_gui.panels.runs.compared_curves import (  # pyqtgraph: its job has loaded it by now
            NamedCurves,
            RunCurvesView,
        )

        if self._curves is None:
            self._curves = RunCurvesView()
            self._curves_page.addWidget(self._curves)
        self._curves.show_runs([NamedCurves(run.name, run.curves) for run in self._runs if run.curves is not None])

    def _show_metrics(self) -> None:
        colours = {_iou_title(name): colour for name, colour in class_colours(self._runs).items()}
        self._start(self._metrics)
        for name, metrics in metric_rows(self._runs).items():
            best = max((metric.value for metric in metrics if metric.value is not None), default=None)
            cells = [_cell(metric.text, bold=len(metrics) > 1 and metric.value == best) for metric in metrics]
            _add_row(self._metrics, name, cells, colours.get(name))

    def _show_settings(self) -> None:
        self._start(self._settings)
        settings = differing_settings(self._runs)
        if len(self._runs) == 1:
            settings = {name: (str(value),) for name, value in self._runs[0].config.items() if value is not None}
        for name, values in settings.items():
            _add_row(self._settings, _setting_title(name), [_cell(value) for value in values])
        self._alike.setText(tr("All settings of these runs are the same."))
        self._settings_pages.setCurrentIndex(0 if settings else 1)

    def _start(self, table: QTableWidget) -> None:
        """Empty a table and give it a column for each run, in the colour of its curves."""
        colours = self.colours()
        table.setRowCount(0)
        table.setColumnCount(len(self._runs))
        for column, run in enumerate(self._runs):
            header = QTableWidgetItem(colour_swatch(colours[run.folder]), run.name)
            header.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            table.setHorizontalHeaderItem(column, header)


def _setting_title(name: str) -> str:
    """Return the title of a setting of training; one that this version does not have keeps its name."""
    field = TrainConfig.model_fields.get(name)
    return translated(field.title) if field is not None and field.title else name


def _table(name: str) -> QTableWidget:
    table: QTableWidget = QTableWidget(objectName=name, showGrid=False, frameShape=QTableWidget.Shape.NoFrame)
    table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
    table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
    table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    table.setWordWrap(False)
    table.setCornerButtonEnabled(False)
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    table.horizontalHeader().setMinimumSectionSize(110)
    table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    table.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
    return table


def _cell(text: str, *, bold: bool = False) -> QTableWidgetItem:
    item = QTableWidgetItem(text)
    item.setToolTip(plain_tip(text))
    font = QFont()
    font.setBold(bold)
    item.setFont(font)
    return item


def _add_row(table: QTableWidget, name: str, cells: Sequence[QTableWidgetItem], colour: str | None = None) -> None:
    row = table.rowCount()
    table.insertRow(row)
    header = QTableWidgetItem(name)
    if colour:
        header.setIcon(colour_swatch(colour))
    table.setVerticalHeaderItem(row, header)
    for column, cell in enumerate(cells):
        table.setItem(row, column, cell)


def _hint(text: str) -> QLabel:
    label = PlainLabel(text, objectName="panel_hint", wordWrap=True)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setMargin(16)
    return label
