"""What a run has noted: the latest sentence, and the earlier ones to unfold."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QToolButton, QVBoxLayout, QWidget

from landseg_gui.panels.wording import capitalised


class NoticeList(QWidget):
    """All notices of a run; takes no room while there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="training_notices", visible=False)
        self._sentences: list[str] = []
        self._latest = _plain("training_notice")
        self._earlier = _plain("training_earlier_notices")
        self._unfold = QToolButton(objectName="training_unfold_notices", checkable=True)
        self._unfold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._unfold.toggled.connect(self._show)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        for part in (self._latest, self._unfold, self._earlier):
            column.addWidget(part)

    def clear(self) -> None:
        """Forget all."""
        self._sentences.clear()
        self._unfold.setChecked(False)
        self._show()

    def add(self, message: str) -> None:
        """Take a notice; one that is there already comes to the front."""
        sentence = capitalised(message)
        self._sentences = [*(other for other in self._sentences if other != sentence), sentence]
        self._show()

    def _show(self) -> None:
        *earlier, latest = self._sentences or [""]
        unfolded = self._unfold.isChecked()
        self._latest.setText(latest)
        self._earlier.setText("\n".join(f"• {sentence}" for sentence in reversed(earlier)))
        self._earlier.setVisible(unfolded and bool(earlier))
        self._unfold.setVisible(bool(earlier))
        self._unfold.setArrowType(Qt.ArrowType.DownArrow if unfolded else Qt.ArrowType.RightArrow)
        self._unfold.setText("1 earlier notice" if len(earlier) == 1 else f"{len(earlier)} earlier notices")
        self.setVisible(bool(self._sentences))


def _plain(name: str) -> QLabel:
    label = QLabel(objectName=name, wordWrap=True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
