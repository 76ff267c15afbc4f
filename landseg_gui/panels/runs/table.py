"""The table of runs: a row each, with the interval of its mIoU drawn as a bar."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from landseg_core.messages import N_
from landseg_core.runs.catalogue import RunStatus, RunSummary
from landseg_gui.icons import colour_swatch
from landseg_gui.plain_text import plain_tip
from landseg_gui.text import clock_time, day, duration, file_size, interval, percent, tr, translated

_Index = QModelIndex | QPersistentModelIndex

RUN = Qt.ItemDataRole.UserRole
"""The role of the `RunSummary` behind a cell."""
SORT = Qt.ItemDataRole.UserRole + 1
"""The role of what a cell is sorted by."""

STATUS_TEXTS = {
    RunStatus.FINISHED: (N_("finished"), ""),
    RunStatus.STOPPED: (N_("stopped"), N_("Stopped early; can be resumed")),
    RunStatus.NOT_FINITE: (N_("stopped: diverged"), N_("The loss was no longer a finite number")),
    RunStatus.OPEN: (N_("unfinished"), N_("Still running, or interrupted; can be resumed")),
    RunStatus.NOT_VALIDATED: (N_("not validated"), N_("No epoch was completed, so its accuracy is unknown")),
    RunStatus.DAMAGED: (N_("damaged"), ""),
    RunStatus.MISSING: (N_("missing"), ""),
}
"""The state of a run as the table shows it, and an explanation where one is needed."""


@dataclass(frozen=True)
class Column:
    """A column: its title, the text of a cell, what it is sorted by, and whether it holds numbers."""

    title: str
    text: Callable[[RunSummary], str]
    key: Callable[[RunSummary], object]
    is_number: bool = False


def date_text(created: str, this_year: int | None = None) -> str:
    """Return when a run began, in local time, with the year where it is another; empty for an unreadable date."""
    try:
        moment = datetime.fromisoformat(created).astimezone()
    except ValueError:
        return ""
    is_old = moment.year != (this_year or datetime.now().astimezone().year)
    return f"{day(moment, year=is_old)}, {clock_time(moment)}"


def _known(value: float | None) -> float:
    return -1.0 if value is None else value


def _state_text(run: RunSummary) -> str:
    return translated(STATUS_TEXTS[run.status][0])


COLUMNS = (
    Column(N_("Run"), lambda run: run.name, lambda run: run.name.casefold()),
    Column("mIoU", lambda run: percent(run.miou), lambda run: _known(run.miou), is_number=True),
    Column(N_("Accuracy"), lambda run: percent(run.accuracy), lambda run: _known(run.accuracy), is_number=True),
    Column(N_("Network"), lambda run: run.model, lambda run: run.model),
    Column(N_("Time"), lambda run: duration(run.seconds), lambda run: run.seconds, is_number=True),
    Column(N_("Date"), lambda run: date_text(run.created), lambda run: run.created),
    Column(N_("State"), lambda run: _state_text(run), lambda run: _state_text(run)),
    Column(N_("Size"), lambda run: file_size(run.size), lambda run: run.size, is_number=True),
)
MIOU_COLUMN = 1


class RunTableModel(QAbstractTableModel):
    """Runs by row. Those that are compared have the colour of their curves next to their name."""

    def __init__(self) -> None:
        super().__init__()
        self._runs: Sequence[RunSummary] = ()
        self._colours: Mapping[Path, str] = {}
        self._used: Path | None = None

    def show(self, runs: Sequence[RunSummary]) -> None:
        """List these runs."""
        self.beginResetModel()
        self._runs = runs
        self.endResetModel()

    def mark(self, colours: Mapping[Path, str]) -> None:
        """Give runs, by their folder, the colours of their curves."""
        self._colours = colours
        self._redraw()

    def set_used(self, folder: Path | None) -> None:
        """Mark the run whose model is the one to predict with."""
        self._used = folder
        self._redraw()

    def _redraw(self) -> None:
        if self._runs:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._runs) - 1, 0))

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Return the number of runs."""
        return 0 if parent.isValid() else len(self._runs)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Return the number of columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a column's title."""
        if orientation == Qt.Orientation.Vertical:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if COLUMNS[section].is_number else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return translated(COLUMNS[section].title) if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what `role` asks of a cell."""
        run, column = self._runs[index.row()], COLUMNS[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._name(run) if index.column() == 0 else column.text(run)
            case Qt.ItemDataRole.ToolTipRole:
                return self._tip(run, index.column())
            case Qt.ItemDataRole.TextAlignmentRole if column.is_number:
                return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            case Qt.ItemDataRole.DecorationRole if index.column() == 0:
                colour = self._colours.get(run.folder)
                return colour_swatch(colour) if colour else None
        return {RUN: run, SORT: column.key(run)}.get(role)

    def _name(self, run: RunSummary) -> str:
        return f"{run.name}  ✓" if run.folder == self._used else run.name

    def _tip(self, run: RunSummary, column: int) -> str:
        if column == MIOU_COLUMN and run.evaluation and run.evaluation.miou_interval:
            ends = interval(run.evaluation.miou_interval)
            return tr("{miou}, 95 % interval {ends}", miou=percent(run.miou), ends=ends)
        used = tr("Its model is used for predictions") if run.folder == self._used else ""
        state = translated(run.problem or STATUS_TEXTS[run.status][1])
        return plain_tip("\n".join(part for part in (str(run.folder), used, state) if part))


class MiouDelegate(QStyledItemDelegate):
    """Draws an mIoU as a bar of that share of the cell, its interval as a whisker, and the number."""

    BAR, NUMBER = 66, 62  # px

    def sizeHint(self, option: QStyleOptionViewItem, _index: _Index) -> QSize:
        """Return the room for bar and number."""
        return QSize(self.BAR + self.NUMBER + 16, option.fontMetrics.height() + 10)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Draw a cell."""
        run: RunSummary = index.data(RUN)
        palette = option.palette
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, palette.highlight())
        text = palette.color(QPalette.ColorRole.Text)
        painter.setPen(text)
        box = option.rect.adjusted(0, 0, -8, 0)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, percent(run.miou))
        if run.miou is not None:
            room = QRectF(option.rect).adjusted(8, 0, -self.NUMBER - 8, 0)
            room.setTop(room.center().y() - 4)
            room.setHeight(8)
            _draw_bar(painter, room, run, text, palette.color(QPalette.ColorRole.Accent))
        painter.restore()


def _draw_bar(painter: QPainter, room: QRectF, run: RunSummary, text: QColor, bar: QColor) -> None:
    """Draw the track, the bar over it, and the interval as a line with ends."""
    track = QColor(text)
    track.setAlphaF(0.14)
    painter.fillRect(room, track)
    painter.fillRect(QRectF(room.left(), room.top(), room.width() * (run.miou or 0.0), room.height()), bar)
    ends = run.evaluation.miou_interval if run.evaluation else None
    if ends:
        low, high = (room.left() + room.width() * end for end in ends)
        middle = room.center().y()
        painter.fillRect(QRectF(low, middle - 0.75, high - low, 1.5), text)
        for end in (low, high):
            painter.fillRect(QRectF(end - 0.75, room.top() - 2, 1.5, room.height() + 4), text)
