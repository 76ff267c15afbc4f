"""A project: images, classes, labels and their history, kept in one file that is always up to date."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from landseg_core.errors import ProjectError
from landseg_core.events import JobControl, OnEvent, ignore_event
from landseg_core.geo.window import PixelWindow
from landseg_core.input_files import AnyPath
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.edit import FinishedEdit
from landseg_core.messages import N_
from landseg_core.project.backup.automatic import BackupMaker
from landseg_core.project.backup.copying import save_copy
from landseg_core.project.history import Step
from landseg_core.project.history_engine import BulkEditor, HistoryEngine
from landseg_core.project.image_list import ImageList
from landseg_core.project.images import ImageEntry, NewImage
from landseg_core.project.outside.regrid import Move, MoveBy, Moved, Regridder, free_copy
from landseg_core.project.project_view import ProjectView
from landseg_core.project.run_table import PredictionEntry, RunTable
from landseg_core.project.storage.database_file import create_file
from landseg_core.project.storage.project_file import ProjectFile
from landseg_core.project.storage.rewrite import ChangeTile
from landseg_core.raster.alpha import AUTO
from landseg_core.raster.files.content import RasterContent


class Project(ProjectView):
    """An open project. Every edit shows at once and is stored behind, in order, each as one transaction.

    It is used from one thread; `edit_tiles`, large undo and redo, `save_copy`, `read_transaction` and the reading of
    labels may run in a job's thread beside it. All that edits raises `ProjectError` while the project is read-only,
    busy with a whole-image edit, or cannot store what it has (`failure`).

    Attributes:
        backups: makes dated backups in the user's data folder, while painting goes on.
    """

    def __init__(self, path: AnyPath, *, read_only: bool = False, on_event: OnEvent = ignore_event) -> None:
        """Open a project file; see `open`."""
        super().__init__(ProjectFile(Path(path), read_only=read_only, on_event=on_event))
        self._images = ImageList(self._file, self._editor)
        self._run_table = RunTable(self._file)
        self._regridder = Regridder(self._file, self._editor)
        self.backups = BackupMaker(self._file)
        self._bulk = BulkEditor(self._file, self._editor)
        self._engine = HistoryEngine(self._file, self._editor, self._bulk)

    def __repr__(self) -> str:
        return f"<Project {self.path}, {len(self.images)} images, {len(self.schema)} classes>"

    @classmethod
    def create(cls, path: AnyPath, schema: ClassSchema, on_event: OnEvent = ignore_event) -> Self:
        """Make a project without images at `path` and open it; `on_event` as in `open`.

        Raises:
            ProjectError: something is there already, or it cannot be written.
        """
        create_file(Path(path), schema)
        return cls(path, on_event=on_event)

    @classmethod
    def open(cls, path: AnyPath, *, read_only: bool = False, on_event: OnEvent = ignore_event) -> Self:
        """Open a project: only for reading where another window has it or it is damaged; `read_only_reason` says so.

        `on_event` gets `EditStored`, `StoringFailed` and `StoringResumed`, in the writer's thread.

        Raises:
            ProjectError: it is no project, made by a newer landseg, or damaged beyond reading.
        """
        return cls(path, read_only=read_only, on_event=on_event)

    def retry(self) -> None:
        """Try again to store what could not be stored."""
        self._file.retry()

    def flush(self) -> None:
        """Wait until all edits are on the disk.

        Raises:
            ProjectError: they cannot be stored.
        """
        self._file.flush()

    def add_image(self, raster: AnyPath, alpha: str = AUTO) -> ImageEntry:
        """Add an image, by its path, as one step; raises as `examine_image` and `add_images`."""
        return self._images.add([self._images.examine(raster, alpha)])[0]

    def examine_image(self, raster: AnyPath, alpha: str = AUTO, besides: Iterable[NewImage] = ()) -> NewImage:
        """Look at an image that may be added, alone or `besides` others; changes nothing.

        `alpha` tells how it is opened from then on, see `raster.alpha`.

        Raises:
            RasterError: it is no raster that can be shown, or has no such alpha band.
            ProjectError: it is in the project already, or among the others.
        """
        return self._images.examine(raster, alpha, besides)

    def add_images(self, images: Sequence[NewImage], *, as_step: bool = True) -> tuple[ImageEntry, ...]:
        """Add images that `examine_image` has looked at, all of them as one step of the history.

        Those that a new project begins with are no step (`as_step` False): there is no state before them to go back to.

        Raises:
            ProjectError: they cannot be stored.
        """
        return self._images.add(images, as_step=as_step)

    def set_alpha(self, image_id: int, alpha: str) -> ImageEntry:
        """Say which band of an image tells where there is data, see `raster.alpha`; this is no step of the history.

        Raises:
            RasterError: it has no such band, or cannot be opened.
            ProjectError: there is no such image, or it cannot be stored.
        """
        return self._images.set_alpha(image_id, alpha)

    def relink(self, image_id: int, path: AnyPath) -> ImageEntry:
        """Say where an image is now; its labels and their grid stay.

        Raises:
            RasterError: it is no raster that can be shown.
            ProjectError: it has another size, or cannot be stored.
        """
        return self._images.relink(image_id, Path(path))

    def note_contents(self, contents: Mapping[int, RasterContent]) -> None:
        """Keep what images hold, by id, for a project that did not keep it when they were added; no step.

        Raises:
            ProjectError: the project is read-only or closed.
        """
        self._images.note_contents(contents)

    def keep_grid(self, image_id: int) -> ImageEntry:
        """Go on with the grid that an image has, and take note of its file as it is now; a step that can be undone.

        From then on the image is read as if it lay where the project says, wherever its file says that it lies.

        Raises:
            RasterError: the file cannot be read.
            ProjectError: it has another size, or the project cannot be changed.
        """
        return self._regridder.keep_grid(image_id)

    def plan_move(self, image_id: int, by: MoveBy | None = None, path: Path | None = None) -> Move:
        """Find out what it means to move the labels of an image to the grid that its file has now; changes nothing.

        Labels keep their pixel (`by` "pixels") or their place on the ground ("ground"). By default they keep their
        pixel in an image of the same size, and in one of another size their ground, where the two grids tell it.
        `path` is the file of the image from then on, its present one by default.

        Raises:
            RasterError: the file cannot be read.
            ProjectError: labels cannot keep their ground, or cannot be read.
        """
        return self._regridder.plan(image_id, by, path)

    def move_labels(
        self,
        move: Move,
        *,
        drop_outside: bool = False,
        on_event: OnEvent = ignore_event,
        control: JobControl | None = None,
    ) -> Moved:
        """Do what `plan_move` has found out.

        An image of the same size has one step more then, which can be undone. One whose labels go to other pixels gets
        a new number, and its steps are gone: a copy of the project is made beside it first.

        Raises:
            ProjectError: the project cannot be changed; or labels would lie outside the image, and `drop_outside` does
                not allow that.
            JobStopped: nothing has changed.
        """
        if move.outside and not drop_outside:
            raise ProjectError(
                N_(
                    "{outside} labelled px would lie outside {path} and be lost; allow that (--drop-outside; a "
                    "copy of the project is made first), or bring the former image back (landseg project relink)",
                    outside=move.outside,
                    path=move.path,
                )
            )
        control = control or JobControl()
        self._file.require_ready()
        if move.can_be_undone:
            if move.path != self._file.entry(move.image_id).path:
                self._images.relink(move.image_id, move.path)
            return Moved(self._regridder.move(move, on_event, control), None)
        copy = free_copy(self.path)
        self.save_copy(copy, on_event, control)
        return Moved(self._regridder.move(move, on_event, control), copy)

    def relink_in_folder(self, folder: AnyPath) -> int:
        """Look for the missing images in `folder`, by their names and then by what they hold; return how many it found.

        Raises:
            ProjectError: the folder cannot be read, or it cannot be stored.
        """
        return self._images.relink_in_folder(Path(folder))

    def remove_image(self, image_id: int) -> None:
        """Take an image out of the project with its labels and steps; this cannot be undone. Its file stays.

        Raises:
            ProjectError: there is no such image, or it cannot be stored.
        """
        self._images.remove(image_id)

    def record(self, image_id: int, edit: FinishedEdit, name: str) -> None:
        """Make a gesture a step of the history; returns at once. Where it raises, the gesture is taken back."""
        self._editor.record(image_id, edit, name)

    def undo(self, on_event: OnEvent = ignore_event, control: JobControl | None = None) -> Step | None:
        """Take back the last step that is done and return it, or None; a large one belongs in a job's thread.

        Raises:
            ProjectError: the step is damaged; nothing has changed.
            JobStopped: a large step was stopped; nothing has changed.
        """
        return self._engine.travel(self.history.next_undo, forward=False, on_event=on_event, control=control)

    def redo(self, on_event: OnEvent = ignore_event, control: JobControl | None = None) -> Step | None:
        """Do the next undone step again and return it; as `undo`."""
        return self._engine.travel(self.history.next_redo, forward=True, on_event=on_event, control=control)

    def edit_tiles(
        self,
        image_id: int,
        name: str,
        change: ChangeTile,
        window: PixelWindow | None = None,
        painted_only: bool = False,
        on_event: OnEvent = ignore_event,
        control: JobControl | None = None,
    ) -> int:
        """Change whole tiles of an image as one step, in a job's thread; return how many px changed.

        Args:
            image_id: the image.
            name: the step's name.
            change: gets each tile's key, its window in the raster (cut at the edge) and its (h, w) uint8 values,
                read-only; returns new values or None.
            window: only tiles that touch it (in px of the raster) are changed; all by default.
            painted_only: leave out tiles where nothing is painted.
            on_event: gets `Progress` in tiles.
            control: pauses and stops between tiles.

        Raises:
            ProjectError: it cannot be stored; nothing has changed.
            JobStopped: nothing has changed. What `change` raises comes through, and nothing has changed either.
        """
        return self._bulk.edit_tiles(
            image_id,
            name,
            change,
            window,
            painted_only=painted_only,
            on_event=on_event,
            control=control or JobControl(),
        )

    def change_schema(
        self,
        schema: ClassSchema,
        name: str,
        remap: Mapping[int, int] | None = None,
        on_event: OnEvent = ignore_event,
        control: JobControl | None = None,
    ) -> None:
        """Change the classes as one step; labels with a value of `remap` get the new one (255: none) in all images.

        Raises:
            ProjectError: labels would be left without a class, or it cannot be stored; nothing has changed.
            JobStopped: nothing has changed.
        """
        self._engine.change_schema(schema, name, remap or {}, on_event, control or JobControl())

    def set_areas(self, image_id: int, polygons: Iterable[Sequence[Sequence[float]]], name: str) -> None:
        """Change the working areas of an image as one step.

        Raises:
            ProjectError: a polygon has fewer than three corners, or there is no such image.
        """
        self._engine.set_areas(image_id, polygons, name)

    def add_run(
        self, folder: AnyPath, model: str, classes: Iterable[str], label_state: str, figures: Mapping[str, Any]
    ) -> None:
        """Note a training run on this project; `figures` are JSON-able."""
        self._run_table.add_run(Path(folder), model, classes, label_state, figures)

    def remove_run(self, run_id: int) -> None:
        """Take a training run out of the project; its folder stays."""
        self._run_table.remove_run(run_id)

    def add_prediction(self, image_id: int, mask: Path, confidence: Path | None, model: Path | None) -> PredictionEntry:
        """Note a predicted map of an image; one of the same file takes the older one's place."""
        return self._run_table.add_prediction(image_id, mask, confidence, model)

    def remove_prediction(self, prediction_id: int) -> None:
        """Take a prediction out of the project; its files stay."""
        self._run_table.remove_prediction(prediction_id)

    def set_view_state(self, key: str, value: Any) -> None:
        """Keep something JSON-able for the window; no step of the history. A read-only project keeps it in memory."""
        self._run_table.set_view(key, json.loads(json.dumps(value)))

    def save_copy(
        self,
        path: AnyPath,
        on_event: OnEvent = ignore_event,
        control: JobControl | None = None,
        *,
        overwrite: bool = False,
    ) -> None:
        """Save the project as it is now to another file; relative paths are written anew for its folder.

        Raises:
            ProjectError: it cannot be written; nothing of it is left.
            JobStopped: likewise.
        """
        self.flush()
        save_copy(
            self._file.reads,
            self.path,
            Path(path),
            overwrite=overwrite,
            on_event=on_event,
            control=control or JobControl(),
        )

    def save_as(
        self,
        path: AnyPath,
        on_event: OnEvent = ignore_event,
        control: JobControl | None = None,
        *,
        overwrite: bool = False,
    ) -> None:
        """Save all, also what cannot be stored in the project's file, to another file; that is to be opened then.

        From then on nothing is lost by closing this one.

        Raises:
            ProjectError: it cannot be written; nothing of it is left.
            JobStopped: likewise.
        """
        if self._file.is_written_to:  # damage that was found since the opening changes nothing in that
            control, rescue = control or JobControl(), self.backups.rescued
            self._file.save_as(Path(path), rescue, overwrite=overwrite, on_event=on_event, control=control)
        else:
            self.save_copy(path, on_event, control, overwrite=overwrite)

    def close(self) -> None:
        """Store what waits and close; one file is left. May be called again.

        Raises:
            ProjectError: some edits could not be stored and are lost; all is closed nevertheless.
        """
        self.backups.close()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
