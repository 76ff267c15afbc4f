"""Accepts a prediction as labels, where the user wants it and it is confident enough, as one step to undo."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from landseg_core.errors import RasterError
from landseg_core.events import JobControl, Notice, OnEvent, ignore_event
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.input_files import AnyPath
from landseg_core.labels.class_match import ClassMatch
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.labels.edit import Paintable, paintable
from landseg_core.labels.masks.classes import mask_schema
from landseg_core.labels.regions import Region
from landseg_core.messages import N_, Text
from landseg_core.project.map_on_image import Values, ValuesOnImage, Where, map_on_image, require_values
from landseg_core.project.outside.changes import require_unmoved
from landseg_core.raster.files.as_opened import FilesAsOpened
from landseg_core.raster.model_reference import read_model_reference
from landseg_core.raster.source import RasterSource

if TYPE_CHECKING:
    from landseg_core.project.project import Project

_PART = 2048  # px, the side of the windows in which a map is read
_FULL_CONFIDENCE = 100  # %, as predictions write it; higher values are nodata


@dataclass(frozen=True)
class ClassesLeftOut(Notice):
    """Classes of a map that the project lacks, by name, and how many px would have been accepted of each."""

    pixels: dict[str, int]


def accept_prediction(
    project: Project,
    image_id: int,
    mask: AnyPath,
    *,
    schema: ClassSchema | None = None,
    region: Region | None = None,
    window: PixelWindow | None = None,
    only_unlabelled: bool = True,
    confidence: AnyPath | None = None,
    above: float = 0.0,
    locked: Iterable[int] = (),
    map_window: PixelWindow | None = None,
    as_opened: FilesAsOpened | None = None,
    step: Text | None = None,
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
) -> int:
    """Make the classes that `mask` predicts the labels of an image, in one step, and return how many px changed.

    Classes are matched by name; those that the project lacks are left out, with a `ClassesLeftOut`.

    Args:
        project: the project that is changed.
        image_id: the image that the prediction belongs to.
        mask: a map of class values on the image's pixels, of all of it or of a part.
        schema: the map's classes; those that its file names by default.
        region: accept only inside it.
        window: accept only inside it (raster px), such as what is in view.
        only_unlabelled: keep what has a label already.
        confidence: a raster of the map's confidence in %, as a prediction writes it.
        above: the least confidence at which a pixel is accepted, 0 to 1; where it is not known, nothing is.
        locked: class values whose labels are kept.
        map_window: the part of the image that the map covers, in px; by default from the map's georeference.
        as_opened: the map's files as they are shown: if they have changed since, nothing is accepted.
        step: what the history calls it; by default a text that says where it was accepted.
        on_event: gets progress and notices.
        control: a stop leaves everything as it was.

    Raises:
        RasterChangedError: the map is not the one that is shown.
        RasterError: a raster cannot be read, does not match the image's pixels, or does not name its classes.
        ProjectError: there is no such image, its georeference has changed, or the project cannot be changed.
    """
    grid = _checked_grid(project, image_id)
    with opened_prediction(
        Path(mask),
        grid,
        schema=schema,
        confidence=Path(confidence) if confidence is not None else None,
        map_window=map_window,
        as_opened=as_opened,
    ) as predicted:
        return accept_values(
            project,
            image_id,
            predicted,
            step or _step_name(region, window),
            region=region,
            window=window,
            only_unlabelled=only_unlabelled,
            above=above,
            locked=locked,
            on_event=on_event,
            control=control,
        )


@dataclass(frozen=True, eq=False)
class Predicted:
    """What is predicted of an image: `values` of `classes`, and how sure that is in %, where it is known."""

    values: ValuesOnImage
    classes: ClassSchema
    confidence: ValuesOnImage | None = None


@contextmanager
def opened_prediction(
    mask: Path,
    image: RasterGrid,
    *,
    schema: ClassSchema | None = None,
    confidence: Path | None = None,
    map_window: PixelWindow | None = None,
    as_opened: FilesAsOpened | None = None,
) -> Iterator[Predicted]:
    """Open what a map says of an image with this grid; the arguments are those of `accept_prediction`.

    Raises:
        RasterChangedError: the map is not the one that is shown.
        RasterError: a raster cannot be read, does not match the image's pixels, or does not name its classes.
    """
    classes = schema or map_classes(mask)
    if confidence:
        _require_one_model(mask, confidence)
    with ExitStack() as files:
        values = map_on_image(files.enter_context(RasterSource(mask, as_opened=as_opened)), image, map_window)
        certainty = (
            map_on_image(files.enter_context(RasterSource(confidence)), image, map_window) if confidence else None
        )
        yield Predicted(values, classes, certainty)


def accept_values(
    project: Project,
    image_id: int,
    predicted: Predicted,
    step: Text,
    *,
    region: Region | None = None,
    window: PixelWindow | None = None,
    only_unlabelled: bool = True,
    above: float = 0.0,
    locked: Iterable[int] = (),
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
) -> int:
    """Make what is predicted the labels of an image, in one step, and return how many px changed.

    See `accept_prediction`, which does so with files.

    Raises:
        RasterError: the values cannot be read.
        ProjectError: there is no such image, its georeference has changed, or the project cannot be changed.
    """
    grid = _checked_grid(project, image_id)
    scope = _common([grid.window, predicted.values.window, window, region.bounds if region else None])
    if scope is None:
        return 0
    acceptance = _Acceptance(
        prediction=predicted.values,
        values=values_by_name(predicted.classes, project.schema),
        confidence=predicted.confidence,
        threshold=_percent(above),
        region=region,
        scope=scope,
        paintable=paintable(locked, only_unlabelled),
    )
    count = project.edit_tiles(
        image_id, step, acceptance.labels, window=scope, on_event=on_event, control=control or JobControl()
    )
    acceptance.emit_left_out(predicted.classes, on_event)
    return count


def values_by_name(own: ClassSchema, target: ClassSchema) -> Values:
    """Return the (256,) table from the values of `own` to those of `target`'s classes of the same name, else 255."""
    return ClassMatch(own, target).table()


