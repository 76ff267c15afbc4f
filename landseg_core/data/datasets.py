"""Puts checked areas together into a data set."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import replace

from landseg_core.data.areas import LabelledArea
from landseg_core.data.checks import CheckedAreas, check_areas, class_notices, require_labels
from landseg_core.data.chips import TrainingData
from landseg_core.data.overlaps import overlap_notices
from landseg_core.events import JobControl, OnEvent
from landseg_core.labels.classes import ClassSchema

NEARLY_EQUAL = 1.25
"""Ground resolutions that differ by less than this factor need no notice."""


def training_data(
    train: Sequence[LabelledArea],
    val: Sequence[LabelledArea],
    schema: ClassSchema,
    on_event: OnEvent,
    control: JobControl | None,
    notices: Sequence[str] = (),
) -> TrainingData:
    """Check all areas and return the data set; areas without any label are left out, with a notice.

    `notices` are what there is to know already.

    Raises:
        DatasetError: the files do not fit together, a mask holds an unknown value, or a side has no label at all.
        RasterError: a file cannot be read.
        JobStopped: the user asked for it.
    """
    checked = check_areas([*train, *val], schema, on_event, control or JobControl())
    trained = _part(checked, slice(0, len(train)))
    validated = _part(checked, slice(len(train), None))
    require_labels(trained, "training areas")
    require_labels(validated, "validation areas")
    resolutions = checked.ground_resolutions_m
    return TrainingData(
        schema,
        _labelled(trained),
        _labelled(validated),
        checked.kind.bands,
        checked.kind.dtype,
        statistics.median(resolutions) if resolutions else None,
        (
            *notices,
            *checked.notices,
            *_empty_notices(checked),
            *class_notices(trained.counts.sum(axis=0), validated.counts.sum(axis=0), schema.names),
            *_resolution_notices(resolutions),
            *overlap_notices(trained.areas, validated.areas, checked.grids),
        ),
    )


def evaluation_set(
    areas: Sequence[LabelledArea], schema: ClassSchema, on_event: OnEvent, control: JobControl | None
) -> tuple[LabelledArea, ...]:
    """Check all areas and return them; errors as in `training_data`."""
    checked = check_areas(areas, schema, on_event, control or JobControl())
    require_labels(checked, "areas to evaluate on")
    return checked.areas


def _part(checked: CheckedAreas, part: slice) -> CheckedAreas:
    return replace(checked, areas=checked.areas[part], counts=checked.counts[part])


def _labelled(checked: CheckedAreas) -> tuple[LabelledArea, ...]:
    """Return the areas that hold labels, each with how many."""
    counted = zip(checked.areas, checked.counts.tolist(), strict=True)
    return tuple(replace(area, class_px=tuple(counts)) for area, counts in counted if any(counts))


def _empty_notices(checked: CheckedAreas) -> list[str]:
    empty = len(checked.areas) - len(_labelled(checked))
    return [f"{empty} of {len(checked.areas)} areas hold no labelled pixel and are left out"] if empty else []


def _resolution_notices(resolutions: Sequence[float]) -> list[str]:
    if not resolutions or max(resolutions) < min(resolutions) * NEARLY_EQUAL:
        return []
    spread = f"{min(resolutions):.3g} to {max(resolutions):.3g}"
    median = f"{statistics.median(resolutions):.3g}"
    return [f"the images' ground resolution is {spread} m per pixel; the model is marked with the median, {median} m"]
