"""Choosing the model that segments by clicks: the dialog, and the tool that uses the model."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from landseg_gui.dialogs.assistant_model import AssistantModelDialog
from landseg_gui.dialogs.of_project import open_of_project
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.session.assistant.click_segmenter import ClickSegmenter
from landseg_gui.session.session import Session
from landseg_gui.text import tr
from landseg_gui.tools.manager import ToolManager
from landseg_gui.tools.segment import SegmentByClicks


class AssistantModelFlow:
    """The dialog that chooses a model."""

    def __init__(self, session: Session, runner: JobRunner, window: QWidget, tools: ToolManager) -> None:
        self._segmenter: ClickSegmenter = session.segmenter
        self._notifier, self._runner, self._window = session.notifier, runner, window
        tool = tools.tool("segment")
        assert isinstance(tool, SegmentByClicks)
        tool.choose_model = self.open

    def open(self) -> AssistantModelDialog:
        """Show the dialog."""
        dialog = AssistantModelDialog(self._segmenter.files, self._runner, self._window)
        dialog.accepted.connect(lambda: self._use(dialog))
        open_of_project(dialog)
        return dialog

    def _use(self, dialog: AssistantModelDialog) -> None:
        files, model = dialog.answer()
        self._segmenter.use(files, model)
        self._notifier.info(tr("The tool “Segment by Clicks” uses {file} now.", file=files.encoder.name))
