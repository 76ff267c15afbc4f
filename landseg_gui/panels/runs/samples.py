"""Where the network does best and worst: image, labels and prediction of validation samples, side by side."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.messages import N_
from landseg_core.runs.samples import BEST, SAMPLE, WORST, ValidationSample, ValidationSamples
from landseg_gui.panels.elided_label import ElidedLabel
from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import percent, tr, translated

_TITLES = {WORST: N_("Worst"), BEST: N_("Best"), SAMPLE: N_("Fixed samples")}
if TYPE_CHECKING:
    from landseg_core.runs.sample_file import SavedSample, SavedSamples

    _Scored = ValidationSample | SavedSample

_GAP = 4  # px between the images of a row
_LEAST_HEIGHT = 180


class ImageRow(QWidget):
    """Image, labels and prediction of one sample, as wide as there is room, all at the same scale."""

    def __init__(self, images: tuple[QImage, ...]) -> None:
        super().__init__(objectName="validation_sample")
        self.images = images
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def sizeHint(self) -> QSize:
        """Return a size for a narrow dock."""
        return QSize(240, self.heightForWidth(240))

    def heightForWidth(self, width: int) -> int:
        """Return the height of three images in `width` px."""
        return max(1, round(self._cell_width(width) * self._shape))

    @property
    def _shape(self) -> float:
        """Return the height of the images as a share of their width."""
        return self.images[0].height() / max(1, self.images[0].width())

    def _cell_width(self, width: float) -> float:
        return max(1.0, (width - 2 * _GAP) / 3)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the three; the background shows where nothing is labelled."""
        width = self._cell_width(self.width())
        height = min(float(self.height()), width * self._shape)
        width = height / self._shape
        with QPainter(self) as painter:
            for column, image in enumerate(self.images):
                box = QRectF(column * (width + _GAP), 0, width, height)
                painter.fillRect(box, self.palette().color(QPalette.ColorRole.Base))
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, column == 0)  # never a mix of classes
                painter.drawImage(box, image)


class SampleRow(ImageRow):
    """A sample whose classes can be shown in other colours."""

    def __init__(self, sample: ValidationSample, schema: ClassSchema) -> None:
        super().__init__((_rgb_image(sample.image),))
        self._sample = sample
        self.set_schema(schema)

    def set_schema(self, schema: ClassSchema) -> None:
        """Show labels and prediction in the colours of `schema`."""
        colours = _colour_table(schema)
        maps = self._sample.truth, self._sample.prediction
        self.images = (self.images[0], *(_index_image(part, colours) for part in maps))
        self.update()


class ValidationSamplesView(QScrollArea):
    """The samples of the last validation, worst first; a hint while there are none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="training_samples", widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumHeight(_LEAST_HEIGHT)
        self._schema: ClassSchema | None = None
        self._clear("")

    def begin(self, schema: ClassSchema) -> None:
        """Start again, for a run with the classes of `schema`."""
        self._schema = schema
        self._clear(tr("Samples appear after the first validation."))

    def recolour(self, schema: ClassSchema) -> None:
        """Show the same in other colours."""
        self._schema = schema
        for row in self.findChildren(SampleRow):
            row.set_schema(schema)

    def show_samples(self, event: ValidationSamples) -> None:
        """Show those of an epoch."""
        if self._schema is None or not any(event.samples.values()):
            return
        at = self.verticalScrollBar().value()
        schema = self._schema
        rows = {kind: [(sample, SampleRow(sample, schema)) for sample in some] for kind, some in event.samples.items()}
        page = _page(event.epoch, rows)
        self.setWidget(page)
        page.adjustSize()
        self.verticalScrollBar().setValue(at)

    def show_saved(self, saved: SavedSamples | None) -> None:
        """Show those of a run that is over, of the epoch that gave its model."""
        if saved is None or not any(saved.samples.values()):
            self._clear(tr("This run has no samples."))
            return
        rows = {kind: [(sample, _saved_row(sample)) for sample in some] for kind, some in saved.samples.items()}
        self.setWidget(_page(saved.epoch, rows))

    def _clear(self, hint: str) -> None:
        label = PlainLabel(hint, objectName="panel_hint", wordWrap=True)
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWidget(label)


def _saved_row(sample: SavedSample) -> ImageRow:
    encoded = (uri.partition(",")[2] for uri in (sample.image, sample.truth, sample.prediction))
    return ImageRow(tuple(QImage.fromData(base64.b64decode(text)) for text in encoded))


def _page(epoch: int, rows: Mapping[str, Sequence[tuple[_Scored, ImageRow]]]) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 4, 6, 4)
    column.setSpacing(4)
    column.addWidget(_headings(epoch))
    for kind, title in _TITLES.items():
        for number, (sample, row) in enumerate(rows.get(kind, ())):
            column.addWidget(_caption(translated(title) if number == 0 else "", sample))
            column.addWidget(row)
    column.addStretch(1)
    return page


def _headings(epoch: int) -> QWidget:
    holder = QWidget()
    grid = QGridLayout(holder)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(_GAP)
    texts = tr("Image"), tr("Labels"), tr("Prediction (epoch {epoch})", epoch=epoch)
    for column, text in enumerate(texts):
        grid.addWidget(_muted(text), 0, column)
        grid.setColumnStretch(column, 1)
    return holder


def _caption(title: str, sample: _Scored) -> QLabel:
    text = tr("{accuracy} correct · {sample}", accuracy=percent(sample.accuracy, 0), sample=sample.stem)
    if title:
        text = tr("{kind}: {text}", kind=title, text=text)
    tip = tr("{sample}, mIoU {miou}", sample=sample.stem, miou=percent(sample.miou))
    return ElidedLabel(text, "validation_caption", tip)


def _muted(text: str) -> QLabel:
    label = PlainLabel(text)
    label.setProperty("muted", True)  # noqa: FBT003
    label.setMinimumWidth(1)
    return label


def _colour_table(schema: ClassSchema) -> list[int]:
    """Return 256 colours 0xAARRGGBB by class index; what is not labelled is transparent."""
    table = [0] * 256
    for index, item in enumerate(schema.classes[:UNLABELLED]):
        red, green, blue = item.rgb
        table[index] = 0xFF << 24 | red << 16 | green << 8 | blue
    return table


def _index_image(indices: npt.NDArray[np.uint8], colours: list[int]) -> QImage:
    height, width = indices.shape
    image = QImage(np.ascontiguousarray(indices).data, width, height, width, QImage.Format.Format_Indexed8)
    image.setColorTable(colours)
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)  # a copy: numpy's memory may go


def _rgb_image(pixels: npt.NDArray[np.uint8]) -> QImage:
    height, width = pixels.shape[:2]
    data = np.ascontiguousarray(pixels).data
    return QImage(data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
