"""What the commands of `landseg project` share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landseg_core.cli.ending import ENDING
from landseg_core.errors import ProjectError
from landseg_core.messages import N_

if TYPE_CHECKING:
    from landseg_core.project.project import Project

ProjectFile = Annotated[Path, typer.Argument(metavar="FILE", help="A project file, NAME.landseg.")]
ImageName = Annotated[
    str, typer.Option("--image", metavar="NAME", help="The stem of the image's file, or its path where stems collide.")
]
KeepGrid = Annotated[
    bool, typer.Option("--keep-grid", help="The labels stay where they are, wherever the image's file says it lies.")
]
MoveLabels = Annotated[
    bool, typer.Option("--move-labels", help="The labels go with the image to the grid that its file has now.")
]


@contextmanager
def editable(file: Path) -> Iterator[Project]:
    """Open a project for writing.

    Raises:
        ProjectError: it cannot be opened, or only for reading.
    """
    from landseg_core.project.project import Project

    with ENDING.orderly(), Project.open(file) as project:
        if project.read_only:
            raise ProjectError(
                N_("{file} can only be read: {read_only_reason}", file=file, read_only_reason=project.read_only_reason)
            )
        yield project


def require_one_way(*, keep_grid: bool, move_labels: bool) -> None:
    """Refuse both ways at once.

    Raises:
        typer.BadParameter: both are given.
    """
    if keep_grid and move_labels:
        raise typer.BadParameter("give either --keep-grid or --move-labels")
