"""The images of a project as a list model, and how a row of it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from landseg_core.project.images import ImageEntry
from landseg_gui.icons import icon
from landseg_gui.panels.images.image_figures import ClassShare, ImageFigures

FIGURES, PICTURE, IS_SHOWN, IS_HIDDEN = (Qt.ItemDataRole.UserRole + number for number in range(4))
"""Roles: the `ImageFigures`, the thumbnail (`QImage`), whether the image is the one in the window, and
whether its eye is closed."""

FiguresOf = Callable[[ImageEntry], ImageFigures]
PictureOf = Callable[[ImageEntry], QImage | None]
IsHidden = Callable[[int], bool]

_Index = QModelIndex | QPersistentModelIndex

_MARGIN = 8
_PICTURE = 48  # px
_BAR = 5
_EYE = 16


class ImageListModel(QAbstractListModel):
    """The images in the order of the project. What is said of an image is asked for when its row is drawn."""

    def __init__(self, figures_of: FiguresOf, picture_of: PictureOf, is_hidden: IsHidden) -> None:
        super().__init__()
        self._is_hidden = is_hidden
        self._images: tuple[ImageEntry, ...] = ()
        self._figures_of = figures_of
        self._picture_of = picture_of
        self._shown: int | None = None

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Return the number of images."""
        return 0 if parent.isValid() else len(self._images)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what `role` asks of an image."""
        entry = self._images[index.row()]
        answers: dict[int, Callable[[], object]] = {
            Qt.ItemDataRole.DisplayRole: lambda: entry.name,
            Qt.ItemDataRole.ToolTipRole: lambda: self._figures_of(entry).tip(),
            FIGURES: lambda: self._figures_of(entry),
            PICTURE: lambda: self._picture_of(entry),
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
        """Have the rows in sight drawn again: what is said of them has changed."""
        if self._images:
            self.dataChanged.emit(self.index(0), self.index(len(self._images) - 1))

    def row_of(self, image_id: int | None) -> int | None:
        """Return the row of an image, or None."""
        return next((row for row, entry in enumerate(self._images) if entry.id == image_id), None)


class ImageDelegate(QStyledItemDelegate):
    """Draws an image as its thumbnail, its name, what is labelled, and a bar of the classes."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        """Return the height of a row."""
        return QSize(180, _PICTURE + 2 * _MARGIN)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Draw a row."""
        figures: ImageFigures = index.data(FIGURES)
        shown: bool = index.data(IS_SHOWN)
        painter.save()
        _draw_ground(painter, option, shown=shown)
        inner = option.rect.adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        _draw_picture(painter, QRect(inner.topLeft(), QSize(_PICTURE, _PICTURE)), index.data(PICTURE))
        text = inner.adjusted(_PICTURE + _MARGIN, 0, 0, 0)
        _draw_eye(painter, text.topRight(), hidden=index.data(IS_HIDDEN))
        _draw_texts(painter, option, text.adjusted(0, 0, -_EYE - 4, 0), figures, shown=shown)
        _draw_bar(painter, QRect(text.left(), text.bottom() - _BAR, text.width(), _BAR), figures.shares)
        painter.restore()


def _draw_ground(painter: QPainter, option: QStyleOptionViewItem, *, shown: bool) -> None:
    if shown:
        painter.fillRect(QRect(option.rect.topLeft(), QSize(3, option.rect.height())), option.palette.accent())
    if option.state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
        painter.fillRect(option.rect.adjusted(3, 0, 0, 0), option.palette.midlight())


def _draw_picture(painter: QPainter, place: QRect, picture: QImage | None) -> None:
    if picture is None or picture.isNull():
        side = place.width() // 2
        corner = place.center() - QPoint(side // 2, side // 2)
        painter.drawPixmap(corner, icon("image", QPalette.ColorRole.PlaceholderText).pixmap(side, side))
        return
    size = picture.size().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
    target = QRect(QPoint(0, 0), size)
    target.moveCenter(place.center())
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(target, picture)


def _draw_eye(painter: QPainter, corner: QPoint, *, hidden: bool) -> None:
    name, role = ("eye_off", QPalette.ColorRole.PlaceholderText) if hidden else ("eye", QPalette.ColorRole.ButtonText)
    painter.drawPixmap(corner - QPoint(_EYE, 0), icon(name, role).pixmap(_EYE, _EYE))


def _draw_texts(
    painter: QPainter, option: QStyleOptionViewItem, place: QRect, figures: ImageFigures, *, shown: bool
) -> None:
    """Draw the name, bold where the image is the one in the window, and below it what is labelled."""
    font = QFont(option.font)
    font.setBold(shown)
    missing = figures.entry.missing
    below = QPalette.ColorRole.BrightText if missing else QPalette.ColorRole.PlaceholderText
    lines = ((font, QPalette.ColorRole.Text, figures.entry.name), (option.font, below, figures.summary()))
    top = place.top()
    for face, role, text in lines:
        painter.setFont(face)
        painter.setPen(option.palette.color(role))
        line = QRect(place.left(), top, place.width(), option.fontMetrics.height() + 2)
        elided = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, line.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, elided)
        top = line.bottom() + 1


def _draw_bar(painter: QPainter, place: QRect, shares: Sequence[ClassShare]) -> None:
    """Draw each class as long as its share of what is labelled."""
    left = float(place.left())
    for item in shares:
        right = left + place.width() * item.share
        part = QRect(QPoint(round(left), place.top()), QPoint(max(round(left), round(right) - 1), place.bottom()))
        painter.fillRect(part, QColor(item.colour))
        left = right
