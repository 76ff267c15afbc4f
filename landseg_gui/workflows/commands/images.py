"""The commands for images of a project: find their files, remove them."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from landseg_gui.dialogs.forms.form import FormDialog
from landseg_gui.dialogs.of_project import open_of_project
from landseg_gui.dialogs.relink import FindImagesDialog, RelinkDialog
from landseg_gui.message_boxes import choose
from landseg_gui.session.project_session import ProjectSession
from landseg_gui.text import tr


class ImageCommands(QObject):
    """The dialogs behind the images panel; they open over `window`."""

    def __init__(self, session: ProjectSession, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._window = window

    def find(self, image_id: int | None = None) -> FormDialog | None:
        """Ask for the file of an image; None: for the folder of all missing ones."""
        entry = self._session.images.with_id(image_id) if image_id is not None else None
        if not self._session.editing.may_edit():
            return None
        if entry is not None:
            one = RelinkDialog(entry, self._window)
            one.accepted.connect(lambda: self._session.images.relink(entry.id, one.path()))
            return self._opened(one)
        missing = self._session.images.missing()
        if not missing:
            return None
        several = FindImagesDialog(missing, self._window)
        several.accepted.connect(lambda: self._session.images.relink_in_folder(several.folder()))
        return self._opened(several)

    def remove(self, image_id: int) -> None:
        """Ask, and remove an image from the project."""
        entry, owner = self._session.images.with_id(image_id), self._session.owner
        if entry is None or not self._session.editing.may_edit():
            return
        question = tr("Remove {image} from the project?", image=entry.name)
        explanation = tr(
            "Its labels and their history are deleted, too. This cannot be undone. The image file is kept."
        )
        answer = choose(self._window, question, explanation, [tr("Remove")])
        if answer and owner == self._session.owner:  # another project may have been opened meanwhile
            self._session.images.remove(image_id)

    def _opened(self, dialog: FormDialog) -> FormDialog:
        open_of_project(dialog, self._session.project_changed)
        return dialog
