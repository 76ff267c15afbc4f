"""Where a run draws its chips: around what was corrected, around each class, and anywhere."""

from __future__ import annotations

from collections.abc import Callable

from landseg_core.data.chips import Around
from landseg_core.data.class_locations import ClassPlaces
from landseg_core.data.label_changes import CorrectedLabels
from landseg_core.data.reader import AreaReader
from landseg_core.data.training_data import TrainingData
from landseg_core.runs.config import TrainConfig

NO_RECORD = "{} kept no labels of these images, so nothing counts as corrected: all labels are learnt from alike"
DRAWN_AROUND = (
    "{} px to train on were labelled since {} was trained: {:.0%} of the chips are drawn around them, the rest repeats "
    "older labels"
)
NOTHING_NEW = "nothing was labelled since {} was trained: all labels are learnt from alike"
ONLY_JUDGED = (
    "all {} px that were labelled since {} was trained lie on ground that validates, so they show how good the map is, "
    "but do not change it; correct other places as well"
)


def chips_around(
    config: TrainConfig, data: TrainingData, reader: AreaReader, checkpoint: Callable[[], None]
) -> tuple[list[Around], list[str]]:
    """Return the places that shares of the chips are drawn around, and what the user should know of it.

    A share `corrected` lies around corrections, a share `balance` of the rest around each class of all labels.

    Raises:
        RasterError: a mask cannot be read.
        DatasetError: a mask holds a value that no class has.
        JobStopped: `checkpoint` raised it.
    """
    around, notices = _corrections(config, data, reader, checkpoint)
    share = (1 - sum(part.share for part in around)) * config.balance
    if share:
        around.append(Around(share, ClassPlaces.found(data.train, reader, len(data.schema), checkpoint)))
    return around, notices


def _corrections(
    config: TrainConfig, data: TrainingData, reader: AreaReader, checkpoint: Callable[[], None]
) -> tuple[list[Around], list[str]]:
    if config.start_from is None or not config.corrected:
        return [], []
    if data.earlier is None:
        return [], [NO_RECORD.format(config.start_from)]
    labels = CorrectedLabels(data, reader, data.earlier)
    train, val = (ClassPlaces.found(areas, labels, len(data.schema), checkpoint) for areas in (data.train, data.val))
    notice = _notice(config, train.pixels, val.pixels)
    return [Around(config.corrected, train)] if train.pixels else [], [notice]


def _notice(config: TrainConfig, train_px: int, val_px: int) -> str:
    """Return what to say of so many corrected px on either side."""
    if train_px:
        return DRAWN_AROUND.format(train_px, config.start_from, config.corrected)
    return ONLY_JUDGED.format(val_px, config.start_from) if val_px else NOTHING_NEW.format(config.start_from)
