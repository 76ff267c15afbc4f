"""The question that comes with an image that is opened while a project is open."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from PySide6.QtWidgets import QWidget

from landseg_gui.message_boxes import choose

_MOST_NAMES = 8


class OpenAs(StrEnum):
    """What becomes of an image that is opened: an image of the project, or one without a project."""

    IMAGE_OF_PROJECT = "Add to Project"
    ON_ITS_OWN = "Open on Its Own"


def ask_to_add(images: Sequence[Path], project: Path, window: QWidget | None) -> OpenAs | None:
    """Ask whether to add images to the project, or to open one on its own; None where the user cancels."""
    if len(images) == 1:
        what, answers = images[0].name, [OpenAs.IMAGE_OF_PROJECT, OpenAs.ON_ITS_OWN]
        explanation = f"To open it on its own, {project.name} is closed first; all its edits are saved."
    else:  # the window shows one image at a time: the others would have no place
        what, answers = f"{len(images)} images", [OpenAs.IMAGE_OF_PROJECT]
        explanation = "\n".join(path.name for path in images[:_MOST_NAMES])
        if len(images) > _MOST_NAMES:
            explanation += f"\nand {len(images) - _MOST_NAMES} more"
    question = f"Add {what} to the project “{project.stem}”?"
    answer = choose(window, question, explanation, answers, default=OpenAs.IMAGE_OF_PROJECT)
    return OpenAs(answer) if answer else None
