"""Puts checked areas together into a data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from landseg_core.data.areas import ImagePair, LabelledArea
from landseg_core.data.checks import CheckedAreas, check_areas, class_notices, count_areas, require_labels
from landseg_core.data.read_options import AS_THEY_ARE, ReadOptions, plan_resolution, resampled_areas
from landseg_core.data.split.buffers import buffer_notices
from landseg_core.data.split.folders import SplitOptions, split_pairs
from landseg_core.data.split.leaks import overlap_notices
from landseg_core.data.training_data import TrainingData
from landseg_core.events import JobControl, Notice, OnEvent
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.masks.reader import ValueMapping
from landseg_core.progress import ProgressMeter
from landseg_core.raster.adapted_alpha import common_alpha
from landseg_core.raster.alpha import AUTO, NONE
from landseg_core.raster.source import RasterSource


def training_data(
    train: Sequence[LabelledArea],
    val: Sequence[LabelledArea],
    schema: ClassSchema,
    on_event: OnEvent,
    control: JobControl | None,
    read_options: ReadOptions = AS_THEY_ARE,
    notices: Sequence[str] = (),
    mapping: ValueMapping | None = None,
    *,
    own_masks: bool = False,
) -> TrainingData:
    """Check all areas and return the data set; areas without any label are left out, with a notice.

    The areas given are in px of the images, those of the data set in px of the images as `read_options` has them read.
    `notices` are what there is to know already; `mapping` and `own_masks` are those of `check_areas`.

    Raises:
        LargeWorkError: there is much to read, and `read_options` does not say that this is agreed.
        DatasetError: the files do not fit together, a mask holds an unknown value, or a side has no label at all.
        RasterError: a file cannot be read.
        JobStopped: the user asked for it.
    """
    how: dict[str, Any] = {"mapping": mapping, "own_masks": own_masks, "large": read_options.large}
    areas = read_options.opened_so([*train, *val])
    checked = check_areas(areas, schema, on_event, control or JobControl(), read_options.bands, **how)
    return checked_data(checked, len(train), schema, read_options, notices, mapping)


def split_data(
    pairs: Sequence[ImagePair],
    schema: ClassSchema,
    options: SplitOptions,
    read_options: ReadOptions,
    on_event: OnEvent,
    control: JobControl,
    mapping: ValueMapping | None = None,
) -> TrainingData:
    """Check images and their masks, split what is labelled, and return the data set; errors as in `training_data`."""
    images = read_options.opened_so(whole_areas(pairs))
    how: dict[str, Any] = {"mapping": mapping, "large": read_options.large}
    whole = check_areas(images, schema, on_event, control, read_options.bands, **how)
    require_labels(whole, "images")
    train, val, distance, said = split_pairs(whole, schema, options, on_event, control, mapping)
    areas = (*train, *val)
    total = sum(area.window.pixels for area in whole.areas)
    counts = count_areas(areas, schema, ProgressMeter("counting labels", total, on_event), control, mapping)
    notices = (*said, *buffer_notices(distance, options.buffer), *_empty_notices(whole, "images"))
    return checked_data(replace(whole, areas=areas, counts=counts), len(train), schema, read_options, notices, mapping)


def checked_data(
    checked: CheckedAreas,
    trained_areas: int,
    schema: ClassSchema,
    read_options: ReadOptions,
    notices: Sequence[str],
    mapping: ValueMapping | None = None,
) -> TrainingData:
    """Return the data set of `checked` areas, of which the first `trained_areas` are to be trained on.

    Raises:
        DatasetError: a side has no label at all.
    """
    trained = _part(checked, slice(0, trained_areas))
    validated = _part(checked, slice(trained_areas, None))
    require_labels(trained, "training areas")
    require_labels(validated, "validation areas")
    first, ground = (
        checked.facts[0],
        plan_resolution(checked.facts, read_options.resolution_m, nearly=read_options.nearly),
    )
    return TrainingData(
        schema,
        resampled_areas(_labelled(trained), checked.images, ground, first.bands),
        resampled_areas(_labelled(validated), checked.images, ground, first.bands),
        first.bands,
        first.dtype,
        ground.resolution_m,
        (
            *notices,
            *checked.notices,
            *_empty_notices(checked, "areas"),
            *class_notices(trained.counts.sum(axis=0), validated.counts.sum(axis=0), schema.names),
            *ground.notices,
            *overlap_notices(_labelled(trained), _labelled(validated), checked.grids),
        ),
        first.names,
        alpha=_kept_alpha(checked.areas, read_options),
        values=tuple((mapping or {}).items()),
    )


def _kept_alpha(areas: Sequence[LabelledArea], read_options: ReadOptions) -> str:
    """Return the alpha that a model keeps: that of its images, and of the model that it goes on from."""
    before = (read_options.alpha,) if read_options.of_model and read_options.alpha == NONE else ()
    return common_alpha([*before, *(area.alpha for area in areas)])


def whole_areas(pairs: Sequence[ImagePair]) -> list[LabelledArea]:
    """Return one area for each pair: the whole image."""
    areas = []
    for pair in pairs:
        with RasterSource(pair.image) as source:
            areas.append(pair.area(source.grid.window))
    return areas


def evaluation_set(
    areas: Sequence[LabelledArea],
    schema: ClassSchema,
    on_event: OnEvent,
    control: JobControl | None,
    mapping: ValueMapping | None = None,
    alpha_of: Callable[[Path], str] = lambda _image: AUTO,
    *,
    large: bool = False,
) -> tuple[LabelledArea, ...]:
    """Check all areas, their images opened with `alpha_of`, and return them; errors as in `training_data`.

    A `Notice` says what there is to know of masks. Images may be of several kinds: whether each has what a model needs,
    `areas_for_model` finds.
    """
    alphas = {image: alpha_of(image) for image in {area.image for area in areas}}
    opened_so = [replace(area, alpha=alphas[area.image]) for area in areas]
    how: dict[str, Any] = {"mapping": mapping, "one_kind": False, "large": large}
    checked = check_areas(opened_so, schema, on_event, control or JobControl(), **how)
    for notice in checked.notices:
        on_event(Notice(notice))
    require_labels(checked, "areas to evaluate on")
    return checked.areas


def _part(checked: CheckedAreas, part: slice) -> CheckedAreas:
    return replace(checked, areas=checked.areas[part], counts=checked.counts[part])


def _labelled(checked: CheckedAreas) -> tuple[LabelledArea, ...]:
    """Return the areas that hold labels, each with how many."""
    counted = zip(checked.areas, checked.counts.tolist(), strict=True)
    return tuple(replace(area, class_px=tuple(counts)) for area, counts in counted if any(counts))


def _empty_notices(checked: CheckedAreas, what: str) -> list[str]:
    empty = len(checked.areas) - len(_labelled(checked))
    return [f"{empty} of {len(checked.areas)} {what} hold no labelled pixel and are left out"] if empty else []
