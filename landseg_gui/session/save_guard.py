"""The last edits of a project: saved before it is closed, or saved to another file, or discarded by the user."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEventLoop, QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from landseg_core.errors import ProjectError
from landseg_core.messages import N_
from landseg_core.project.project import Project
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.message_boxes import choose
from landseg_gui.notifier import Notifier
from landseg_gui.paths import ask_project_path
from landseg_gui.text import as_sentence, tr

_NOTICE_AFTER_MS = 300
_QUICK_BYTES = 256 * 2**20
_SAVE_AS, _TRY_AGAIN, _DISCARD = N_("Save As…"), N_("Try Again"), N_("Close without Saving")


def _closing_question(project: Project) -> str:
    if project.fault:
        fault = as_sentence(project.fault.sentence).replace(str(project.path), project.path.name)
        return tr("{fault} Close {project} anyway?", fault=fault, project=project.path.name)
    return tr(
        "%n edits could not be saved. Close {project} anyway?",
        n=project.waiting,
        one="One edit could not be saved. Close {project} anyway?",
        project=project.path.name,
    )


class SaveGuard(QObject):
    """Makes sure that the last edits of a project are saved before it is closed, or that the user decides otherwise.

    `saved` brings the path of a file that they were saved to instead.
    """

    saved = Signal(object)

    def __init__(self, runner: JobRunner, notifier: Notifier, parent: QObject) -> None:
        super().__init__(parent)
        self._runner = runner
        self._notifier = notifier

    def settle(self, project: Project, window: QWidget | None) -> bool:
        """Save what is waiting, and ask where that fails; False where the user wants to stay."""
        while sentence := self._failure(project):
            actions = [_SAVE_AS, _TRY_AGAIN, _DISCARD]
            answer = choose(window, _closing_question(project), as_sentence(sentence), actions)
            if answer == _TRY_AGAIN:
                project.retry()
            elif answer != _SAVE_AS:
                return answer == _DISCARD
            elif self._save_as(project, window):
                return True
        return True

    def _save_as(self, project: Project, window: QWidget | None) -> bool:
        """Ask for a file and save all there, with the window alive; False where that was cancelled or failed."""
        path = ask_project_path(window, tr("Save As"), project.path)
        if path is None:
            return False
        problem = self._wait(
            tr("Save {project}", project=path.name), project, lambda: project.save_as(path, overwrite=True)
        )
        if problem:
            choose(window, tr("{project} could not be saved.", project=path.name), problem, [])
        else:
            self.saved.emit(path)
        return not problem

    def _failure(self, project: Project) -> str:
        """Wait until all is saved, with the window alive; return why it cannot be, or an empty text."""
        if project.failure or project.read_only:
            return project.failure or ""
        return self._wait(tr("Save {project}", project=project.path.name), project, project.flush)

    def close(self, project: Project) -> str:
        """Close a project, with the window alive; return what was lost, or an empty text.

        It takes a while to write a long WAL into the file.
        """
        return self._wait(tr("Close {project}", project=project.path.name), project, partial(self._leave, project))

    def _leave(self, project: Project) -> None:
        """Close a project, with a last backup; of a large one, which takes a while, only when it is opened again."""
        try:
            if project.backups.is_due(0) and project.path.stat().st_size < _QUICK_BYTES:
                project.backups.make(at_end=True)
        except (ProjectError, OSError) as error:
            self._notifier.info(str(error))
        finally:
            project.close()

    def _wait(self, title: str, project: Project, work: Callable[[], object]) -> str:
        """Do `work` in a job and wait for its end; return the sentence with which it failed, or an empty text."""
        problems: list[str] = []
        name = project.path.name
        loop = QEventLoop()
        slow = QTimer(loop, singleShot=True, interval=_NOTICE_AFTER_MS)
        slow.timeout.connect(
            lambda: self._notifier.info(
                tr(
                    "Saving %n edits of {project}…",
                    n=project.waiting,
                    one="Saving one edit of {project}…",
                    project=name,
                )
            )
        )
        job = self._runner.start(title, lambda _on_event, _control: work())
        job.failed.connect(problems.append)
        job.ended.connect(loop.quit)
        slow.start()
        loop.exec()
        slow.stop()
        return problems[0] if problems else ""
