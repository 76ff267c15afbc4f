"""The page of an empty window: what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from landseg_gui.icons import application_icon, icon
from landseg_gui.panels.layouts import delete_widgets
from landseg_gui.plain_text import PlainLabel, plain_tip, without_key
from landseg_gui.session.project_files import is_project
from landseg_gui.text import tr

_SHOWN_RECENT = 5


class WelcomePage(QWidget):
    """Invites to open an image or a project, by button, by dropping a file, or from the recent files."""

    open_clicked = Signal()
    new_project_clicked = Signal()
    train_clicked = Signal()
    recent_clicked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="welcome")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        outer = QHBoxLayout(self)
        outer.addStretch()
        column = QVBoxLayout()
        column.addStretch(2)
        self._card = self._new_card()
        column.addWidget(self._card)
        column.addStretch(3)
        outer.addLayout(column)
        outer.addStretch()

    def _new_card(self) -> QFrame:
        card: QFrame = QFrame(objectName="welcome_card")
        card.setFixedWidth(500)
        layout = QVBoxLayout(card)
        layout.setContentsMargins(36, 32, 36, 28)
        layout.setSpacing(8)
        logo = PlainLabel()
        logo.setPixmap(application_icon().pixmap(56, 56))
        text = PlainLabel(
            tr(
                "Open an aerial image, label what you see, train a model on the labels, and predict the land cover of "
                "the rest. Labels are stored in a project file, which saves every edit."
            ),
            objectName="welcome_text",
            wordWrap=True,
        )
        layout.addWidget(logo)
        layout.addSpacing(6)
        layout.addWidget(PlainLabel(tr("From image to land-cover map"), objectName="welcome_title", wordWrap=True))
        layout.addWidget(text)
        layout.addSpacing(10)
        layout.addLayout(self._buttons())
        layout.addWidget(PlainLabel(tr("or drop a file anywhere in this window"), objectName="welcome_hint"))
        layout.addLayout(self._recent)
        return card

    def _buttons(self) -> QHBoxLayout:
        open_button = QPushButton(tr("Open Image…"), objectName="welcome_open", default=True)
        open_button.clicked.connect(self.open_clicked)
        project = QPushButton(tr("New Project…"), objectName="welcome_new_project")
        project.clicked.connect(self.new_project_clicked)
        train = QPushButton(tr("Train Model…"), objectName="welcome_train")
        train.clicked.connect(self.train_clicked)
        line = QHBoxLayout()
        line.addWidget(open_button)
        line.addWidget(project)
        line.addWidget(train)
        line.addStretch()
        return line

    def show_recent(self, paths: Sequence[Path]) -> None:
        """List the recent files, newest first."""
        delete_widgets(self._recent)
        if paths:
            title = PlainLabel(tr("Recent files"), objectName="welcome_recent_title")
            title.setContentsMargins(0, 14, 0, 2)
            self._recent.addWidget(title)
        for path in paths[:_SHOWN_RECENT]:
            self._recent.addWidget(self._recent_button(path))

    def show_drop(self, *, wanted: bool) -> None:
        """Show whether files dragged over the window would be accepted."""
        self.setProperty("drop", wanted)
        self._card.style().unpolish(self._card)
        self._card.style().polish(self._card)

    def _recent_button(self, path: Path) -> QPushButton:
        name = self.fontMetrics().elidedText(path.name, Qt.TextElideMode.ElideMiddle, 380)
        button: QPushButton = QPushButton(
            icon("project" if is_project(path) else "image"),
            without_key(name),
            objectName="welcome_recent",
            toolTip=plain_tip(str(path)),
        )
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.clicked.connect(lambda: self.recent_clicked.emit(path))
        return button
