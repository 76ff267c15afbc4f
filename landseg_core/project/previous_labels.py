"""The labels that an earlier run saw, kept with those of a run that goes on from it.

They are copied, so that the run can be resumed, and gone on from in turn, when the earlier one is deleted.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from landseg_core.output_files import OutputFiles, made_folder, unwritable
from landseg_core.project.snapshot import LABELS_FOLDER, LabelSnapshot, kept_snapshot

_BEFORE = "before"
"""The folder in that of a run's labels that holds those of the run before."""


def keep_earlier_labels(folder: Path, earlier_run: Path) -> None:
    """Copy the labels of a run into `folder`, that of the labels of another one; nothing where it kept none.

    Raises:
        OutputError: they cannot be written.
    """
    source, target = earlier_run / LABELS_FOLDER, folder / _BEFORE
    if not source.is_dir():
        return
    with made_folder(target), OutputFiles(overwrite=True) as outputs:
        for file in sorted(source.iterdir()):
            if file.is_file():
                unfinished = outputs.add(target / file.name)
                try:
                    shutil.copyfile(file, unfinished)
                except OSError as error:
                    raise unwritable(target / file.name, error) from error


def forget_earlier_labels(folder: Path) -> None:
    """Remove what `keep_earlier_labels` left in `folder`.

    Raises:
        OutputError: it cannot be removed.
    """
    try:
        if (folder / _BEFORE).exists():
            shutil.rmtree(folder / _BEFORE)
    except OSError as error:
        raise unwritable(folder / _BEFORE, error) from error


def earlier_labels(labels: LabelSnapshot) -> LabelSnapshot | None:
    """Return the labels that the earlier run saw of the same project; None where none are kept, or of another one.

    A project is taken for the same where an image has the same number and the same file name; then all images go by
    number, since files may move.

    Raises:
        TrainingError: the record is damaged.
    """
    folder = labels.folder / _BEFORE
    if not folder.is_dir():
        return None
    before = kept_snapshot(folder, {})
    names = {mask.image_id: mask.image.name for mask in labels.masks}
    if not any(names.get(mask.image_id) == mask.image.name for mask in before.masks):
        return None
    return before
