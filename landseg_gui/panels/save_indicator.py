"""The field of the status bar that shows whether all edits are saved."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from landseg_gui.icons import icon
from landseg_gui.plain_text import PlainLabel, plain_tip
from landseg_gui.session.project_session import ProjectSession
from landseg_gui.session.saving import SaveState
from landseg_gui.text import tr

_ICON_SIDE = 16
_CALM_MS = 150  # a stroke is stored in less: the words would only flicker


class SaveIndicator(QWidget):
    """A few words, in the colour of a problem where edits are not saved, then with buttons that help."""

    save_as_wanted = Signal()

    def __init__(self, session: ProjectSession, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="status_storing")
        self._session = session
        self._icon = PlainLabel()
        self._text = PlainLabel(objectName="status_stored")
        self._retry = QPushButton(tr("Try Again"), objectName="status_retry", flat=True, visible=False)
        self._save_as = QPushButton(tr("Save As…"), objectName="status_save_as", flat=True, visible=False)
        self._icon.setPixmap(icon("warning", QPalette.ColorRole.BrightText).pixmap(_ICON_SIDE, _ICON_SIDE))
        self._retry.clicked.connect(session.saving.retry)
        self._save_as.clicked.connect(self.save_as_wanted)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(0)
        line.addWidget(self._icon)
        line.addWidget(self._text)
        line.addWidget(self._retry)
        line.addWidget(self._save_as)
        self._later = QTimer(self, singleShot=True, interval=_CALM_MS)
        self._later.timeout.connect(lambda: self._show(session.saving.state))
        session.saving.changed.connect(self._follow)
        session.project_changed.connect(self._follow)
        self._follow()

    def _follow(self) -> None:
        state = self._session.saving.state
        if state.passing:
            self._later.start()
        else:
            self._later.stop()
            self._show(state)

    def _show(self, state: SaveState) -> None:
        self.setVisible(bool(state.text))
        self._text.setText(state.text)
        self.setToolTip(plain_tip(state.tip))
        self._icon.setVisible(state.failed)
        self._retry.setVisible(state.failed)
        self._save_as.setVisible(state.failed)
        self._text.setProperty("problem", state.failed)
        self.style().unpolish(self._text)  # its colour depends on the property
        self.style().polish(self._text)
