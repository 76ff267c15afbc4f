"""The images of a project as a list model, and how a row of it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from landseg_core.project.images import ImageEntry
from landseg_gui.icons import icon
from landseg_gui.panels.images.image_info import ClassShare, ImageInfo

INFO, THUMBNAIL, IS_SHOWN, IS_HIDDEN = (Qt.ItemDataRole.UserRole + number for number in range(4))
"""Roles: the `ImageInfo`, the thumbnail (`QImage`), whether the image is the one in the window, and
whether it is hidden."""

InfoOf = Callable[[ImageEntry], ImageInfo]
ThumbnailOf = Callable[[ImageEntry], QImage | None]
IsHidden = Callable[[int], bool]

_Index = QModelIndex | QPersistentModelIndex

_MARGIN = 8
_SIDE = 48  # px
_BAR = 5
_EYE = 16


class ImageListModel(QAbstractListModel):
    """The images in the order of the project. What is shown about an image is requested when its row is drawn."""

    def __init__(self, info_of: InfoOf, thumbnail_of: ThumbnailOf, is_hidden: IsHidden) -> None:
        super().__init__()
        self._is_hidden = is_hidden
        self._images: tuple[ImageEntry, ...] = ()
        self._info_of = info_of
        self._thumbnail_of = thumbnail_of
        self._shown: int | None = None

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Return the number of images."""
        return 0 if parent.isValid() else len(self._images)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what `role` asks of an image."""
        entry = self._images[index.row()]
        answers: dict[int, Callable[[], object]] = {
            Qt.ItemDataRole.DisplayRole: lambda: entry.name,
            Qt.ItemDataRole.ToolTipRole: lambda: self._info_of(entry).tip(),
            INFO: lambda: self._info_of(entry),
            THUMBNAIL: lambda: self._thumbnail_of(entry),
            IS_SHOWN: lambda: entry.id == self._shown,
            IS_HIDDEN: lambda: self._is_hidden(entry.id),
        }
        return answers[role]() if role in answers else None

    def show(self, images: tuple[ImageEntry, ...]) -> None:
        """List these images."""
        self.beginResetModel()
        self._images = images
        self.endResetModel()

    def set_shown(self, image_id: int | None) -> None:
        """Mark the image in the window."""
        self._shown = image_id
        self.redraw()

    def redraw(self) -> None:
        """Redraw the visible rows: what they show has changed."""
        if self._images:
            self.dataChanged.emit(self.index(0), self.index(len(self._images) - 1))

    def row_of(self, image_id: int | None) -> int | None:
        """Return the row of an image, or None."""
        return next((row for row, entry in enumerate(self._images) if entry.id == image_id), None)


class ImageDelegate(QStyledItemDelegate):
    """Draws an image as its thumbnail, its name, what is labelled, and a bar of the classes."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        """Return the height of a row."""
        return QSize(180, _SIDE + 2 * _MARGIN)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Draw a row."""
        info: ImageInfo = index.data(INFO)
        shown: bool = index.data(IS_SHOWN)
        painter.save()
        _draw_background(painter, option, shown=shown)
        inner = option.rect.adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        _draw_thumbnail(painter, QRect(inner.topLeft(), QSize(_SIDE, _SIDE)), index.data(THUMBNAIL))
        text = inner.adjusted(_SIDE + _MARGIN, 0, 0, 0)
        _draw_eye(painter, text.topRight(), hidden=index.data(IS_HIDDEN))
        _draw_texts(painter, option, text.adjusted(0, 0, -_EYE - 4, 0), info, shown=shown)
        _draw_bar(painter, QRect(text.left(), text.bottom() - _BAR, text.width(), _BAR), info.shares)
        painter.restore()


def _draw_background(painter: QPainter, option: QStyleOptionViewItem, *, shown: bool) -> None:
    if shown:
        painter.fillRect(QRect(option.rect.topLeft(), QSize(3, option.rect.height())), option.palette.accent())
    if option.state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
        painter.fillRect(option.rect.adjusted(3, 0, 0, 0), option.palette.midlight())


def _draw_thumbnail(painter: QPainter, box: QRect, thumbnail: QImage | None) -> None:
    if thumbnail is None or thumbnail.isNull():
        side = box.width() // 2
        corner = box.center() - QPoint(side // 2, side // 2)
        painter.drawPixmap(corner, icon("image", QPalette.ColorRole.PlaceholderText).pixmap(side, side))
        return
    size = thumbnail.size().scaled(box.size(), Qt.AspectRatioMode.KeepAspectRatio)
    target = QRect(QPoint(0, 0), size)
    target.moveCenter(box.center())
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(target, thumbnail)


def _draw_eye(painter: QPainter, corner: QPoint, *, hidden: bool) -> None:
    name, role = ("eye_off", QPalette.ColorRole.PlaceholderText) if hidden else ("eye", QPalette.ColorRole.ButtonText)
    painter.drawPixmap(corner - QPoint(_EYE, 0), icon(name, role).pixmap(_EYE, _EYE))


def _draw_texts(painter: QPainter, option: QStyleOptionViewItem, box: QRect, info: ImageInfo, *, shown: bool) -> None:
    """Draw the name, bold where the image is the one in the window, and below it what is labelled."""
    font = QFont(option.font)
    font.setBold(shown)
    missing = info.entry.missing
    below = QPalette.ColorRole.BrightText if missing else QPalette.ColorRole.PlaceholderText
    lines = ((font, QPalette.ColorRole.Text, info.entry.name), (option.font, below, info.summary()))
    top = box.top()
    for face, role, text in lines:
        painter.setFont(face)
        painter.setPen(option.palette.color(role))
        line = QRect(box.left(), top, box.width(), option.fontMetrics.height() + 2)
        elided = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, line.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, elided)
        top = line.bottom() + 1


def _draw_bar(painter: QPainter, box: QRect, shares: Sequence[ClassShare]) -> None:
    """Draw each class as long as its share of what is labelled."""
    left = float(box.left())
    for item in shares:
        right = left + box.width() * item.share
        part = QRect(QPoint(round(left), box.top()), QPoint(max(round(left), round(right) - 1), box.bottom()))
        painter.fillRect(part, QColor(item.colour))
        left = right
