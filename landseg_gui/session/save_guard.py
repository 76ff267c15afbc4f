"""The last edits of a project: on the disk before it is closed, or somewhere else, or given up by the user."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEventLoop, QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from landseg_core.errors import ProjectError
from landseg_core.project.project import Project
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.message_boxes import choose
from landseg_gui.notifier import Notifier
from landseg_gui.paths import ask_project_path
from landseg_gui.text import capitalised, tr

_NOTICE_AFTER_MS = 300
_QUICK_BYTES = 256 * 2**20
_SAVE_AS, _TRY_AGAIN, _DISCARD = "Save As…", "Try again", "Close without them"


def edits(count: int) -> str:
    """Write a number of edits."""
    return "1 edit" if count == 1 else f"{count} edits"


def _what_is_lost(project: Project) -> str:
    if project.fault:
        return f"{project.fault.sentence.replace(str(project.path), project.path.name)}."
    return f"{capitalised(edits(project.waiting))} cannot be stored."


class SaveGuard(QObject):
    """Sees to it that the last edits of a project are on the disk before it is closed, or that the user knows.

    `saved` brings the path of a file that they were saved to instead.
    """

    saved = Signal(object)

    def __init__(self, runner: JobRunner, notifier: Notifier, parent: QObject) -> None:
        super().__init__(parent)
        self._runner = runner
        self._notifier = notifier

    def settle(self, project: Project, window: QWidget | None) -> bool:
        """Store what is waiting, and ask where that fails; False where the user wants to stay."""
        while sentence := self._failure(project):
            question = f"{_what_is_lost(project)} Close {project.path.name} all the same?"
            answer = choose(window, question, capitalised(sentence), [_SAVE_AS, _TRY_AGAIN, _DISCARD])
            if answer == _TRY_AGAIN:
                project.retry()
            elif answer != _SAVE_AS:
                return answer == _DISCARD
            elif self._save_as(project, window):
                return True
        return True

    def _save_as(self, project: Project, window: QWidget | None) -> bool:
        """Ask for a file and save all there, with the window alive; False where nothing came of it."""
        path = ask_project_path(window, tr("Save as"), project.path)
        if path is None:
            return False
        problem = self._wait(tr("Save {path}", path=path.name), project, lambda: project.save_as(path, overwrite=True))
        if problem:
            choose(window, tr("{path} could not be saved.", path=path.name), capitalised(problem), [])
        else:
            self.saved.emit(path)
        return not problem

    def _failure(self, project: Project) -> str:
        """Wait until all is stored, with the window alive; return why it cannot be, or an empty text."""
        if project.failure or project.read_only:
            return project.failure or ""
        return self._wait(tr("Store {path}", path=project.path.name), project, project.flush)

    def close(self, project: Project) -> str:
        """Close a project, with the window alive; return what is lost, or an empty text.

        A long journal takes a while to go into the file.
        """
        return self._wait(tr("Close {path}", path=project.path.name), project, partial(self._leave, project))

    def _leave(self, project: Project) -> None:
        """Close a project, with a last backup; of a large one, which takes a while, only when it is opened again."""
        try:
            if project.backups.is_due(0) and project.path.stat().st_size < _QUICK_BYTES:
                project.backups.make(at_end=True)
        except (ProjectError, OSError) as error:
            self._notifier.info(capitalised(str(error)))
        finally:
            project.close()

    def _wait(self, title: str, project: Project, work: Callable[[], object]) -> str:
        """Do `work` in a job and wait for its end; return the sentence with which it failed, or an empty text."""
        problems: list[str] = []
        loop = QEventLoop()
        slow = QTimer(loop, singleShot=True, interval=_NOTICE_AFTER_MS)
        slow.timeout.connect(
            lambda: self._notifier.info(
                tr("{title}: {edits} on the way to the disk…", title=title, edits=edits(project.waiting))
            )
        )
        job = self._runner.start(title, lambda _on_event, _control: work())
        job.failed.connect(problems.append)
        job.ended.connect(loop.quit)
        slow.start()
        loop.exec()
        slow.stop()
        return problems[0] if problems else ""
