"""How the window closes: what runs is stopped, the project is stored, and the user is asked before anything is lost."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QMainWindow

from landseg_gui.jobs.runner import JobRunner
from landseg_gui.message_boxes import choose
from landseg_gui.session.session import Session
from landseg_gui.text import tr
from landseg_gui.tools.manager import ToolManager


class Closing:
    """Decides whether a window closes. Where jobs have to end first, it is disabled and closes after them."""

    def __init__(self, window: QMainWindow, session: Session, runner: JobRunner, tools: ToolManager) -> None:
        self._window, self._session, self._runner, self._tools = window, session, runner, tools
        self._decided = False

    def settle(self) -> bool:
        """Return whether to close at once: nothing runs any more, and the project is saved or given up."""
        return (self._decided or self._may_close()) and self._close_project()

    def end(self) -> None:
        """Close without a question, once what runs has ended: whoever started landseg, or the system, wants it so."""
        self._decide()
        self._runner.idle.connect(self._quit)
        self._runner.stop_all()
        if not self._runner.running:
            self._quit()

    def _decide(self) -> None:
        self._decided = True
        self._window.setEnabled(False)

    def _quit(self) -> None:
        if self._window.close():
            QApplication.quit()  # though a dialog may be open

    def _close_project(self) -> bool:
        """Close the project; False where the user wants to stay, since something could not be saved."""
        self._tools.cancel()
        closed = self._session.project_session.lifecycle.close()
        if not closed:
            self._decided = False
            self._window.setEnabled(True)
        return closed

    def _may_close(self) -> bool:
        running = self._runner.running
        if not running:
            return True
        if set(running) - set(self._session.background_jobs) and not self._ask_to_stop():
            return False
        self._decide()
        self._session.notifier.info(tr("Stopping the running jobs, then closing…"))
        self._runner.idle.connect(self._window.close)
        self._runner.stop_all()
        return not self._runner.running

    def _ask_to_stop(self) -> bool:
        titles = ", ".join(job.title for job in self._runner.running if job not in self._session.background_jobs)
        explanation = tr("Still running: {titles}.", titles=titles)
        return choose(self._window, tr("Stop all jobs and close?"), explanation, [tr("Stop and Close")]) is not None
