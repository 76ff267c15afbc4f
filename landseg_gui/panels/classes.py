"""The classes panel: which class to paint with, how much is labelled, and which classes are protected."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from landseg_core.errors import LandsegError
from landseg_core.labels.label_spread import lacks
from landseg_gui.panels.elided_label import ElidedLabel
from landseg_gui.panels.label_class_row import LabelClassRow
from landseg_gui.plain_text import PlainLabel
from landseg_gui.session.project_session import ProjectSession
from landseg_gui.text import area, pixels, thousands, tr, translated
from landseg_gui.viewer.label_layer import LabelLayer
from landseg_gui.viewer.layers import LayerStack


class ClassesPanel(QWidget):
    """The classes of the project, in order; without a project, a button that makes one.

    `edit_wanted` asks for the class editor, `project_wanted` for a new project.
    """

    edit_wanted = Signal()
    project_wanted = Signal()

    def __init__(self, session: ProjectSession, layers: LayerStack, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="classes_panel")
        self._session = session
        self._layers = layers
        self._rows: list[LabelClassRow] = []
        self._column = QVBoxLayout()
        self._scroll = QScrollArea(widgetResizable=True)
        self._edit = QPushButton(tr("Edit Classes…"), objectName="classes_edit")
        self._lacks = ElidedLabel("", "classes_lacks", mode=Qt.TextElideMode.ElideRight)
        self._lacks.setProperty("muted", "true")
        self._pages = QStackedWidget()
        self._pages.addWidget(self._empty_page())
        self._pages.addWidget(self._class_page())
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._pages)
        session.project_changed.connect(self._rebuild)
        session.editing.schema_changed.connect(self._rebuild)
        session.paint.changed.connect(self._show_states)
        session.images.shown_changed.connect(self._show_pixels)
        session.editing.history_changed.connect(self._show_pixels)
        layers.changed.connect(self._follow_layer)
        self._layer: LabelLayer | None = None
        self._rebuild()

    def _empty_page(self) -> QWidget:
        page = QWidget()
        text = PlainLabel(
            tr("Labels are stored in a project file, which saves every edit."), objectName="panel_hint", wordWrap=True
        )
        button = QPushButton(tr("New Project…"), objectName="classes_new_project")
        button.clicked.connect(self.project_wanted)
        column = QVBoxLayout(page)
        column.setContentsMargins(12, 12, 12, 12)
        column.addWidget(text)
        column.addWidget(button, alignment=Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        return page

    def _class_page(self) -> QWidget:
        page, rows = QWidget(), QWidget()
        self._column.setContentsMargins(0, 4, 0, 4)
        self._column.setSpacing(0)
        stretched = QVBoxLayout(rows)
        stretched.setContentsMargins(0, 0, 0, 0)
        stretched.addLayout(self._column)
        stretched.addStretch(1)
        scroll = self._scroll
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(rows)
        self._edit.clicked.connect(self.edit_wanted)
        foot = QHBoxLayout()
        foot.setContentsMargins(10, 6, 10, 8)
        foot.setSpacing(10)
        foot.addWidget(self._edit)
        foot.addWidget(self._lacks, 1)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(scroll, 1)
        column.addLayout(foot)
        return page

    def _rebuild(self) -> None:
        schema = self._session.schema
        for row in self._rows:
            row.deleteLater()
        self._rows = []
        for index, item in enumerate(schema.classes if schema else ()):
            row = LabelClassRow(index, item)
            row.chosen.connect(self._choose)
            row.edit_wanted.connect(self.edit_wanted)
            row.lock_toggled.connect(self._session.paint.set_locked)
            row.eye_toggled.connect(self._show_class)
            self._column.addWidget(row)
            self._rows.append(row)
        self._edit.setEnabled(self._session.project is not None and not self._session.project.read_only)
        self._pages.setCurrentIndex(1 if schema else 0)
        self._show_states()
        self._show_pixels()

    def _choose(self, value: int) -> None:
        self._session.paint.active_value = value

    def _show_class(self, value: int, visible: bool) -> None:
        if self._layers.labels:
            self._layers.labels.set_class_visible(value, visible)

    def _follow_layer(self) -> None:
        """Follow the visible classes of the label layer, which is another one for each image."""
        if self._layers.labels is not self._layer:
            self._layer = self._layers.labels
            if self._layer:
                self._layer.restyled.connect(self._show_states)
            self._show_states()

    def _show_states(self) -> None:
        layer = self._layers.labels
        for row in self._rows:
            row.show_state(
                active=row.value == self._session.paint.active_value,
                visible=layer is None or layer.is_class_visible(row.value),
                locked=row.value in self._session.paint.locked,
            )
        QTimer.singleShot(0, self, self._scroll_to_active)  # new rows have no position before

    def _scroll_to_active(self) -> None:
        for row in self._rows:
            if row.value == self._session.paint.active_value:
                self._scroll.ensureWidgetVisible(row, 0, 0)

    def _show_pixels(self) -> None:
        project, image = self._session.project, self._session.image
        counts = project.class_pixels(image.id) if project and image else {}
        resolution = self._layers.image.ground_resolution if self._layers.image else None
        for row in self._rows:
            count = counts.get(row.value, 0)
            row.show_pixels(pixels(count) if count else "", _labelled_text(count, resolution))
        self._show_lacks()

    def _show_lacks(self) -> None:
        """Say of which classes the image has no labels, few, or all in one part of it."""
        lines = self._lines_of_lacks()
        self._lacks.setText("; ".join(lines))
        self._lacks.setToolTip("\n".join([tr("What the labels lack:"), *lines]) if lines else "")

    def _lines_of_lacks(self) -> list[str]:
        labels, schema, image = self._session.labels, self._session.schema, self._session.image
        if labels is None or schema is None or image is None:
            return []
        try:
            return [translated(text) for text in lacks(labels, schema, north_up=image.grid.is_north_up)]
        except LandsegError:  # what is damaged is shown elsewhere
            return []


def _labelled_text(count: int, resolution: float | None) -> str:
    """Return how much is labelled, in px and, where the size of a pixel in m is known, as an area."""
    if resolution is None:
        return tr("{count} px labelled", count=thousands(count))
    return tr("{count} px, {area} labelled", count=thousands(count), area=area(count * resolution**2))
