"""Which image of a project is in the window, with its labels, its newest prediction and its position."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from landseg_core.project.images import ImageEntry
from landseg_core.project.project import Project
from landseg_gui.jobs.runner import Job
from landseg_gui.session.project_files import entry_at
from landseg_gui.session.view_state import (
    ViewPosition,
    hidden_images,
    load_position,
    load_window,
    save_position,
)
from landseg_gui.text import tr
from landseg_gui.viewer.frame import ViewFrame

if TYPE_CHECKING:
    from landseg_gui.session.session import Session


class ShownImage(QObject):
    """The image of the project that is in the window, or none: it follows whatever raster is shown.

    `is_misplaced` while the position of its file differs from that of its labels, and nobody has decided about it.

    `position_wanted` brings the (column, row) in raster px to show in the middle, and the zoom in device px per raster
    px.
    """

    changed = Signal()
    position_wanted = Signal(float, float, float)

    def __init__(self, session: Session, frame: Callable[[], ViewFrame | None]) -> None:
        super().__init__(session)
        self.entry: ImageEntry | None = None
        self._session, self._frame = session, frame
        self._project: Project | None = None
        self._wanted: int | None = None
        self._owner: ImageEntry | None = None
        self.is_misplaced = False
        session.rasters.leaving.connect(self.save_position)
        session.rasters.changed.connect(self.follow_raster)

    def set_project(self, project: Project | None) -> None:
        """Work with another project; its image comes with `follow_raster` or `show`."""
        self._project, self.entry, self._wanted, self._owner = project, None, None, None
        self._session.layers.set_labels(None, None)

    def show_first(self) -> None:
        """Show the raster that is in the window, or the image that was shown last, or the first that is not missing."""
        assert self._project is not None
        self.follow_raster()
        if self.entry is None:
            self._show_any(load_window(self._project).get("image"))

    def _show_any(self, wish: int | None = None) -> None:
        """Show the image with the id `wish` where it can be shown, else the first that can."""
        there = self._present_ids()
        if there and self._wanted is None:
            self.show(wish if wish in there else there[0])

    def _present_ids(self) -> list[int]:
        images = self._project.images if self._project else ()
        return [entry.id for entry in images if not entry.missing]

    def show(self, image_id: int) -> Job | None:
        """Open an image of the project; None where it is missing, or in the window already."""
        entry = self._project.find_image(image_id) if self._project else None
        if entry is None or image_id == self._wanted:
            return None
        if entry.missing:
            self._session.notifier.error(
                tr("{path} is missing: choose Find… in the Images panel to locate it.", path=entry.path)
            )
            return None
        self._wanted = image_id
        project = self._project
        job = self._session.files.open_raster(entry.path, lambda: self._is_wanted(project, image_id), entry.alpha)
        job.failed.connect(lambda: self._give_up(project, image_id))
        return job

    def _is_wanted(self, project: Project | None, image_id: int) -> bool:
        """Return whether an image is still wanted: another project has images with the same ids."""
        return self._project is project and self._wanted == image_id

    def _give_up(self, project: Project | None, image_id: int) -> None:
        if self._is_wanted(project, image_id):
            self._wanted = self.entry.id if self.entry else None

    def show_neighbour(self, steps: int) -> None:
        """Show the image `steps` further down the list (negative: up), without the hidden ones."""
        hidden = hidden_images(self._project) - {self._wanted} if self._project else frozenset()
        there = [image_id for image_id in self._present_ids() if image_id not in hidden]
        index = there.index(self._wanted) + steps if self._wanted in there else 0
        if 0 <= index < len(there):
            self.show(there[index])

    def follow_raster(self) -> None:
        """Find the raster in the window among the images, and show its labels."""
        former = self.entry
        self._owner = self._entry_in_window()
        entry = self._owner if self._owner and self._fits(self._owner) else None
        self.is_misplaced = entry is not None and self._put_on_grid(entry)
        self.entry, self._wanted = entry, entry.id if entry else None
        self._show_labels()
        self._free_memory(former)
        self.changed.emit()
        if entry:
            self._show_newest_prediction(entry)
            self._restore_position(entry)

    def _free_memory(self, former: ImageEntry | None) -> None:
        """Drop the tiles of the image that is no longer in the window, as far as they are stored."""
        if former is None or (self.entry is not None and self.entry.id == former.id):
            return
        if self._project and self._project.find_image(former.id):
            self._project.labels(former.id).reload()

    def _fits(self, entry: ImageEntry) -> bool:
        """Return whether the raster has the size that the labels were painted on; where not, show the user."""
        raster, known = self._session.rasters.current, entry.grid
        fits = raster is not None and (raster.grid.width, raster.grid.height) == (known.width, known.height)
        if not fits:
            self._session.notifier.error(
                tr(
                    "The size of {path} differs from the {width} x {height} px that its labels were painted on, so it "
                    "is shown without them: choose in File > Changed Files where they belong.",
                    path=entry.path,
                    width=known.width,
                    height=known.height,
                )
            )
        return fits

    def _put_on_grid(self, entry: ImageEntry) -> bool:
        """Put the image on the grid of the project; True where its file has another one, still to be decided about."""
        layer = self._session.layers.image
        assert layer is not None
        own = layer.source.file_grid
        moved = not entry.known_grid.is_same(own)
        layer.set_grid(own if moved else entry.grid)
        return moved

    def _entry_in_window(self) -> ImageEntry | None:
        """Return the image of the project whose file is in the window, whatever its size is now."""
        raster = self._session.rasters.current
        return entry_at(self._project.images, raster.path) if self._project and raster else None

    def refresh(self) -> None:
        """Follow changes of the images; where the one in the window is gone, show another, or none."""
        before = self.entry
        if self._owner != self._entry_in_window():
            self.follow_raster()
        if self.entry is None and (before or self._session.rasters.current is None):
            self._show_any()
        if self._wanted is None and before and not (self._project and self._project.find_image(before.id)):
            self._session.rasters.close()

    def show_classes(self) -> None:
        """Show the labels with the classes that the project has now."""
        self._show_labels()

    def _show_labels(self) -> None:
        if self._project and self.entry:
            self._session.layers.set_labels(self._project.labels(self.entry.id), self._project.schema)
        else:
            self._session.layers.set_labels(None, None)

    def _show_newest_prediction(self, image: ImageEntry) -> None:
        """Show the newest map over the image; after many rounds all of them would only hide one another."""
        assert self._project is not None
        present = [prediction for prediction in self._project.predictions(image.id) if not prediction.missing]
        if present:
            newest = max(present, key=lambda prediction: prediction.id)
            project = self._project
            self._session.files.add_mask(newest.mask, wanted=lambda: self._is_wanted(project, image.id))

    def _restore_position(self, image: ImageEntry) -> None:
        assert self._project is not None
        position = load_position(self._project, image.id)
        if position:
            self.position_wanted.emit(position.column, position.row, position.scale)

    def save_position(self) -> None:
        """Store in the project which part of the image is in view."""
        if self._project and self.entry and not self._project.failure:
            frame = self._frame()
            save_position(self._project, self.entry.id, ViewPosition.of(frame) if frame else None)
