"""Lists the files that have changed outside the project, and applies the remedies that the user chooses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from landseg_core.project.outside.changes import Change, Remedy
from landseg_core.project.outside.regrid import Move
from landseg_gui.dialogs.changes import ChangesDialog
from landseg_gui.message_boxes import choose
from landseg_gui.session.session import Session
from landseg_gui.text import pixels, tr
from landseg_gui.workflows.commands.images import ImageCommands


class ChangeCommands(QObject):
    """The list of changed files over `window`, which opens automatically where files have changed.

    `predict_wanted` asks for the prediction dialog, once the image of an outdated map is shown.
    """

    predict_wanted = Signal()

    def __init__(self, session: Session, images: ImageCommands, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._images, self._window = session, images, window
        self._project = session.project_session
        self._files = self._project.changed_files
        self._asked = False
        self._dialog: ChangesDialog | None = None
        self._files.found.connect(self._show)
        self._files.move_planned.connect(self._ask_to_move)
        self._project.project_changed.connect(self._close)
        self._remedies: Mapping[Remedy, Callable[[Change], object]] = {
            Remedy.KEEP_GRID: lambda change: self._files.keep_grid(change.image_id),
            Remedy.MOVE_LABELS: lambda change: self._files.plan_move(change.image_id),
            Remedy.RELINK: self._relink,
            Remedy.PREDICT: self._predict,
            Remedy.REMOVE: self._remove,
        }

    @property
    def dialog(self) -> ChangesDialog | None:
        """Return the list, while it is open."""
        return self._dialog

    def look(self) -> None:
        """Look for changed files, with a message where there are none."""
        self._asked = self._files.look() is not None

    def _show(self, changes: Sequence[Change]) -> None:
        asked, self._asked = self._asked, False
        if not changes:
            self._close()
            if asked:
                self._session.notifier.info(tr("No file of the project has changed."))
            return
        if self._dialog is None:
            self._dialog = ChangesDialog(self._window)
            self._dialog.chosen.connect(self._apply)
            self._dialog.finished.connect(self._release)
        project = self._project.project
        self._dialog.show_changes(changes, writable=project is not None and not project.read_only)
        self._dialog.show()

    def _release(self) -> None:
        dialog, self._dialog = self._dialog, None
        if dialog is not None:
            dialog.deleteLater()

    def _close(self) -> None:
        if self._dialog is not None:
            self._dialog.close()

    def _apply(self, change: Change, remedy: Remedy) -> None:
        self._remedies[remedy](change)

    def _relink(self, change: Change) -> None:
        if change.found is not None:
            self._project.images.relink(change.image_id, change.found)
        else:
            self._images.find(change.image_id)

    def _remove(self, change: Change) -> None:
        if change.prediction_id is not None:
            self._files.remove_map(change.prediction_id)
        else:
            self._images.remove(change.image_id)

    def _predict(self, change: Change) -> None:
        """Show the image of a map, then the prediction dialog."""
        image = self._project.image
        if image is not None and image.id == change.image_id:
            self.predict_wanted.emit()
            return
        job = self._project.images.show(change.image_id)
        if job is not None:
            job.finished.connect(lambda _opened: self.predict_wanted.emit())

    def _ask_to_move(self, move: Move) -> None:
        sentences = [tr("This cannot be undone; a copy of the project is saved next to it first.")]
        if move.outside:
            sentences.append(tr("{area} of labels outside the image will be lost.", area=pixels(move.outside)))
        owner = self._project.owner
        question = tr("Move the labels of {image} to its new grid?", image=move.path.name)
        answer = choose(self._window, question, "\n".join(sentences), [tr("Move Labels")])
        if answer and owner == self._project.owner:  # another project may have been opened meanwhile
            self._files.move(move)
