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
from landseg_core.messages import N_, Text
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
    """Check all areas and return the data set; areas without labels are left out, with a notice.

    The areas given are in px of the images, those of the data set in px of the images as `read_options` has them read.
    `notices` are given earlier ones; `mapping` and `own_masks` are those of `check_areas`.

    Raises:
        LargeWorkError: there is much to read, and `read_options` does not say that the user agreed.
        DatasetError: the files do not fit together, a mask holds an unknown value, or there are no labels to train on
            or to validate on.
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
    require_labels(whole, N_("images"))
    train, val, distance, split_notices = split_pairs(whole, schema, options, on_event, control, mapping)
    areas = (*train, *val)
    total = sum(area.window.pixels for area in whole.areas)
    counts = count_areas(areas, schema, ProgressMeter(N_("counting labels"), total, on_event), control, mapping)
    notices = (*split_notices, *buffer_notices(distance, options.buffer), *_empty_notices(whole, N_("images")))
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
        DatasetError: there are no labels to train on, or none to validate on.
    """
    trained = _part(checked, slice(0, trained_areas))
    validated = _part(checked, slice(trained_areas, None))
    require_labels(trained, N_("training areas"))
    require_labels(validated, N_("validation areas"))
    first = checked.facts[0]
    plan = plan_resolution(checked.facts, read_options.resolution_m, nearly=read_options.nearly)
    return TrainingData(
        schema,
        resampled_areas(_labelled(trained), checked.images, plan, first.bands),
        resampled_areas(_labelled(validated), checked.images, plan, first.bands),
        first.bands,
        first.dtype,
        plan.resolution_m,
        (
            *notices,
            *checked.notices,
            *_empty_notices(checked, N_("areas")),
            *class_notices(trained.counts.sum(axis=0), validated.counts.sum(axis=0), schema.names),
            *plan.notices,
            *overlap_notices(_labelled(trained), _labelled(validated), checked.grids),
        ),
        first.names,
        alpha=_kept_alpha(checked.areas, read_options),
        values=tuple((mapping or {}).items()),
    )


def _kept_alpha(areas: Sequence[LabelledArea], read_options: ReadOptions) -> str:
    """Return the alpha that a model records: that of its images, and of the parent model."""
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

    Notices about the masks go to `on_event`. Images may be of several kinds: `areas_for_model` checks whether each has
    what a model needs.
    """
    alphas = {image: alpha_of(image) for image in {area.image for area in areas}}
    opened_so = [replace(area, alpha=alphas[area.image]) for area in areas]
    how: dict[str, Any] = {"mapping": mapping, "one_kind": False, "large": large}
    checked = check_areas(opened_so, schema, on_event, control or JobControl(), **how)
    for notice in checked.notices:
        on_event(Notice(notice))
    require_labels(checked, N_("areas to evaluate on"))
    return checked.areas


def _part(checked: CheckedAreas, part: slice) -> CheckedAreas:
    return replace(checked, areas=checked.areas[part], counts=checked.counts[part])


def _labelled(checked: CheckedAreas) -> tuple[LabelledArea, ...]:
    """Return the areas that hold labels, each with its number of labelled px by class."""
    counted = zip(checked.areas, checked.counts.tolist(), strict=True)
    return tuple(replace(area, class_px=tuple(counts)) for area, counts in counted if any(counts))


def _empty_notices(checked: CheckedAreas, what: Text) -> list[Text]:
    empty = len(checked.areas) - len(_labelled(checked))
    if not empty:
        return []
    notice = N_(
        "%n of {total} {areas} have no labelled pixels and are left out",
        n=empty,
        one="one of {total} {areas} has no labelled pixels and is left out",
        total=len(checked.areas),
        areas=what,
    )
    return [notice]
