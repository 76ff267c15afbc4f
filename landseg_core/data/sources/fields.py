"""The kinds of fields of a source of training data, for the command line and the forms."""

from __future__ import annotations

from dataclasses import dataclass

from landseg_core.task_fields import FieldHints


@dataclass(frozen=True)
class FolderField(FieldHints):
    """A folder: of rasters, where `rasters` says what they are, or of `entries` with these names."""

    metavar: str = "DIR"
    rasters: str = ""
    entries: tuple[str, ...] = ()


@dataclass(frozen=True)
class ListField(FieldHints):
    """A text file with a stem on each line."""

    metavar: str = "F"


@dataclass(frozen=True)
class ProjectField(FieldHints):
    """A project file."""

    metavar: str = "FILE"
