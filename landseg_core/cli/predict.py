"""`landseg predict`: from a model and rasters to maps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landseg_core.cli.batch import Batch
from landseg_core.cli.jobs import run_job
from landseg_core.cli.options import Alpha, Bands, Device, Large, Model, Overwrite, QuarterTurns, Window, parse_bands
from landseg_core.cli.output import say
from landseg_core.errors import OutputError
from landseg_core.inference.backends.catalog import BACKENDS, PRECISIONS
from landseg_core.limits import WorkSize, all_together, require_agreed
from landseg_core.output_files import check_free, check_name, made_folder
from landseg_core.raster.files.map_files import MapFiles

if TYPE_CHECKING:
    from landseg_core.events import JobControl, OnEvent
    from landseg_core.inference.predictor import PredictOptions
    from landseg_core.models.bundle import BundleHeader, ModelBundle

FORMATS = ("tif", "png")


class SeenAt(StrEnum):
    """At whose ground resolution a raster is seen; see `inference.fit.Resolution`."""

    model = "model"
    own = "own"


BackendName = StrEnum("BackendName", ["auto", *BACKENDS])  # type: ignore[misc]
PrecisionName = StrEnum("PrecisionName", ["auto", *PRECISIONS])  # type: ignore[misc]
_AUTO_BACKEND, _AUTO_PRECISION = BackendName("auto"), PrecisionName("auto")


@dataclass(frozen=True)
class PlannedMap:
    """Where the maps of one raster go; None is not wanted."""

    raster: Path
    tif: Path | None
    png: Path | None
    confidence: Path | None

    @property
    def all(self) -> tuple[Path, ...]:
        """Return the files that will be written."""
        return tuple(path for path in (self.tif, self.png, self.confidence) if path is not None)


def parse_formats(text: str) -> str:
    """Check a list such as `tif,png`."""
    unknown = sorted(set(text.split(",")) - set(FORMATS))
    if unknown:
        raise typer.BadParameter(f"'{unknown[0]}' is not one of {', '.join(FORMATS)}")
    return text


def predict(
    model: Model,
    rasters: Annotated[list[Path], typer.Argument(metavar="RASTER...")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the maps.")],
    formats: Annotated[
        str, typer.Option("--format", callback=parse_formats, metavar="tif,png", help="tif, png or both.")
    ] = "tif",
    confidence: Annotated[bool, typer.Option("--confidence", help="Write the confidence in percent, too.")] = False,
    window: Window = None,
    tile: Annotated[int, typer.Option(min=32, help="Side of the windows that the network sees, in pixels.")] = 1200,
    overlap: Annotated[
        int | None,
        typer.Option(min=0, help="Pixels that neighbouring windows share.", show_default="as the network needs"),
    ] = None,
    bands: Bands = None,
    alpha: Alpha = None,
    resolution: Annotated[
        SeenAt,
        typer.Option(help="See a raster at the model's ground resolution, or at its own; the map has its own grid."),
    ] = SeenAt.model,
    quarter_turns: QuarterTurns = False,
    device: Device = "auto",
    backend: Annotated[
        BackendName, typer.Option(help="What runs the network; auto finds the quickest on this computer.")
    ] = _AUTO_BACKEND,
    precision: Annotated[
        PrecisionName, typer.Option(help="What it computes in; auto takes what is quick and exact enough, never int8.")
    ] = _AUTO_PRECISION,
    overwrite: Overwrite = False,
    large: Large = False,
) -> None:
    """Predict whole rasters, of any size, as maps with georeference, colours and class names.

    A raster that cannot be predicted is told, and the others are; the exit code is 1 then.
    """
    plan, chosen = plan_files(rasters, out, formats.split(","), confidence=confidence), parse_bands(bands)

    def work(on_event: OnEvent, control: JobControl) -> tuple[Batch, list[PlannedMap]]:
        from landseg_core.inference.backends.catalog import require_backend
        from landseg_core.inference.predictor import PredictOptions
        from landseg_core.models.bundle import ModelBundle, read_header

        options = PredictOptions(
            tile=tile,
            overlap=overlap,
            device=device,
            window=window,
            confidence=confidence,
            overwrite=overwrite,
            bands=chosen,
            resolution=resolution.value,
            quarter_turns=quarter_turns,
            backend=backend.value,
            precision=precision.value,
            large=large,
        )
        header, batch = read_header(model), Batch(len(plan), on_event)
        require_backend(options.backend, options.precision, options.device)
        works: list[WorkSize] = []
        able = batch.done(plan, lambda files: works.append(check_files(files, header, options, alpha)))
        if not able:
            return batch, able
        require_agreed(all_together(works, f"the maps of {len(works)} rasters"), large=large)
        with made_folder(out):
            bundle = ModelBundle.load(model)
            done = batch.done(able, lambda files: predict_one(bundle, files, options, on_event, control, alpha))
            if not done:
                batch.end()
        return batch, done

    batch, done = run_job(work)
    for files in done:
        for path in files.all:
            say(str(path))
    batch.end()


def plan_files(rasters: Sequence[Path], out: Path, formats: Sequence[str], *, confidence: bool) -> list[PlannedMap]:
    """Return where each raster's maps go.

    Raises:
        OutputError: two rasters have the same stem, so that one's map would replace the other's.
    """
    (stem, count), *_ = Counter(path.stem for path in rasters).most_common(1)
    if count > 1:
        raise OutputError(
            f"{count} rasters are called {stem}, so their maps would be one file; predict them to two folders"
        )
    named = [(path, MapFiles.numbered(out, path.stem)) for path in rasters]
    return [
        PlannedMap(
            raster=path,
            tif=files.mask if "tif" in formats else None,
            png=files.png if "png" in formats else None,
            confidence=files.confidence if confidence else None,
        )
        for path, files in named
    ]


def check_files(files: PlannedMap, model: BundleHeader, options: PredictOptions, alpha: str | None = None) -> WorkSize:
    """Refuse, before any work and without torch, what could not be read, predicted or written; return what it takes."""
    from landseg_core.inference.backends.memory import TrialMemory
    from landseg_core.inference.compatibility import open_for, require_fit
    from landseg_core.inference.work import prediction_work

    with open_for(model, files.raster, alpha, options.bands, many_bands=options.large) as source:
        require_fit(model, source, options.bands)
        work = prediction_work(model, source, options, files.all[0].parent, TrialMemory.of_user())
    require_agreed(work, large=options.large)
    for path in files.all:
        check_name(path)
        if path.parent.exists():
            check_free(path, overwrite=options.overwrite)
    return work


def predict_one(
    bundle: ModelBundle,
    files: PlannedMap,
    options: PredictOptions,
    on_event: OnEvent,
    control: JobControl,
    alpha: str | None = None,
) -> None:
    """Predict one raster in every wanted format; a PNG alone is made from a map that is then removed.

    Without an `alpha` it is the model's.
    """
    from landseg_core.formats.map_png import export_png
    from landseg_core.inference.compatibility import open_for
    from landseg_core.inference.predictor import predict_raster
    from landseg_core.leftovers import scratch_folder

    out = files.all[0].parent
    with (
        open_for(bundle, files.raster, alpha, options.bands, many_bands=options.large) as source,
        scratch_folder(out) as scratch,
    ):
        tif = files.tif or scratch / "mask.tif"
        predict_raster(bundle, source, tif, files.confidence, options, on_event, control)
        if files.png is not None:
            export_png(tif, files.png, "index", overwrite=options.overwrite, on_event=on_event, control=control)
