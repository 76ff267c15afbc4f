"""Predicting: maps of rasters by one model. Importing this loads neither torch nor what reads rasters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from landseg_core.errors import OutputError
from landseg_core.events import Event, JobControl, OnEvent, ignore_event
from landseg_core.inference.options import PredictOptions
from landseg_core.limits import WorkSize, all_together, require_agreed
from landseg_core.messages import N_
from landseg_core.output_files import check_free, check_name, made_folder
from landseg_core.raster.files.map_files import MapFiles
from landseg_core.task_fields import AS_IT_IS
from landseg_core.tasks.batch import Batch
from landseg_core.tasks.fields import Alpha, Corrections, Model, header_of, loaded, require_corrections

if TYPE_CHECKING:
    from landseg_core.labels.classes import ClassSchema
    from landseg_core.models.bundle import ModelBundle
    from landseg_core.models.header import BundleHeader
    from landseg_core.project.images import ImageEntry
    from landseg_core.raster.source import RasterSource


@dataclass(frozen=True)
class PlannedMap:
    """A raster to predict, and the files of its map; None where a file is not wanted, but `tif` or `png` is given.

    Where the raster is an `image` of a project, the project gives its grid. `alpha` is how this raster is opened, see
    `raster.alpha`; None: as the task says.
    """

    raster: Path
    tif: Path | None = None
    png: Path | None = None
    confidence: Path | None = None
    image: ImageEntry | None = None
    alpha: str | None = None

    @property
    def path(self) -> Path:
        """Return the file of the map itself."""
        return self.all[0]

    @property
    def all(self) -> tuple[Path, ...]:
        """Return the files that will be written."""
        return tuple(path for path in (self.tif, self.png, self.confidence) if path is not None)


class PredictTask(PredictOptions):
    """Maps to make by one model, one after the other."""

    model: Model
    maps: tuple[Annotated[PlannedMap, AS_IT_IS], ...] = Field(
        title=N_("Maps"), description=N_("The rasters, each with the files of its map")
    )
    alpha: Alpha = None
    corrections: Corrections = None
    keep_going: bool = Field(
        default=False, title=N_("Keep going"), description=N_("Continue with the other images if one fails")
    )

    @property
    def model_file(self) -> Path | None:
        """Return where the model is; None for one in memory."""
        return self.model if isinstance(self.model, Path) else None


@dataclass(frozen=True)
class PredictionPlanned(Event):
    """The maps have been checked; `pixels` of each will be predicted."""

    event: ClassVar[str] = "prediction_planned"
    pixels: tuple[int, ...]


@dataclass(frozen=True)
class MapFinished(Event):
    """A map has been written, with these classes.

    `placed`: the grid of its file gives its position in the raster.
    """

    event: ClassVar[str] = "map_finished"
    map: PlannedMap
    schema: ClassSchema
    placed: bool


@dataclass(frozen=True)
class PredictResult:
    """The maps that were made, and how many failed."""

    maps: tuple[PlannedMap, ...]
    failed: int = 0


class _NoMapMadeError(Exception):
    """Every map has failed and reported why: folders made for them are removed."""


def planned_maps(
    rasters: Sequence[Path], out: Path, formats: Sequence[str], *, confidence: bool
) -> tuple[PlannedMap, ...]:
    """Return the files in the folder `out` for the map of each raster; `formats` are "tif", "png" or both.

    Raises:
        OutputError: two rasters have the same stem, so that one's map would replace the other's.
    """
    (stem, count), *_ = Counter(path.stem for path in rasters).most_common(1)
    if count > 1:
        raise OutputError(
            N_(
                "{count} rasters are called {stem}, so their maps would be one file; predict them to two folders",
                count=count,
                stem=stem,
            )
        )
    named = [(path, MapFiles.numbered(out, path.stem)) for path in rasters]
    return tuple(
        PlannedMap(
            raster=path,
            tif=files.mask if "tif" in formats else None,
            png=files.png if "png" in formats else None,
            confidence=files.confidence if confidence else None,
        )
        for path, files in named
    )


def run_predict(
    task: PredictTask, on_event: OnEvent = ignore_event, control: JobControl | None = None
) -> PredictResult:
    """Make the maps. All that can be checked beforehand is checked for all of them first, and without torch.

    Events: `PredictionPlanned`, then those of `predict_raster` and a `MapFinished` for each map, `ItemFailed`.

    Raises:
        ModelError: the model cannot be opened or run as the task says, or does not fit a raster.
        RasterError, ProjectError: a raster cannot be opened or read, or has another grid by now; or there is no
            correction of the model.
        LargeWorkError: it is a very large job, and `large` is off.
        OutputError: a map exists already, or cannot be written.
        DeviceError: this computer has no such device.
        JobStopped: `control` asked for it.
    """
    from landseg_core.inference.backends.catalog import require_backend
    from landseg_core.inference.backends.choice import require_torch

    header = header_of(task.model)
    if task.corrections is not None:
        require_torch(task.backend)
    require_backend(task.backend, task.precision, task.device)
    require_corrections(task.model, task.corrections)
    batch, works = Batch(on_event, single=len(task.maps) == 1 or not task.keep_going), list[WorkSize]()
    able = batch.done(task.maps, lambda one: works.append(check_map(task, one, header)))
    made: list[PlannedMap] = []
    if able:
        require_agreed(
            all_together(works, N_("the maps of %n images", n=len(works), one="the map of one image")), large=task.large
        )
        on_event(PredictionPlanned(tuple(work.pixels for work in works)))
        with suppress(_NoMapMadeError), _folders(able):
            made = _made(task, able, batch, on_event, control or JobControl())
    return PredictResult(tuple(made), batch.failed)


def _made(
    task: PredictTask, maps: Sequence[PlannedMap], batch: Batch, on_event: OnEvent, control: JobControl
) -> list[PlannedMap]:
    bundle = loaded(task.model, task.corrections)
    made = batch.done(maps, lambda one: on_event(make_map(task, one, bundle, on_event, control)))
    if not made:
        raise _NoMapMadeError
    return made


@contextmanager
def _folders(maps: Sequence[PlannedMap]) -> Iterator[None]:
    with ExitStack() as folders:
        for folder in dict.fromkeys(path.parent for one in maps for path in one.all):
            folders.enter_context(made_folder(folder))
        yield


def check_map(task: PredictTask, one: PlannedMap, model: BundleHeader) -> WorkSize:
    """Check, before any work and without torch, that a map can be made and written; return the size of the work.

    Raises:
        LandsegError: those of `run_predict`.
    """
    from landseg_core.inference.backends.memory import BenchmarkCache
    from landseg_core.inference.work import prediction_work
    from landseg_core.models.compatibility import check_compatible

    with open_raster(task, one, model) as source:
        check_compatible(model, source, task.bands)
        work = prediction_work(model, source, task, one.path.parent, BenchmarkCache.of_user())
    if task.keep_going:  # the others are made where one is too large
        require_agreed(work, large=task.large)
    for path in one.all:
        check_name(path)
        if path.parent.exists():
            check_free(path, overwrite=task.overwrite)
    return work


def make_map(
    task: PredictTask, one: PlannedMap, bundle: ModelBundle, on_event: OnEvent, control: JobControl
) -> MapFinished:
    """Predict one raster in every wanted format; a PNG alone is made from a map that is then removed.

    Raises:
        LandsegError: those of `run_predict`.
    """
    from landseg_core.formats.png import export_png
    from landseg_core.inference.predictor import predict_raster
    from landseg_core.leftovers import scratch_folder
    from landseg_core.raster.source import RasterSource

    with open_raster(task, one, bundle.header) as source, scratch_folder(one.path.parent) as scratch:
        tif = one.tif or scratch / "mask.tif"
        predict_raster(bundle, source, tif, one.confidence, task, on_event, control)
        if one.png is not None:
            export_png(tif, one.png, "index", overwrite=task.overwrite, on_event=on_event, control=control)
        with RasterSource(tif) as written:
            placed = source.grid.window_of(written.grid) is not None
    return MapFinished(one, bundle.header.schema, placed)


def open_raster(task: PredictTask, one: PlannedMap, model: BundleHeader) -> RasterSource:
    """Open the raster of a map for the model; an image of a project has the grid that the project gives.

    Raises:
        RasterError: it cannot be opened.
        ProjectError: its file has another grid by now, and the user has not decided what to do about it.
    """
    from landseg_core.models.compatibility import alpha_for, open_for
    from landseg_core.project.images import open_image
    from landseg_core.project.outside.changes import require_unmoved

    alpha = one.alpha or task.alpha
    if one.image is None:
        return open_for(model, one.raster, alpha, task.bands, many_bands=task.large)
    require_unmoved(one.image)
    return open_image(one.image, alpha or alpha_for(model, one.raster, task.bands))
