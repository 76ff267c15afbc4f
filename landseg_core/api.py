"""The front door for Python: the same work as in the window and at the command line, in functions of a few arguments.

Paths may be strings, a model may be given by its path, and every expected failure is a `LandsegError`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from landseg_core.events import OnEvent, ignore_event
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.tiling import pieces
from landseg_core.geo.window import PixelWindow
from landseg_core.input_files import AnyPath
from landseg_core.labels.classes import ClassSchema, load_classes
from landseg_core.raster.source import RasterSource

if TYPE_CHECKING:
    from landseg_core.inference.arrays import PredictionArray
    from landseg_core.models.bundle import ModelBundle

STRIP_ROWS = 1024
"""Rows of a map that are counted at once."""
Interval = tuple[float, float]


@dataclass(frozen=True)
class MapResult:
    """A map on disk, the confidence beside it where it was asked for, and how many px each class has in it."""

    path: Path
    confidence_path: Path | None
    grid: RasterGrid
    class_pixels: dict[str, int]

    def __repr__(self) -> str:
        return f"<MapResult {self.path}, {self.grid.width} x {self.grid.height} px>"


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The accuracy of a model: fractions 0-1; None for what cannot be computed.

    `iou` has each class by name; `confusion` is (K, K), a row for each true class and a column for each predicted one,
    in px; `intervals` are of 95 %, under `accuracy`, `miou` and the names of the classes.
    """

    accuracy: float | None
    miou: float | None
    iou: dict[str, float | None]
    confusion: npt.NDArray[np.int64]
    intervals: dict[str, Interval | None]

    def __repr__(self) -> str:
        shown = (f"{name} {'-' if value is None else f'{value:.3f}'}" for name, value in self._headline.items())
        return f"<Evaluation {', '.join(shown)}, {int(self.confusion.sum())} px>"

    @property
    def _headline(self) -> dict[str, float | None]:
        return {"accuracy": self.accuracy, "mIoU": self.miou}

    @classmethod
    def of(cls, metrics: Any) -> Evaluation:
        """Return what a `MapEvaluation`, or a run's `RunEvaluation`, says."""
        return cls(
            metrics.accuracy,
            metrics.miou,
            {item.name: item.iou for item in metrics.classes},
            np.array(metrics.confusion, np.int64).reshape(len(metrics.classes), len(metrics.classes)),
            {"accuracy": metrics.accuracy_interval, "miou": metrics.miou_interval}
            | {item.name: item.iou_interval for item in metrics.classes},
        )


@dataclass(frozen=True)
class RunResult:
    """The file of a run's best model, and how good that is on the areas held out to validate; None without an epoch."""

    model: Path
    evaluation: Evaluation | None


def open_raster(path: AnyPath) -> RasterSource:
    """Open a raster of any size and format that GDAL reads; nothing is read yet but its header.

    Raises:
        RasterError: it is missing, damaged, or no raster.
    """
    return RasterSource(path)


def load_model(path: AnyPath) -> ModelBundle:
    """Load a model file, or the model of a run's folder.

    Raises:
        ModelError: there is none, or it is damaged.
    """
    from landseg_core.models.bundle import ModelBundle

    return ModelBundle.load(path)


def predict(
    model: ModelBundle | AnyPath,
    image: AnyPath,
    out: AnyPath,
    *,
    window: PixelWindow | tuple[int, int, int, int] | None = None,
    confidence: bool = False,
    tta: bool = False,
    device: str = "auto",
    corrections: AnyPath | None = None,
    overwrite: bool = False,
    large: bool = False,
    on_event: OnEvent | None = None,
) -> MapResult:
    """Write the land cover of `image`, or of its `window` (x, y, width, height in px), to the GeoTIFF `out`.

    `confidence` writes the probability of each pixel's class, in %, beside it; `tta` averages over four rotations.
    `corrections` is a project that holds a correction of the model.

    Raises:
        LargeWorkError: it is a very large job, and `large` is off.
        LandsegError: model and image are not compatible, a file cannot be read or written, or is there already.
    """
    from landseg_core.raster.files.map_files import MapFiles
    from landseg_core.tasks.fields import header_of
    from landseg_core.tasks.predict import PlannedMap, PredictTask, run_predict

    tif = Path(out)
    planned = PlannedMap(Path(image), tif, confidence=MapFiles.of_mask(tif).confidence if confidence else None)
    task = PredictTask(
        model=model,
        maps=(planned,),
        window=window if window is None or isinstance(window, PixelWindow) else PixelWindow(*window),
        confidence=confidence,
        tta=tta,
        device=device,
        corrections=None if corrections is None else Path(corrections),
        overwrite=overwrite,
        large=large,
    )
    run_predict(task, on_event or ignore_event)
    with RasterSource(tif) as written:
        return MapResult(tif, planned.confidence, written.grid, _class_pixels(written, header_of(task.model).schema))


