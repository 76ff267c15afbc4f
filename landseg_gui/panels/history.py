"""The history panel: every step with its name and time; a click undoes or redoes until there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPalette
from PySide6.QtWidgets import (
    QLabel,
    QListView,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from landseg_core.messages import N_
from landseg_core.project.history import Step
from landseg_gui.plain_text import PlainLabel
from landseg_gui.session.project_session import ProjectSession
from landseg_gui.session.step_names import shown_step
from landseg_gui.text import clock_time, day, tr, translated

_Index = QModelIndex | QPersistentModelIndex

TIME = Qt.ItemDataRole.UserRole
"""The role of the text that says when a step was made."""

_START = N_("Start")
_INDENT = 10  # px
_WIDEST_TIME = "00 Mmm"


def time_text(created: str, today: datetime) -> str:
    """Return when a step was made: the time where that was today, else the day; empty for an unreadable text."""
    try:
        moment = datetime.fromisoformat(created).astimezone()
    except ValueError:
        return ""
    return clock_time(moment) if moment.date() == today.date() else day(moment)


class HistoryModel(QAbstractListModel):
    """The start, and after it the steps, oldest first. A row's number is its position in the history."""

    def __init__(self) -> None:
        super().__init__()
        self._steps: Sequence[Step] = ()
        self._images: dict[int, str] = {}
        self._position = 0

    @property
    def position(self) -> int:
        """Return the row of the state that the project is in."""
        return self._position

    def show(self, steps: Sequence[Step], position: int, images: dict[int, str]) -> None:
        """Show these steps, of which `position` are done; `images` names the images where there are several."""
        same = (steps, images) == (self._steps, self._images)
        self._position = position
        if same:
            self.dataChanged.emit(self.index(0), self.index(len(steps)))
            return
        self.beginResetModel()
        self._steps, self._images = steps, images
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Return the number of states."""
        return 0 if parent.isValid() else len(self._steps) + 1

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what `role` asks of a state."""
        row = index.row()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(row)
            case Qt.ItemDataRole.ToolTipRole:
                return self._tip(row)
            case _ if role == TIME:
                return time_text(self._steps[row - 1].created, datetime.now().astimezone()) if row else ""
        return None

    def is_undone(self, row: int) -> bool:
        """Return whether a state lies ahead: its step has been undone."""
        return row > self._position

    def _text(self, row: int) -> str:
        if row == 0:
            return translated(_START)
        step = self._steps[row - 1]
        image = self._images.get(step.image_id or 0, "")
        is_named = step.name.endswith(f" {image}")  # as in "Add brig"
        name = shown_step(step.name)
        return f"{name} · {image}" if image and not is_named else name

    def _tip(self, row: int) -> str:
        if row == self._position:
            return tr("The current state of the project")
        return tr("Redo up to this step") if self.is_undone(row) else tr("Undo back to this step")


class StepDelegate(QStyledItemDelegate):
    """Draws a step with its time at the right: undone ones faint, the state that the project is in bold and marked."""

    def sizeHint(self, option: QStyleOptionViewItem, _index: _Index) -> QSize:
        """Return the height of a row."""
        return QSize(160, option.fontMetrics.height() + 10)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Draw a row."""
        model = index.model()
        assert isinstance(model, HistoryModel)
        here, undone = index.row() == model.position, model.is_undone(index.row())
        painter.save()
        if option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(option.rect, option.palette.midlight())
        if here:
            painter.fillRect(QRect(option.rect.topLeft(), QSize(3, option.rect.height())), option.palette.accent())
        room = option.rect.adjusted(_INDENT, 0, -_INDENT, 0)
        faint = option.palette.color(QPalette.ColorRole.PlaceholderText)
        width = option.fontMetrics.horizontalAdvance(_WIDEST_TIME) + _INDENT
        painter.setPen(faint)
        painter.drawText(room, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, index.data(TIME))
        painter.setPen(faint if undone else option.palette.color(QPalette.ColorRole.Text))
        _draw_name(painter, option, room.adjusted(0, 0, -width, 0), index.data(), bold=here)
        painter.restore()


def _draw_name(painter: QPainter, option: QStyleOptionViewItem, room: QRect, name: str, *, bold: bool) -> None:
    font = QFont(option.font)
    font.setBold(bold)
    painter.setFont(font)
    text = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, room.width())
    painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)


class HistoryPanel(QWidget):
    """The steps of the project. A click, or Enter, undoes or redoes until there."""

    def __init__(self, session: ProjectSession, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="history_panel")
        self._session = session
        self._model = HistoryModel()
        self._list = QListView(objectName="history_list", uniformItemSizes=True, mouseTracking=True)
        self._list.setFrameShape(QListView.Shape.NoFrame)
        self._list.setModel(self._model)
        self._list.setItemDelegate(StepDelegate(self._list))
        self._pages = QStackedWidget()
        self._pages.addWidget(_empty_page())
        self._pages.addWidget(self._list)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)
        self._list.clicked.connect(self._go)
        self._list.activated.connect(self._go)
        for signal in (session.editing.history_changed, session.editing.images_changed):
            signal.connect(self._show)
        self._show()

    def _show(self) -> None:
        project = self._session.project
        self._pages.setCurrentIndex(1 if project else 0)
        if project is None:
            self._model.show((), 0, {})
            return
        several = len(project.images) > 1
        self._model.show(
            project.history.steps,
            project.history.position,
            {entry.id: entry.name for entry in project.images} if several else {},
        )
        here = self._model.index(project.history.position)
        self._list.setCurrentIndex(here)
        self._list.scrollTo(here)

    def _go(self, index: QModelIndex) -> None:
        project = self._session.project
        if project is not None and index.row() != project.history.position:
            self._session.editing.undo_to(index.row())


def _empty_page() -> QLabel:
    label = PlainLabel(tr("The edits of a project are listed here."), objectName="panel_hint", wordWrap=True)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setMargin(16)
    return label
