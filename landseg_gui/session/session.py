"""What the window works on: the orthophoto, the layers over it, the project and the model of the moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from landseg_core.events import JobControl
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.raster.alpha import AUTO
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource
from landseg_gui.jobs.runner import Job, JobRunner
from landseg_gui.notifier import Notifier
from landseg_gui.session import opening
from landseg_gui.session.images import OpenAs, ask_to_add
from landseg_gui.session.lifecycle import OpenOutcome
from landseg_gui.session.model_choice import ModelChoice
from landseg_gui.session.project_files import is_project
from landseg_gui.session.project_session import ProjectSession
from landseg_gui.session.reloading import LayerReloader
from landseg_gui.text import capitalised, files_text, pixels
from landseg_gui.viewer.layer import FileLayer, ImageLayer, MaskLayer
from landseg_gui.viewer.layers import LayerStack


def _always() -> bool:
    return True


def _layer_of(picture: opening.Picture) -> ImageLayer:
    return ImageLayer(picture.reader, picture.rendering, picture.ground_resolution, picture.crs_name)


class Session(QObject):
    """The state behind the window. Files are opened by jobs; the signals tell when they are there.

    The masks belong to the project in which they were laid: they come and go with it, as the `model` does. What was
    laid while no project was open belongs to none.

    `raster_leaving` comes just before another orthophoto, or none, takes the place of the present one,
    `picture_renewed` once the same one has been read anew.
    """

    raster_leaving = Signal()
    raster_changed = Signal()
    picture_renewed = Signal(object)
    layers_changed = Signal()
    opened = Signal(object)

    def __init__(self, runner: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.notifier = Notifier(self)
        self.layers = LayerStack(self)
        self.layers.changed.connect(self.layers_changed)
        self.view_provider: Callable[[], PixelWindow | None] = lambda: None
        self._overviews: list[Job] = []
        self._runner = runner
        self.project_session = ProjectSession(self, runner)
        self.model = ModelChoice(self.project_session, self)
        self.reloader = LayerReloader(self, runner)
        self.project_session.project_changed.connect(self._drop_masks_of_others)

    @property
    def raster(self) -> RasterSource | None:
        """Return the orthophoto, or None while the window is empty."""
        return self.layers.image.source if self.layers.image else None

    def _drop_masks_of_others(self) -> None:
        for mask in [mask for mask in self.layers.masks if mask.owner not in (None, self.project_session.owner)]:
            self.layers.remove_mask(mask)

    @property
    def background_jobs(self) -> list[Job]:
        """Return the jobs that may be stopped without asking: nothing is lost with them."""
        return [job for job in self._runner.running if job.background]

    def view_window(self) -> PixelWindow | None:
        """Return the part of the orthophoto in sight, or None where there is none."""
        return self.view_provider()

    def open_raster(self, path: Path | str, wanted: Callable[[], bool] = _always, alpha: str = AUTO) -> Job:
        """Open an orthophoto with its alpha in place of the present one; `wanted` tells whether it still should be."""
        path = Path(path)
        return self._open(path.name, lambda _control: opening.open_picture_alone(path, alpha), wanted)

    def choose_alpha(self, alpha: str) -> None:
        """Read the orthophoto anew with an alpha, see `raster.alpha`; a project that it belongs to keeps that."""
        image = self.layers.image
        if image is None:
            return
        job = self.project_session.images.keep_alpha(alpha)
        if job is None:
            self._read_with(image, alpha)
        else:
            job.finished.connect(lambda _entry: self._read_with(image, alpha))

    def _read_with(self, image: ImageLayer, alpha: str) -> None:
        def show(opened: opening.Opened) -> None:
            picture = opened.picture
            if not picture or image is not self.layers.image:
                return  # another one is shown by now
            if picture.reader.grid.window == image.grid.window:
                self._put_in_place(picture, image.grid)  # a project may keep another grid than that of the file
            else:
                self.replace_picture(picture)

        again = partial(opening.open_picture_again, image.path, image.rendering, image.reader, alpha=alpha)
        job = self._runner.start(f"Open {image.name}", lambda *_: again(), background=True)
        job.finished.connect(show)
        job.failed.connect(self.notifier.error)

    def open_files(self, paths: Sequence[Path | str]) -> None:
        """Open files as they come: the first raster is the picture, masks on its grid become layers over it.

        A project file comes first, and the rest is opened in it; so is what comes while a project is on its way. While
        one is open, the user is asked whether pictures that are not in it are to be added.
        """
        files = [Path(path) for path in paths]
        project = next(filter(is_project, files), None)
        rasters = [path for path in files if not is_project(path)]
        lifecycle = self.project_session.lifecycle
        is_there = project is None or lifecycle.open(project, rasters) is OpenOutcome.ALREADY_OPEN
        if is_there and not (rasters and lifecycle.open_with_next(rasters)):
            self._open_rasters(rasters)

    def _open_rasters(self, files: list[Path]) -> None:
        project = self.project_session
        known = project.images.at(files[0]) if files else None
        if known:
            project.images.show(known.id)
        new = [path for path in files if project.images.at(path) is None]
        if new:
            grid, several = self.raster.grid if self.raster else None, project.images.can_add
            title = new[0].name if len(new) == 1 else f"{len(new)} files"
            self._open(title, lambda control: opening.open_files(new, grid, control, several=several))

    def add_mask(
        self,
        path: Path | str,
        schema: ClassSchema | None = None,
        name: str | None = None,
        wanted: Callable[[], bool] = _always,
        place: PixelWindow | None = None,
    ) -> Job:
        """Lay a mask over the orthophoto; `schema` None takes the classes from the file.

        `place` is where a mask of a part lies, in px of the orthophoto; where its file says, by default. `wanted` tells
        in the end whether it still should be there.
        """
        path = Path(path)
        grid = self.raster.grid if self.raster else None
        return self._open(
            path.name, lambda control: opening.open_mask_alone(path, grid, schema, name, control, place), wanted
        )

    def _open(
        self, title: str, work: Callable[[JobControl], opening.Opened], wanted: Callable[[], bool] = _always
    ) -> Job:
        job = self._runner.start(f"Open {title}", lambda _on_event, control: work(control), background=True)
        owner = self.project_session.owner
        job.finished.connect(lambda opened: self._take(opened, owner) if wanted() else None)
        job.failed.connect(self.notifier.error)
        return job

    def _take(self, opened: opening.Opened, owner: Path | None = None) -> None:
        project = self.project_session
        if owner is not None and owner != project.owner:
            self._tell_left_out(opened, owner)
            return
        new = [path for path in opened.images if project.images.at(path) is None]
        if new and project.images.can_add:
            # A question takes a while of events, which the end of a job must not be in the middle of.
            QTimer.singleShot(0, self, partial(self._ask_to_add, new, opened, project.owner))
        else:
            self._show_opened(opened, owner)
            self._emit_problems(opened.problems)

    def _tell_left_out(self, opened: opening.Opened, owner: Path) -> None:
        """Tell that images were meant for a project that has been left; masks and maps of it are not missed."""
        if opened.images:
            self.notifier.info(f"{files_text(opened.images)} not opened: {owner.name} has been closed meanwhile")

    def _ask_to_add(self, images: Sequence[Path], opened: opening.Opened, owner: Path | None) -> None:
        """Show pictures that the project does not have once the user has said whether it is to have them."""
        project = self.project_session
        if owner is None or owner != project.owner:
            self._take(opened)  # another project, or none, is open by now
            return
        answer = ask_to_add(images, owner, project.lifecycle.window)
        if owner != project.owner:
            return  # the answer was about another one
        if answer is OpenAs.IMAGE_OF_PROJECT and (job := project.images.add(images)):
            self._show_opened(opened, owner)
            job.ended.connect(lambda: self._emit_problems(opened.problems))  # last, or "Added ..." would replace them
            return
        if answer is OpenAs.ON_ITS_OWN and project.lifecycle.close():
            self._show_opened(opened, None)
        self._emit_problems(opened.problems)

    def _show_opened(self, opened: opening.Opened, owner: Path | None) -> None:
        if opened.picture:
            self._show_picture(opened.picture)
        for mask in opened.masks:
            self._lay_mask(mask, owner)

    def _emit_problems(self, problems: Sequence[str]) -> None:
        for sentence in problems:
            self.notifier.error(sentence)

    def _show_picture(self, picture: opening.Picture) -> None:
        # Whoever still reads the former raster (a tile thread, a prediction) keeps it open by holding it.
        for job in self._overviews:
            job.stop()
        self.raster_leaving.emit()
        layer = _layer_of(picture)
        self.layers.set_image(layer)
        self.raster_changed.emit()
        if self.project_session.image is None:
            self.opened.emit(layer.path)
        self._finish(layer, picture)

    def close_picture(self) -> None:
        """Leave the window empty."""
        for job in self._overviews:
            job.stop()
        self.raster_leaving.emit()
        self.layers.set_image(None)
        self.raster_changed.emit()

    def _finish(self, layer: ImageLayer, picture: opening.Picture) -> None:
        if picture.doubt:
            self.notifier.info(capitalised(picture.doubt))
        self._build_overviews(layer)

    def _lay_mask(self, mask: opening.Mask, owner: Path | None) -> None:
        if self.raster is None or not mask.reader.grid.matches(self.raster.grid):
            self.notifier.error(f"{mask.reader.source.path.name} does not fit the picture that is open by now")
            return
        layer = MaskLayer(mask.reader, mask.schema, mask.name)
        layer.owner = owner
        self.layers.add_mask(layer)
        self._build_overviews(layer)
        if mask.guessed:
            hint = "choose them in the layer's menu"
            unshown = f". 255 in {pixels(mask.unshown)} counts as unlabelled and is not shown" if mask.unshown else ""
            self.notifier.info(f"{layer.name} does not tell its classes: {hint}{unshown}")

    def replace_picture(self, picture: opening.Picture) -> None:
        """Show what has become of the orthophoto's file: another size or place makes it another picture."""
        assert self.raster is not None
        name = picture.reader.source.path.name
        self.project_session.changed_files.look()
        if picture.reader.grid != self.raster.file_grid:
            self._show_picture(picture)
            self.notifier.error(f"{name} has changed on disk, its size or place too: what lay over it has been closed")
            return
        self._put_in_place(picture, self.raster.grid)  # where the project says that it lies
        self.notifier.info(f"{name} has changed on disk and has been read again")

    def _put_in_place(self, picture: opening.Picture, grid: RasterGrid) -> None:
        """Show the same orthophoto, read anew, on the same grid, below all that lies over it."""
        layer = _layer_of(picture)
        layer.place_on(grid)
        self.layers.replace_image(layer)
        self.picture_renewed.emit(layer)
        self._finish(layer, picture)

    def replace_mask(self, former: MaskLayer, mask: opening.Mask) -> None:
        """Show what has become of a mask's file, in the place of its layer."""
        layer = MaskLayer(mask.reader, mask.schema, mask.name)
        layer.owner = former.owner
        self.layers.replace_mask(former, layer)
        self._build_overviews(layer)

    def _build_overviews(self, layer: FileLayer) -> None:
        """Make the small pictures of a raster that has none, in the background; the layer then reads those."""
        reader = layer.reader
        if not (isinstance(reader, PyramidReader) and reader.needs_pyramid):
            return
        job = self._runner.start(f"Overviews of {layer.name}", opening.overviews_work(reader), background=True)
        self._overviews.append(job)
        job.finished.connect(layer.reread)
        job.failed.connect(self.notifier.error)
        job.too_large.connect(
            lambda work: self.notifier.info(f"{capitalised(work.objection)}; make them with gdaladdo")
        )
        job.ended.connect(lambda: self._overviews.remove(job))
