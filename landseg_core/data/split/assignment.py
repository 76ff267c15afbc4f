"""Which areas of a project train and which validate: saved with the labels of a run for those that fine-tune it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pydantic

from landseg_core.data.split.buffers import ImageWindow
from landseg_core.data.split.splits import SplitAssignment
from landseg_core.errors import TrainingError
from landseg_core.geo.window import PixelLength, PixelWindow, StoredWindow
from landseg_core.input_files import present_path, read_file
from landseg_core.messages import N_
from landseg_core.output_files import unwritable, write_atomically

SPLIT_FILE = "split.json"
_FORMER_SPLIT_FILE = "ground.json"  # of landseg 0.1


class _Window(pydantic.BaseModel):
    image_id: int
    window: StoredWindow

    def placed(self) -> ImageWindow:
        return self.image_id, PixelWindow(*self.window)


class _Part(_Window):
    validates: bool


class _Record(pydantic.BaseModel):
    """What the file holds; windows are x, y, width and height in px of the image."""

    block: PixelLength
    parts: list[_Part]
    trained: list[_Window]


def save_split(
    folder: Path, assignment: SplitAssignment, image_ids: Sequence[int], previous: SplitAssignment | None = None
) -> None:
    """Write the assignment of a split of images `image_ids` into the `folder` of a run's labels.

    Parts of further images are taken over from the `previous` assignment, which goes by image id.

    Raises:
        OutputError: it cannot be written.
    """
    own = [(image_ids[number], window, validates) for number, window, validates in assignment.parts]
    trained = [(image_ids[number], window) for number, window in assignment.trained]
    if previous:
        own += [part for part in previous.parts if part[0] not in image_ids]
        trained += [placed for placed in previous.trained if placed[0] not in image_ids]
    parts = [_Part(image_id=image, window=_stored(window), validates=validates) for image, window, validates in own]
    windows = [_Window(image_id=image, window=_stored(window)) for image, window in trained]
    record = _Record(block=assignment.block, parts=parts, trained=windows)
    write_atomically(folder / SPLIT_FILE, (record.model_dump_json(indent=2) + "\n").encode())
    former = folder / _FORMER_SPLIT_FILE  # of a run that this one overwrites
    try:
        former.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(former, error) from error


def _stored(window: PixelWindow) -> tuple[int, int, int, int]:
    return window.x, window.y, window.width, window.height


def load_split(folder: Path) -> SplitAssignment:
    """Return the assignment that `save_split` wrote into `folder`: its parts have the ids of their images.

    Raises:
        TrainingError: there is none, or it is damaged.
    """
    path = present_path(folder / SPLIT_FILE, _FORMER_SPLIT_FILE)
    try:
        record = _Record.model_validate_json(read_file(path))
    except (OSError, pydantic.ValidationError) as error:
        raise TrainingError(
            N_(
                "{path} cannot be read, so the training areas of the earlier run are not known and the accuracy could "
                "not be measured; start a new run",
                path=path,
            )
        ) from error
    parts = tuple((*part.placed(), part.validates) for part in record.parts)
    return SplitAssignment(record.block, parts, tuple(item.placed() for item in record.trained))


def of_images(assignment: SplitAssignment, image_ids: Sequence[int]) -> SplitAssignment:
    """Return the parts of the images `image_ids`, with the images' numbers in that order instead of their ids."""
    numbers = {image_id: number for number, image_id in enumerate(image_ids)}
    parts = tuple((numbers[image], window, at) for image, window, at in assignment.parts if image in numbers)
    trained = tuple((numbers[image], window) for image, window in assignment.trained if image in numbers)
    return SplitAssignment(assignment.block, parts, trained)
