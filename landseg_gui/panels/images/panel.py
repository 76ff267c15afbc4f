"""The images panel: every image of the project with what is labelled in it; a click shows it."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QHBoxLayout, QLabel, QListView, QMenu, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from landseg_core.project.images import ImageEntry
from landseg_gui.icons import icon
from landseg_gui.panels.images.image_info import ImageInfo, class_shares
from landseg_gui.panels.images.image_list import INFO, ImageDelegate, ImageListModel
from landseg_gui.panels.images.thumbnails import Thumbnails
from landseg_gui.plain_text import PlainLabel
from landseg_gui.session.project_session import ProjectSession
from landseg_gui.text import tr


class ImagesPanel(QWidget):
    """The images of the project in its order; without a project, a hint about what will be here.

    `add_wanted` asks for more images, `find_wanted` for the file of an image (its id; None for all that are missing),
    `remove_wanted` to remove an image (its id) from the project.
    """

    add_wanted = Signal()
    find_wanted = Signal(object)
    remove_wanted = Signal(int)

    def __init__(self, session: ProjectSession, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="images_panel")
        self._session = session
        self._thumbnails = Thumbnails(session.start_in_background, self)
        self._model = ImageListModel(self._info, self._thumbnail, session.images.is_hidden)
        self._list = self._image_list()
        self._add = QPushButton(icon("add_image"), tr("Add Images…"), objectName="images_add")
        self._find = QPushButton(icon("warning"), tr("Find…"), objectName="images_find")
        self._pages = QStackedWidget()
        self._pages.addWidget(_empty_page())
        self._pages.addWidget(self._list_page())
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._pages)
        self._connect()
        self._show_images()

    def _image_list(self) -> QListView:
        view = QListView(objectName="images_list", uniformItemSizes=True, mouseTracking=True)
        view.setModel(self._model)
        view.setItemDelegate(ImageDelegate(view))
        view.setFrameShape(QListView.Shape.NoFrame)
        view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        return view

    def _list_page(self) -> QWidget:
        page = QWidget()
        foot = QHBoxLayout()
        foot.setContentsMargins(10, 6, 10, 8)
        foot.addWidget(self._add)
        foot.addStretch(1)
        foot.addWidget(self._find)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._list, 1)
        column.addLayout(foot)
        return page

    def _connect(self) -> None:
        self._list.clicked.connect(self._open)
        self._list.activated.connect(self._open)
        self._list.customContextMenuRequested.connect(self._show_menu)
        self._add.clicked.connect(self.add_wanted)
        self._find.clicked.connect(lambda: self.find_wanted.emit(None))
        self._session.editing.images_changed.connect(self._show_images)
        self._session.images.shown_changed.connect(self._mark_shown)
        for signal in (
            self._thumbnails.arrived,
            self._session.editing.schema_changed,
            self._session.editing.history_changed,
        ):
            signal.connect(self._model.redraw)

    def _show_images(self) -> None:
        """Follow the list: its rows, its thumbnails, and what can be done."""
        project = self._session.project
        images = project.images if project else ()
        self._pages.setCurrentIndex(1 if project else 0)
        self._add.setEnabled(project is not None and not project.read_only)
        self._find.setVisible(any(entry.missing for entry in images))
        self._find.setEnabled(self._add.isEnabled())
        self._thumbnails.want([(entry.path, entry.alpha) for entry in images if not entry.missing])
        self._model.show(images)
        self._mark_shown()

    def _info(self, entry: ImageEntry) -> ImageInfo:
        project, thumbnail = self._session.project, self._thumbnails.get(entry.path, entry.alpha)
        shares = class_shares(project.class_pixels(entry.id), project.schema) if project else ()
        return ImageInfo(entry, shares, thumbnail.ground_resolution if thumbnail else None)

    def _thumbnail(self, entry: ImageEntry) -> QImage | None:
        thumbnail = self._thumbnails.get(entry.path, entry.alpha)
        return thumbnail.image if thumbnail else None

    def _mark_shown(self) -> None:
        image = self._session.image
        self._model.set_shown(image.id if image else None)
        row = self._model.row_of(image.id if image else None)
        if row is not None:
            self._list.setCurrentIndex(self._model.index(row))

    def _open(self, index: QModelIndex) -> None:
        info: ImageInfo = index.data(INFO)
        if info.entry.missing:
            self.find_wanted.emit(info.entry.id)
        else:
            self._session.images.show(info.entry.id)

    def _show_menu(self, position: QPoint) -> None:
        index = self._list.indexAt(position)
        if index.isValid():
            menu = self.image_menu(index.data(INFO).entry)
            menu.popup(self._list.viewport().mapToGlobal(position))

    def image_menu(self, entry: ImageEntry) -> QMenu:
        """Return the menu of an image, which is deleted when it is closed."""
        project = self._session.project
        writable = project is not None and not project.read_only
        menu: QMenu = QMenu(self, objectName="images_menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        show = menu.addAction(icon("image"), tr("Open Image"), lambda: self._session.images.show(entry.id))
        show.setEnabled(not entry.missing)
        hidden = self._session.images.is_hidden(entry.id)
        eye = menu.addAction(
            icon("eye" if hidden else "eye_off"),
            tr("Show Image") if hidden else tr("Hide Image (skipped by Next, Previous and Predict All)"),
            lambda: self._session.images.set_hidden(entry.id, hidden=not hidden),
        )
        eye.setEnabled(writable)
        find = menu.addAction(icon("folder"), tr("Find File…"), lambda: self.find_wanted.emit(entry.id))
        find.setEnabled(writable)
        menu.addSeparator()
        remove = menu.addAction(icon("remove"), tr("Remove from Project…"), lambda: self.remove_wanted.emit(entry.id))
        remove.setEnabled(writable)
        return menu


def _empty_page() -> QLabel:
    label = PlainLabel(tr("The images of a project are listed here."), objectName="panel_hint", wordWrap=True)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setMargin(16)
    return label
