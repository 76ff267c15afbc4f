"""A project: images, classes, labels and their history, stored in one file that is always up to date."""

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
from landseg_core.project.correction_table import CorrectionTable
from landseg_core.project.history import Step
from landseg_core.project.history_engine import BulkEditor, HistoryEngine
from landseg_core.project.image_list import ImageList
from landseg_core.project.images import ImageEntry, NewImage
from landseg_core.project.outside.regrid import Move, MoveBy, Moved, Regridder, free_copy_path
from landseg_core.project.project_view import ProjectView
from landseg_core.project.run_table import PredictionEntry, RunTable
from landseg_core.project.storage.database_file import create_file
from landseg_core.project.storage.project_file import ProjectFile
from landseg_core.project.storage.rewrite import ChangeTile
from landseg_core.raster.alpha import AUTO
from landseg_core.raster.files.content import RasterContent


class Project(ProjectView):
    """An open project. Every edit shows at once and is stored in the background, in order, each as one transaction.

    It is used from one thread; `edit_tiles`, large undo and redo, `save_copy`, `read_transaction` and the reading of
    labels may run in a job's thread at the same time. Every edit raises `ProjectError` while the project is read-only,
    busy with a whole-image edit, or cannot store earlier edits (`failure`).

    Attributes:
        backups: makes dated backups in the user's data folder, while painting goes on.
        corrections: linear changes of models, fitted to labels, for their predictions.
    """

    def __init__(self, path: AnyPath, *, read_only: bool = False, on_event: OnEvent = ignore_event) -> None:
        """Open a project file; see `open`."""
        super().__init__(ProjectFile(Path(path), read_only=read_only, on_event=on_event))
        self._images = ImageList(self._file, self._editor)
        self._run_table = RunTable(self._file)
        self._regridder = Regridder(self._file, self._editor)
        self.backups = BackupMaker(self._file)
        self.corrections = CorrectionTable(self._file)
        self._bulk = BulkEditor(self._file, self._editor)
        self._engine = HistoryEngine(self._file, self._editor, self._bulk)

    def __repr__(self) -> str:
        return f"<Project {self.path}, {len(self.images)} images, {len(self.schema)} classes>"

    @classmethod
    def create(cls, path: AnyPath, schema: ClassSchema, on_event: OnEvent = ignore_event) -> Self:
        """Create a project without images at `path` and open it; `on_event` as in `open`.

        Raises:
            ProjectError: the path is taken, or the file cannot be written.
        """
        create_file(Path(path), schema)
        return cls(path, on_event=on_event)

    @classmethod
    def open(cls, path: AnyPath, *, read_only: bool = False, on_event: OnEvent = ignore_event) -> Self:
        """Open a project: only for reading if another window has it open or it is damaged (`read_only_reason`).

        `on_event` gets `EditStored`, `StoringFailed` and `StoringResumed`, in the writer's thread.

        Raises:
            ProjectError: it is not a project, was made by a newer landseg, or is damaged beyond reading.
        """
        return cls(path, read_only=read_only, on_event=on_event)

    def retry(self) -> None:
        """Try again to store what could not be stored."""
        self._file.retry()

    def flush(self) -> None:
        """Wait until all edits are stored.

        Raises:
            ProjectError: they cannot be stored.
        """
        self._file.flush()

    def add_image(self, raster: AnyPath, alpha: str = AUTO) -> ImageEntry:
        """Add an image, by its path, as one step; raises as `examine_image` and `add_images`."""
        return self._images.add([self._images.examine(raster, alpha)])[0]

    def examine_image(self, raster: AnyPath, alpha: str = AUTO, besides: Iterable[NewImage] = ()) -> NewImage:
        """Check an image that may be added, alone or `besides` others; changes nothing.

        `alpha` says how it is opened from then on, see `raster.alpha`.

        Raises:
            RasterError: it is not a raster that can be shown, or has no such alpha band.
            ProjectError: it is in the project already, or among the others.
        """
        return self._images.examine(raster, alpha, besides)

    def add_images(self, images: Sequence[NewImage], *, as_step: bool = True) -> tuple[ImageEntry, ...]:
        """Add images that `examine_image` has checked, all of them as one step of the history.

        Those that a new project begins with are not a step (`as_step` False): there is no earlier state to return to.

        Raises:
            ProjectError: they cannot be stored.
        """
        return self._images.add(images, as_step=as_step)

    def set_alpha(self, image_id: int, alpha: str) -> ImageEntry:
        """Set which band of an image marks where there is data, see `raster.alpha`; not a step of the history.

        Raises:
            RasterError: it has no such band, or cannot be opened.
            ProjectError: there is no such image, or it cannot be stored.
        """
        return self._images.set_alpha(image_id, alpha)

    def relink(self, image_id: int, path: AnyPath) -> ImageEntry:
        """Set where an image is now; its labels and their grid stay.

        Raises:
            RasterError: it is not a raster that can be shown.
            ProjectError: it has another size, or cannot be stored.
        """
        return self._images.relink(image_id, Path(path))

    def record_contents(self, contents: Mapping[int, RasterContent]) -> None:
        """Store what images hold, by id, for a project that did not do so when they were added; not a step.

        Raises:
            ProjectError: the project is read-only or closed.
        """
        self._images.record_contents(contents)

    def keep_grid(self, image_id: int) -> ImageEntry:
        """Keep the grid that an image has in the project, and record its file as it is now; a step that can be undone.

        From then on the image is read on the project's grid, whatever georeference its file has.

        Raises:
            RasterError: the file cannot be read.
            ProjectError: it has another size, or the project cannot be changed.
        """
        return self._regridder.keep_grid(image_id)

    def plan_move(self, image_id: int, by: MoveBy | None = None, path: Path | None = None) -> Move:
        """Plan how to move the labels of an image to the grid that its file has now; changes nothing.

        Labels keep their pixel (`by` "pixels") or their map coordinates ("ground"). By default they keep their pixel in
        an image of the same size, and their map coordinates in one of another size, if both grids are georeferenced.
        `path` is the file of the image from then on, its present one by default.

        Raises:
            RasterError: the file cannot be read.
            ProjectError: labels cannot keep their map coordinates, or cannot be read.
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
        """Carry out what `plan_move` has planned.

        For an image of the same size this is one step, which can be undone. One whose labels go to other pixels gets a
        new number and loses its steps: a copy of the project is made next to it first.

        Raises:
            ProjectError: the project cannot be changed; or labels would lie outside the image, and `drop_outside` does
                not allow that.
            JobStopped: nothing has changed.
        """
        if move.outside and not drop_outside:
            raise ProjectError(
                N_(
                    "{pixels} labelled px would lie outside {path} and be lost; allow that (--drop-outside; a "
                    "copy of the project is made first), or restore the former image (landseg project relink)",
                    pixels=move.outside,
                    path=move.path,
                )
            )
        control = control or JobControl()
        self._file.require_ready()
        if move.can_be_undone:
            if move.path != self._file.entry(move.image_id).path:
                self._images.relink(move.image_id, move.path)
            return Moved(self._regridder.move(move, on_event, control), None)
        copy = free_copy_path(self.path)
        self.save_copy(copy, on_event, control)
        return Moved(self._regridder.move(move, on_event, control), copy)

    def relink_in_folder(self, folder: AnyPath) -> int:
        """Look for the missing images in `folder`, by name and then by content; return how many were found.

        Raises:
            ProjectError: the folder cannot be read, or it cannot be stored.
        """
        return self._images.relink_in_folder(Path(folder))

    def remove_image(self, image_id: int) -> None:
        """Remove an image from the project with its labels and steps; this cannot be undone. Its file stays.

        Raises:
            ProjectError: there is no such image, or it cannot be stored.
        """
        self._images.remove(image_id)

    def record(self, image_id: int, edit: FinishedEdit, name: str) -> None:
        """Record a gesture as a step of the history; returns at once. If it raises, the gesture is reverted."""
        self._editor.record(image_id, edit, name)

    def undo(self, on_event: OnEvent = ignore_event, control: JobControl | None = None) -> Step | None:
        """Undo the last step that is done and return it, or None; run a large one in a job's thread.

        Raises:
            ProjectError: the step is damaged; nothing has changed.
            JobStopped: a large step was stopped; nothing has changed.
        """
        return self._engine.travel(self.history.next_undo, forward=False, on_event=on_event, control=control)

    def redo(self, on_event: OnEvent = ignore_event, control: JobControl | None = None) -> Step | None:
        """Redo the next undone step and return it; as `undo`."""
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
            JobStopped: nothing has changed. Exceptions of `change` are passed on, and nothing has changed either.
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
        self, folder: AnyPath, model: str, classes: Iterable[str], label_state: str, metrics: Mapping[str, Any]
    ) -> None:
        """Record a training run on this project; its `metrics` are JSON-able."""
        self._run_table.add_run(Path(folder), model, classes, label_state, metrics)

    def remove_run(self, run_id: int) -> None:
        """Remove a training run from the project; its folder stays."""
        self._run_table.remove_run(run_id)

    def add_prediction(self, image_id: int, mask: Path, confidence: Path | None, model: Path | None) -> PredictionEntry:
        """Record a predicted map of an image; it replaces an older entry of the same file."""
        return self._run_table.add_prediction(image_id, mask, confidence, model)

    def remove_prediction(self, prediction_id: int) -> None:
        """Remove a prediction from the project; its files stay."""
        self._run_table.remove_prediction(prediction_id)

    def set_view_state(self, key: str, value: Any) -> None:
        """Save a JSON-able value for the window, not as a step; a read-only project keeps it in memory only."""
        self._run_table.set_view(key, json.loads(json.dumps(value)))

    def save_copy(
        self,
        path: AnyPath,
        on_event: OnEvent = ignore_event,
        control: JobControl | None = None,
        *,
        overwrite: bool = False,
    ) -> None:
        """Save the project as it is now to another file; relative paths are rewritten for its folder.

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
        """Save everything to another file, including edits that cannot be stored in the project's own file.

        The other file is to be opened next: nothing is lost by closing this one.

        Raises:
            ProjectError: it cannot be written; nothing of it is left.
            JobStopped: likewise.
        """
        if self._file.is_written_to:  # also where damage was found since it was opened
            control, rescue = control or JobControl(), self.backups.rescued
            self._file.save_as(Path(path), rescue, overwrite=overwrite, on_event=on_event, control=control)
        else:
            self.save_copy(path, on_event, control, overwrite=overwrite)

    def close(self) -> None:
        """Store the remaining edits and close, leaving a single file. May be called again.

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
