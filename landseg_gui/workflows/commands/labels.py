"""The commands of the menus for a project: its file, its images, its labels."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QMainWindow

from landseg_gui.dialogs.class_editor import ClassEditor
from landseg_gui.dialogs.forms.file_kinds import IMAGES
from landseg_gui.dialogs.new_project import NewProjectDialog
from landseg_gui.dialogs.of_project import open_of_project
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.paths import ask_project_path
from landseg_gui.session.session import Session
from landseg_gui.text import tr, translated
from landseg_gui.tools.manager import ToolManager
from landseg_gui.viewer.viewport import Viewport
from landseg_gui.workflows.accept import AcceptFlow
from landseg_gui.workflows.assistant_model import AssistantModelFlow
from landseg_gui.workflows.commands.changes import ChangeCommands
from landseg_gui.workflows.commands.images import ImageCommands
from landseg_gui.workflows.comparison import Comparison
from landseg_gui.workflows.export_labels import ExportLabelsFlow
from landseg_gui.workflows.import_labels import ImportLabelsFlow
from landseg_gui.workflows.label_queue import LabelQueueFlow
from landseg_gui.workflows.restore import RestoreFlow
from landseg_gui.workflows.training.split_overlay import SplitOverlay


class LabelCommands(QObject):
    """The handlers of `action_rows.ROWS` that have to do with projects and labels."""

    def __init__(
        self, window: QMainWindow, session: Session, runner: JobRunner, viewport: Viewport, tools: ToolManager
    ) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._project = session.project_session
        self._tools = tools
        self.comparison = Comparison(session.layers, self)
        self.images = ImageCommands(session.project_session, window)
        self.changes = ChangeCommands(session, self.images, window)
        self.split_overlay = SplitOverlay(session, runner, viewport)
        self.accept_flow = AcceptFlow(session, runner, viewport.view_window, window, tools)
        self.import_flow = ImportLabelsFlow(session, runner, window)
        self.export_flow = ExportLabelsFlow(session, runner, window)
        self.assistant_model_flow = AssistantModelFlow(session, runner, window, tools)
        self.queue_flow = LabelQueueFlow(session, tools, self)
        self.restore_flow = RestoreFlow(session, runner, window)

    # --- the file

    def new_project(self) -> None:
        """Ask for file and classes of a new project, and create it; the open image becomes its first."""
        dialog = NewProjectDialog(self._session, self._window)
        dialog.accepted.connect(lambda: self._project.lifecycle.create(*dialog.answer()))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def add_images(self) -> None:
        """Ask for images and add them to the project."""
        paths, _ = QFileDialog.getOpenFileNames(self._window, tr("Add Images"), self._folder(), translated(IMAGES))
        if paths:
            self._project.images.add([Path(path) for path in paths])

    def show_changed_files(self) -> None:
        """Look for files that have changed outside the project, and list them."""
        self.changes.look()

    def save_copy(self) -> None:
        """Ask for a file and write the whole project there."""
        path = ask_project_path(self._window, tr("Save a Copy"), self._folder())
        if path:
            self._project.saving.save_copy(path, overwrite=True)  # the file dialog has asked

    def save_as(self) -> None:
        """Ask for a file, write the whole project there, and continue in that file."""
        self._tools.cancel()
        project = self._project.project
        path = ask_project_path(self._window, tr("Save As"), project.path) if project else None
        if path:
            self._project.saving.save_as(path, overwrite=True)  # the file dialog has asked

    def restore(self) -> None:
        """Show the backups, to restore one."""
        self._tools.cancel()
        self.restore_flow.open()

    def close_project(self) -> None:
        """Close the project, once everything is saved."""
        self._tools.cancel()
        self._project.lifecycle.close()

    def _folder(self) -> str:
        return str(self._project.project.path.parent) if self._project.project else ""

    # --- edits and classes

    def undo(self) -> None:
        """Undo what is being drawn, such as the last vertex, or else the last edit."""
        if not self._tools.undo_last():
            self._project.editing.undo()

    def redo(self) -> None:
        """Redo the last undone edit."""
        if not self._tools.cancel():
            self._project.editing.redo()

    def edit_classes(self) -> None:
        """Show the class editor; its changes are one edit."""
        project = self._project.project
        if project is None:
            return
        painted: dict[int, int] = {}
        for image in project.images:
            for value, count in project.class_pixels(image.id).items():
                painted[value] = painted.get(value, 0) + count
        dialog = ClassEditor(project.schema, painted, self._window)
        dialog.accepted.connect(lambda: self._change_classes(dialog))
        open_of_project(dialog, self._project.project_changed)

    def _change_classes(self, dialog: ClassEditor) -> None:
        project, draft = self._project.project, dialog.draft
        schema, remap = draft.schema(), draft.remap()
        if project is None or (schema == project.schema and not remap):
            return
        self._project.editing.run(
            draft.title(),
            lambda on_event, control: project.change_schema(
                schema, draft.title(), remap, on_event=on_event, control=control
            ),
        )

    # --- images

    def next_image(self) -> None:
        """Show the next image of the project."""
        self._project.images.show_next()

    def previous_image(self) -> None:
        """Show the previous image."""
        self._project.images.show_previous()

    # --- labels and predictions

    def import_labels(self) -> None:
        """Show the dialog that imports labels from a file."""
        self.import_flow.open()

    def export_labels(self) -> None:
        """Show the dialog that exports labels to files."""
        self.export_flow.open()

    def accept_prediction(self) -> None:
        """Show the dialog that accepts a prediction as labels."""
        self.accept_flow.open()

    def accept_suggestion(self) -> None:
        """Show the dialog that accepts the suggestion in view as labels."""
        self.accept_flow.open_suggestion()

    def choose_assistant_model(self) -> None:
        """Show the dialog in which the model of the tool that segments by clicks is chosen."""
        self.assistant_model_flow.open()

    def suggest(self, on: bool) -> None:
        """Show the suggestion, bring it up to date, or hide it; the action follows what comes of it."""
        if on != self._session.suggestions.on:
            self._session.suggestions.ask()

    def suggest_when_asked(self, on: bool) -> None:
        """Make suggestions only on request, or with every change."""
        self._session.suggestions.set_only_when_asked(on)

    def label_where_it_helps(self, on: bool) -> None:
        """Ask for the class of one area after another, or ask no more."""
        self.queue_flow.set_on(on)

    def compare(self, on: bool) -> None:
        """Blink labels and prediction."""
        self.comparison.blinking = on

    def show_differences(self, on: bool) -> None:
        """Show the prediction only where it differs."""
        self.comparison.only_differences = on

    def show_training_blocks(self, on: bool) -> None:
        """Show on the image which blocks are for training and which for validation."""
        self.split_overlay.set_shown(on)
