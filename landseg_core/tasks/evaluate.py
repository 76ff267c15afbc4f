"""Evaluating a model on labelled images. Importing this loads neither torch nor what reads rasters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pydantic
from pydantic import Field

from landseg_core.events import JobControl, OnEvent, ignore_event
from landseg_core.inference.options import Device, PredictOptions, Tta
from landseg_core.limits import require_agreed
from landseg_core.messages import N_
from landseg_core.output_files import OutputFiles, unwritable
from landseg_core.task_fields import FieldHints, Large, Overwrite
from landseg_core.tasks.fields import (
    Alpha,
    Corrections,
    MaskValues,
    Model,
    header_of,
    loaded,
    require_corrections,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from landseg_core.data.areas import LabelledArea
    from landseg_core.models.header import BundleHeader
    from landseg_core.training.evaluation import Evaluation


class EvaluateTask(pydantic.BaseModel):
    """A model to compare with the masks of a folder, matched to the images by stem; `json_file` gets the metrics."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    model: Model
    images: Annotated[Path, FieldHints(metavar="DIR")] = Field(title=N_("Images"), description=N_("Folder of images"))
    masks: Annotated[Path, FieldHints(metavar="DIR")] = Field(
        title=N_("Masks"), description=N_("Folder of masks, matched to the images by stem")
    )
    list_file: Annotated[Path | None, FieldHints(option="--list", metavar="F")] = Field(
        None, title=N_("List"), description=N_("Only these stems, one per line")
    )
    json_file: Annotated[Path | None, FieldHints(option="--json", metavar="F")] = Field(
        None, title=N_("Metrics"), description=N_("Write the metrics to this file")
    )
    mask_values: MaskValues = ()
    alpha: Alpha = None
    corrections: Corrections = None
    tta: Tta = False
    device: Device = "auto"
    overwrite: Overwrite = False
    large: Large = False


def run_evaluate(task: EvaluateTask, on_event: OnEvent = ignore_event, control: JobControl | None = None) -> Evaluation:
    """Compare the maps of the model with the masks. All that can be checked without torch is checked first.

    Pixels that the model was trained on are left out, whatever their image is called now; so are those that its
    correction was fitted to.

    Raises:
        ProjectError: there is no correction of the model.
        ModelError: the model cannot be opened, or does not fit an image.
        DatasetError: the folders do not match, a mask cannot be used, or no pixel is left to count.
        RasterError: an image cannot be read.
        LargeWorkError: it is a very large job, and `large` is off.
        OutputError: the file of the metrics exists already, or cannot be written.
        DeviceError: this computer has no such device.
        JobStopped: `control` asked for it.
    """
    with OutputFiles(overwrite=task.overwrite) as outputs:
        unfinished = outputs.add(task.json_file) if task.json_file is not None else None
        result = _evaluation(task, on_event, control or JobControl())
        if task.json_file is not None and unfinished is not None:
            write_evaluation(task.json_file, unfinished, result)
    return result


def _evaluation(task: EvaluateTask, on_event: OnEvent, control: JobControl) -> Evaluation:
    from landseg_core.compute.device_names import require_device_name
    from landseg_core.labels.masks.value_mapping import parse_value_mapping

    require_device_name(task.device)
    require_corrections(task.model, task.corrections)
    header, mapping = header_of(task.model), parse_value_mapping(task.mask_values)
    areas = _areas(task, header, mapping, on_event, control)
    _require_agreed(task, header, areas)
    from landseg_core.training.evaluation import evaluate  # all that needs no torch has been checked

    return evaluate(
        loaded(task.model, task.corrections),
        areas,
        task.device,
        on_event,
        control,
        tta=task.tta,
        mapping=mapping,
    )


def _areas(
    task: EvaluateTask, header: BundleHeader, mapping: dict[str, str], on_event: OnEvent, control: JobControl
) -> tuple[LabelledArea, ...]:
    from landseg_core.data.loading.folders import evaluation_areas
    from landseg_core.models.compatibility import alpha_for

    return evaluation_areas(
        task.images,
        task.masks,
        header.schema,
        task.list_file,
        mapping=mapping,
        alpha_of=lambda image: task.alpha or alpha_for(header, image),
        on_event=on_event,
        control=control,
        large=task.large,
    )


def _require_agreed(task: EvaluateTask, header: BundleHeader, areas: Sequence[LabelledArea]) -> None:
    from landseg_core.data.areas_for_model import areas_for_model
    from landseg_core.inference.backends.memory import BenchmarkCache
    from landseg_core.inference.work import evaluation_work

    options = PredictOptions(device=task.device, tta=task.tta)
    seen, _notices = areas_for_model(header, areas)
    require_agreed(evaluation_work(header, seen, options, BenchmarkCache.of_user()), large=task.large)


def write_evaluation(path: Path, unfinished: Path, result: Evaluation) -> None:
    """Write the metrics as JSON to the `unfinished` file, which will become `path`.

    Raises:
        OutputError: the file cannot be written.
    """
    try:
        unfinished.write_text(json.dumps(result.as_dict(), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise unwritable(path, error) from error
