"""Reads damaged projects for `fuzz_files.py`: what is read is compared with what was painted."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fuzz_originals import STATES, labels_of, paint

from landseg_core.errors import LandsegError
from landseg_core.labels.regions import StrokeRegion
from landseg_core.project.check import check_project
from landseg_core.project.project import Project

EARLIER = "an earlier state, whole"
TOLD = "read-only, says what is lost"
TOLD_WRITABLE = "writable, says what is lost"
WHOLE = "as if whole"
OTHER = "as if whole, with other content"
PLAIN = b"\1\1"
"""Bytes 18 and 19 of an SQLite file that has no write-ahead log: one beside it is another's."""


@dataclass(frozen=True)
class Contents:
    """What was read of a project: hashes of the labels by image and level, and all the rest."""

    labels: dict[str, str]
    rest: Any


@cache
def states_of(home: Path) -> list[dict[str, str]]:
    return json.loads((home / STATES).read_text())  # type: ignore[no-any-return]


def whole_project(path: Path, _home: Path) -> Contents:
    """Return what an undamaged project holds."""
    with Project.open(path) as project:
        return contents_of(project)


def judge_project(path: Path, home: Path, whole: Contents) -> tuple[str, str]:
    """Open a project, read all of it, edit it, close it; return what came of it, and the first thing that was said.

    Raises:
        LandsegError: it does not open.
        AssertionError: labels are not those that were painted, and nothing says so.
    """
    has_no_log = path.read_bytes()[18:20] == PLAIN
    project = Project.open(path)
    found, told, problems = _used(project)
    told = [*project.notices, *told]
    if told or project.read_only:
        return (TOLD if project.read_only else TOLD_WRITABLE), told[0] if told else str(project.read_only_reason)
    if found == whole:
        return WHOLE, ""
    if found is not None and found.labels == whole.labels:
        return OTHER, ""
    said = problems[0] if problems else "nothing"
    earlier = found is not None and found.labels in states_of(home)
    assert earlier, f"other labels without a word; `check_project` says: {said}"
    assert not has_no_log, "the log of another moment was put over the file, without a word"
    return EARLIER, ""


def _used(project: Project) -> tuple[Contents | None, list[str], list[str]]:
    """Return what could be read, what was refused on the way, and what `check_project` finds."""
    found, problems = None, []
    try:
        found = contents_of(project)
        problems = [problem for problem in check_project(project.path) if not problem.endswith("is missing")]
        if not project.read_only:
            edit(project, found)
    except LandsegError as error:
        return found, [str(error)], problems
    finally:
        with suppress(LandsegError):
            project.close()
    return found, [], problems


def contents_of(project: Project) -> Contents:
    """Read everything that a project holds."""
    rest = [
        project.schema.to_json(),
        project.history.state,
        project.history.position,
        project.history.steps,
        project.runs,
    ]
    rest += stored_view_state(project)
    for entry in project.images:
        rest += [entry.path, entry.grid, entry.missing, entry.fingerprint, project.areas(entry.id)]
        rest += [project.class_pixels(entry.id), project.predictions(entry.id), project.tile_keys(entry.id)]
    labels = labels_of(project)
    with project.read_transaction() as view:
        for entry in project.images:
            rest += [hashlib.blake2b(tile.tobytes()).hexdigest() for _, tile in view.tiles(entry.id)]
    return Contents(labels, rest)


def stored_view_state(project: Project) -> list[Any]:
    """Read what the window keeps in a project."""
    from landseg_gui.form_settings import FormSettings
    from landseg_gui.session.view_state import hidden_images, load_position, load_window

    places = [load_position(project, entry.id) for entry in project.images]
    form = FormSettings("predict", project=project)
    return [*places, dict(load_window(project)), hidden_images(project), form.proposal("model")]


def edit(project: Project, found: Contents) -> None:
    """Undo and redo a step, and paint a stroke."""
    if project.undo() is not None:
        project.redo()
        assert labels_of(project) == found.labels, "undo and redo lead to other labels"
    for entry in project.images[:1]:
        paint(project, entry.id, StrokeRegion([(3, 3), (90, 60)], 9), project.schema.values[0])
    project.flush()
