"""What must be so before a run begins; looking loads no torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from landseg_core.data.areas import LabelledArea
from landseg_core.data.reader import AreaReader
from landseg_core.data.training_data import TrainingData
from landseg_core.errors import TrainingError
from landseg_core.geo.tiling import sliding_windows
from landseg_core.labels.classes import UNLABELLED
from landseg_core.runs.config import TrainConfig
from landseg_core.runs.folder import RunFolder
from landseg_core.training.checkpoint import load_checkpoint_record

_LOOK = 1024


def require_place(config: TrainConfig, folder: RunFolder, *, overwrite: bool, resume: bool) -> None:
    """Check that a run with `config` may be written to `folder`, or goes on there.

    Raises:
        OutputError: the folder is not empty, and the run may neither overwrite nor resume.
        TrainingError: there is no run to resume, it has other settings, or a new one would write over the model
            that it starts from.
        ModelError: the checkpoint to resume from is damaged.
    """
    if resume:
        folder.require_run()
        load_checkpoint_record(folder).require_same_settings(config, folder)
    else:
        folder.require_free(overwrite=overwrite)
        _require_other_folder(config, folder)


def require_labels(data: TrainingData, checkpoint: Callable[[], None]) -> None:
    """Check that something is labelled to train on, and to validate on; `checkpoint` is called between windows.

    Raises:
        TrainingError: nothing is.
        RasterError: an image cannot be read.
        DatasetError: a mask cannot be used.
    """
    reader = data.reader()
    for areas, what in ((data.train, "train on"), (data.val, "validate on")):
        _require_labels(reader, areas, what, checkpoint)


def _require_other_folder(config: TrainConfig, folder: RunFolder) -> None:
    start = Path(config.start_from).resolve() if config.start_from is not None else None
    if start is not None and folder.path.resolve() in (start, start.parent):
        raise TrainingError(
            f"the run would write over the model that it starts from, {config.start_from}; choose another folder for it"
        )


def _require_labels(
    reader: AreaReader, areas: Sequence[LabelledArea], what: str, checkpoint: Callable[[], None]
) -> None:
    for area in areas:
        for window in sliding_windows(area.window.width, area.window.height, _LOOK, overlap=0):
            checkpoint()
            _, labels = reader.read(area, window.shifted(area.window.x, area.window.y))
            if (labels != UNLABELLED).any():
                return
    raise TrainingError(
        f"no pixel to {what} is labelled: there the masks hold only 255 or nodata, or the images no data; "
        "label some pixels first"
    )
