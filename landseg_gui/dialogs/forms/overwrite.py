"""The question before files are overwritten."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QWidget

from landseg_gui.message_boxes import choose
from landseg_gui.text import files_text, tr


def may_overwrite(parent: QWidget, existing: Sequence[Path]) -> bool:
    """Ask whether these files, one at least and all in one folder, may be overwritten."""
    question = tr("Replace {files}?", files=files_text(existing))
    explanation = tr(
        "%n files in {folder} will be overwritten.",
        n=len(existing),
        one="The file in {folder} will be overwritten.",
        folder=existing[0].parent,
    )
    return choose(parent, question, explanation, [tr("Replace")]) is not None
