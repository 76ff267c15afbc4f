"""`landseg project regrid` and `relink`: what happens to labels whose image has another grid by now."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landseg_core.cli.jobs import run_job
from landseg_core.cli.output import say
from landseg_core.cli.project_options import ImageName, KeepGrid, MoveLabels, ProjectFile, editable, require_one_way
from landseg_core.errors import ProjectError
from landseg_core.messages import N_

if TYPE_CHECKING:
    from landseg_core.project.images import ImageEntry
    from landseg_core.project.outside.label_shift import Shift
    from landseg_core.project.outside.regrid import Move
    from landseg_core.project.project import Project


class Keep(StrEnum):
    """What labels keep when they move."""

    PIXELS = "pixels"
    GROUND = "ground"


By = Annotated[
    Keep | None,
    typer.Option(
        help="With --move-labels, what each label keeps: its pixel, or its ground coordinates. By default its pixel "
        "in an image of the same size, otherwise its ground coordinates.",
        show_default=False,
    ),
]
DropOutside = Annotated[
    bool, typer.Option("--drop-outside", help="With --move-labels, lose the labels that would lie outside the image.")
]


def regrid(
    file: ProjectFile,
    image: ImageName,
    keep_grid: KeepGrid = False,
    move_labels: MoveLabels = False,
    by: By = None,
    drop_outside: DropOutside = False,
) -> None:
    """Say where the labels belong if an image's file has changed its grid, its size or its pixels."""
    require_one_way(keep_grid=keep_grid, move_labels=move_labels)
    if not (keep_grid or move_labels):
        raise typer.BadParameter("give --keep-grid or --move-labels")
    if by and not move_labels:
        raise typer.BadParameter("--by is for --move-labels")
    with editable(file) as project:
        entry = project.image(image)
        if keep_grid:
            _keep(project, entry)
        else:
            _move(project, project.plan_move(entry.id, by.value if by else None), drop_outside=drop_outside)


def relink(
    file: ProjectFile,
    raster: Annotated[Path, typer.Argument(metavar="RASTER", help="Where the image is now.")],
    image: ImageName,
    keep_grid: KeepGrid = False,
    move_labels: MoveLabels = False,
    by: By = None,
    drop_outside: DropOutside = False,
) -> None:
    """Say where the file of an image is now; its labels stay."""
    from landseg_core.project.outside.changes import MISPLACES_LABELS, image_change

    require_one_way(keep_grid=keep_grid, move_labels=move_labels)
    with editable(file) as project:
        entry = project.image(image)
        if move_labels:
            move = project.plan_move(entry.id, by.value if by else None, raster)
            _move(project, move, drop_outside=drop_outside)
            return
        change = image_change(replace(entry, path=raster.absolute()))
        if change and change.kind in MISPLACES_LABELS and not keep_grid:
            raise ProjectError(N_("{what}; choose --keep-grid or --move-labels, or another file", what=change.what))
        entry = project.relink(entry.id, raster)
        say(f"{entry.name}: {entry.path}")
        if keep_grid:
            _keep(project, entry)
        elif change:
            say(f"note: {change}", err=True)


def _keep(project: Project, entry: ImageEntry) -> None:
    kept = project.keep_grid(entry.id)
    own = "" if kept.file_grid is None else ", whatever its file says"
    say(f"{kept.name}: the grid of the project stays{own}")


def _move(project: Project, move: Move, *, drop_outside: bool) -> None:
    moved = run_job(
        lambda on_event, control: project.move_labels(
            move, drop_outside=drop_outside, on_event=on_event, control=control
        )
    )
    shift = f", {_directions(move.shift)}" if move.shift else ""
    lost = f"; {move.outside} labelled px lay outside and are gone" if move.outside else ""
    copy = f"; the project as it was is kept as {moved.copy.name}" if moved.copy else ""
    say(f"{moved.entry.name}: the labels lie on the grid of its file now{shift}{lost}{copy}")


def _directions(shift: Shift) -> str:
    across = f"{abs(shift.right)} px {'left' if shift.right < 0 else 'right'}"
    return f"{across} and {abs(shift.down)} px {'up' if shift.down < 0 else 'down'}"
