"""The notices of a run: the latest in a line, and all of them to unfold."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from landseg_gui.panels.elided_label import ElidedLabel
from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import as_sentence, tr


class NoticeList(QWidget):
    """All notices of a run; takes no room while there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="training_notices", visible=False)
        self._sentences: list[str] = []
        self._latest = ElidedLabel("", "training_notice", mode=Qt.TextElideMode.ElideRight)
        self._count = PlainLabel(objectName="training_notice_count")
        self._count.setProperty("muted", True)  # noqa: FBT003
        self._all = PlainLabel(objectName="training_all_notices", wordWrap=True, visible=False)
        self._unfold = QToolButton(objectName="training_unfold_notices", checkable=True, toolTip=tr("Show all notices"))
        self._unfold.setProperty("unfolds", True)  # noqa: FBT003
        self._unfold.toggled.connect(self._show)
        self._lay_out()

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(self._unfold)
        line.addWidget(self._latest, 1)
        line.addWidget(self._count)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(line)
        column.addWidget(self._all)

    def clear(self) -> None:
        """Remove all notices."""
        self._sentences.clear()
        self._unfold.setChecked(False)
        self._show()

    def add(self, message: str) -> None:
        """Add a notice; one that is there already becomes the latest."""
        sentence = as_sentence(message)
        self._sentences = [*(other for other in self._sentences if other != sentence), sentence]
        self._show()

    def _show(self) -> None:
        latest, unfolded = (self._sentences or [""])[-1], self._unfold.isChecked()
        count = len(self._sentences)
        self._latest.setText(latest)
        self._latest.setToolTip(latest)
        self._latest.update()
        self._all.setText("\n".join(f"• {sentence}" for sentence in reversed(self._sentences)))
        self._all.setVisible(unfolded)
        self._count.setText(tr("%n notices", n=count) if count > 1 else "")
        self._unfold.setArrowType(Qt.ArrowType.DownArrow if unfolded else Qt.ArrowType.RightArrow)
        self.setVisible(bool(self._sentences))