def _checked_grid(project: Project, image_id: int) -> RasterGrid:
    image = project.image_by_id(image_id)
    require_unmoved(image)
    return image.grid


def map_classes(mask: Path) -> ClassSchema:
    """Return the classes that the file of a map names.

    Raises:
        RasterError: it names none.
    """
    classes = mask_schema(mask)
    if classes is None:
        raise RasterError(N_("{mask} does not name its classes; choose them in the menu of the layer first", mask=mask))
    return classes


def _require_one_model(mask: Path, confidence: Path) -> None:
    """Refuse a confidence that another model has left next to the map."""
    models = read_model_reference(mask), read_model_reference(confidence)
    if None not in models and models[0] != models[1]:
        raise RasterError(
            N_(
                "{confidence} was made with another model than {mask}; predict again, with the confidence",
                confidence=confidence,
                mask=mask,
            )
        )


def _common(windows: Iterable[PixelWindow | None]) -> PixelWindow | None:
    """Return the part that all windows share; None among them means: everywhere."""
    given = [window for window in windows if window is not None]
    common: PixelWindow | None = given[0]
    for window in given[1:]:
        common = common.intersection(window) if common else None
    return common


def _percent(fraction: float) -> int:
    """Return the least whole percentage that is not below `fraction`, rounded where a float is not exact."""
    return math.ceil(round(100 * fraction, 6))


def _step_name(region: Region | None, window: PixelWindow | None) -> Text:
    if region:
        return N_("Accept prediction in polygon")
    return N_("Accept prediction in view") if window else N_("Accept prediction everywhere")


@dataclass(frozen=True)
class _Acceptance:
    """What is accepted, tile by tile; `values` is the (256,) table from the map's values to the project's."""

    prediction: ValuesOnImage
    values: Values
    confidence: ValuesOnImage | None
    threshold: int
    region: Region | None
    scope: PixelWindow
    paintable: Paintable
    left_out: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(256, np.int64))

    def labels(self, _key: TileKey, window: PixelWindow, present: Values) -> Values | None:
        """Return the labels of a tile of the image that now has those `present`; None where nothing is accepted."""
        where = self._wanted(window) & self.paintable[present]
        if not where.any():
            return None
        predicted, known = self.prediction.read(window)
        where &= known & (predicted != UNLABELLED)
        if self.confidence:
            where &= self._is_confident(self.confidence, window)
        accepted = self.values[predicted]
        has_class = accepted != UNLABELLED
        self.left_out[:] += np.bincount(predicted[where & ~has_class], minlength=256)
        return np.where(where & has_class, accepted, present)

    def _wanted(self, window: PixelWindow) -> Where:
        """Return (H, W) True where a pixel of a tile is inside the region and the scope."""
        where = np.zeros((window.height, window.width), np.bool_)
        inside = window.intersection(self.scope)
        if inside:
            part = inside.shifted(-window.x, -window.y).slices()
            where[part] = self.region.mask(inside) if self.region else True
        return where

    def _is_confident(self, confidence: ValuesOnImage, window: PixelWindow) -> Where:
        percent, known = confidence.read(window)
        return known & (percent >= self.threshold) & (percent <= _FULL_CONFIDENCE)

    def emit_left_out(self, classes: ClassSchema, on_event: OnEvent) -> None:
        """Emit the classes of the map that the project lacks and that would have been accepted."""
        total = int(self.left_out.sum())
        if total:
            names = {item.value: item.name for item in classes.classes}
            values = np.flatnonzero(self.left_out).tolist()
            pixels = {names.get(value, N_("value {value}", value=value)): int(self.left_out[value]) for value in values}
            sentence = N_(
                "{pixels} px were left out, since the project has no class of these names: {classes}",
                pixels=total,
                classes=", ".join(pixels),
            )
            on_event(ClassesLeftOut(sentence, pixels))


def mask_pixels(mask: Path, control: JobControl | None = None) -> npt.NDArray[np.int64]:
    """Return (256,) how many px of a map have each value; those without data are not counted.

    Raises:
        RasterError: it cannot be read, or holds no class values.
        JobStopped: `control` asked for it.
    """
    control, counts = control or JobControl(), np.zeros(256, np.int64)
    with RasterSource(mask) as source:
        require_values(source)
        for part in _parts(source.grid.window):
            control.checkpoint()
            counts += np.bincount(source.read(part)[0][source.read_valid(part)], minlength=256)
    return counts


def _parts(whole: PixelWindow) -> Iterator[PixelWindow]:
    """Yield the parts of a window of a raster, one after the other, each small enough for memory."""
    for y in range(0, whole.height, _PART):
        for x in range(0, whole.width, _PART):
            yield PixelWindow(x, y, min(_PART, whole.width - x), min(_PART, whole.height - y))
