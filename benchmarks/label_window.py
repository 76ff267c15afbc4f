"""landseg's window on a project, driven from outside."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtWidgets import QApplication

from benchmarks.mouse import wait_until
from benchmarks.window import BareWindow
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.regions import RectangleRegion
from landseg_core.project.project import Project

_FILL_SIDE = 2048


class LabelWindow(BareWindow):
    """The window on a project."""

    @property
    def project(self) -> Project:
        """Return the project, which has been opened."""
        project = self.session.project_session.project
        assert project is not None
        return project

    @property
    def labels(self) -> LabelRaster:
        """Return the labels in sight."""
        labels = self.session.project_session.labels
        assert labels is not None
        return labels

    def open(self, path: Path) -> float:
        """Open a project; return the seconds until its labels are drawn. Its picture is hidden then."""
        layers, start = self.session.layers, time.perf_counter()
        self.session.project_session.lifecycle.open(path)
        wait_until(lambda: layers.labels is not None)
        layers.image.visible = False
        for job in self.session.background_jobs:
            job.stop()  # small pictures of the raster are not what is measured
        self.wait_sharp()
        seconds = time.perf_counter() - start
        self.wait_idle()
        return seconds

    def close_project(self) -> None:
        """Close the project."""
        assert self.session.project_session.lifecycle.close()
        self.wait_idle()

    def show_picture(self) -> None:
        """Show the picture under the labels, at 1:1, in the upper part of the raster."""
        self.session.layers.image.visible = True
        self.go_to_full_resolution()
        self.wait_sharp()

    def go_to_full_resolution(self) -> None:
        """Show a place amid the labels at 1:1."""
        self.view.centre_on(12_000, 4_000, 1.0)

    def take_brush(self, diameter: int, value: int) -> None:
        """Take the brush in hand."""
        tools = self.window.tools
        tools.select("brush")
        tools.settings.unit, tools.settings.size = "px", diameter
        self.session.project_session.paint.active_value = value

    def seconds_to_fit(self) -> float:
        """Return how long it takes from 1:1 until the whole is in sight, with its labels read from the file."""
        self.session.layers.image.visible = False
        self.go_to_full_resolution()
        self.labels.reload()
        self.wait_sharp()
        start = time.perf_counter()
        self.view.fit()
        self.wait_sharp()
        return time.perf_counter() - start

    def fill(self, value: int) -> None:
        """Paint a square of 4 Mpx as one step, and wait until it is stored."""
        session, (column, row) = self.session.project_session, self.view.raster_position(self.view.rect().topLeft())
        edit = session.editing.begin()
        edit.paint(RectangleRegion((column, row), (column + _FILL_SIDE, row + _FILL_SIDE)), value)
        session.editing.record(edit, "Fill")
        self.project.flush()
        QApplication.processEvents()

    def seconds_to_undo(self) -> float:
        """Return how long it takes until the undone fill is seen."""
        return self.mouse.seconds_to_repaint(self.session.project_session.editing.undo)

    def close(self) -> None:
        """Close the project and the window."""
        self.close_project()
        super().close()