def predict_array(
    model: ModelBundle | AnyPath,
    pixels: npt.NDArray[Any],
    *,
    ground_resolution: float | None = None,
    tta: bool = False,
) -> PredictionArray:
    """Return the land cover of (C, H, W) `pixels` in memory; see `inference.arrays.predict_pixels`.

    Raises:
        ModelError: bands, type or numbers are not the model's.
    """
    from landseg_core.inference.arrays import predict_pixels

    return predict_pixels(_loaded(model), np.asarray(pixels), ground_resolution=ground_resolution, tta=tta)


def train(
    images: AnyPath,
    masks: AnyPath,
    classes: ClassSchema | AnyPath,
    out: AnyPath,
    *,
    large: bool = False,
    on_event: OnEvent | None = None,
    **settings: Any,
) -> RunResult:
    """Train on a folder of `images` and the `masks` of the same stems; the run's folder is `out`.

    `classes` are a schema, a class file or the name of a preset; `settings` are those of a run: `model`, `minutes` or
    `epochs`, `seed`, `start_from` and all others that `TrainConfig` has.

    Raises:
        LargeWorkError: it is a very large job, and `large` is off.
        LandsegError: a setting, a file or the folder cannot be used, or nothing is labelled.
    """
    from landseg_core.data.sources.folders import Folders
    from landseg_core.runs.evaluation import read_evaluation
    from landseg_core.runs.folder import RunFolder
    from landseg_core.tasks.train import TrainTask, run_train

    schema, run = classes if isinstance(classes, ClassSchema) else load_classes(classes), RunFolder(Path(out))
    source = Folders(images=Path(images), masks=Path(masks))
    task = TrainTask(out=run.path, source=source, classes=schema, settings=settings, large=large)
    run_train(task, on_event or ignore_event)
    metrics = read_evaluation(run.evaluation)
    return RunResult(run.model, Evaluation.of(metrics) if metrics else None)


def evaluate(
    model: ModelBundle | AnyPath,
    images: AnyPath,
    masks: AnyPath,
    *,
    tta: bool = False,
    device: str = "auto",
    corrections: AnyPath | None = None,
    large: bool = False,
    on_event: OnEvent | None = None,
) -> Evaluation:
    """Compare the maps that `model` makes of a folder of `images` with the `masks` of the same stems.

    Pixels that the model was trained on do not count. `tta` averages over four rotations. `corrections` is a project
    that holds a correction of the model; pixels that it was fitted to do not count, either.

    Raises:
        LargeWorkError: it is a very large job, and `large` is off.
        LandsegError: a file cannot be used, or nothing is left to count.
    """
    from landseg_core.tasks.evaluate import EvaluateTask, run_evaluate

    task = EvaluateTask(
        model=model,
        images=Path(images),
        masks=Path(masks),
        corrections=None if corrections is None else Path(corrections),
        tta=tta,
        device=device,
        large=large,
    )
    return Evaluation.of(run_evaluate(task, on_event or ignore_event).metrics)


def _loaded(model: ModelBundle | AnyPath) -> ModelBundle:
    return load_model(model) if isinstance(model, str | Path) else model


def _class_pixels(written: RasterSource, schema: ClassSchema) -> dict[str, int]:
    """Return the px of each class in a map, counted strip by strip."""
    counts = np.zeros(256, np.int64)
    for strip in pieces(written.grid.window, written.grid.width, STRIP_ROWS):
        counts += np.bincount(written.read(strip)[0].ravel(), minlength=256)
    return {item.name: int(counts[item.value]) for item in schema.classes}
