"""Undo, redo, and changes of classes and working areas: each by the way that fits its size."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from landseg_core.errors import ProjectError
from landseg_core.events import JobControl, OnEvent
from landseg_core.labels.class_names import name_problem
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.project.areas import checked
from landseg_core.project.bulk import BulkEditor
from landseg_core.project.editing import Editor
from landseg_core.project.history import Change, Step
from landseg_core.project.storage.project_file import ProjectFile


class Reviser:
    """Sends steps to memory or, where they are large, through the file."""

    def __init__(self, file: ProjectFile, editor: Editor, bulk: BulkEditor) -> None:
        self._state, self._editor, self._bulk = file.state, editor, bulk
        self._file = file

    def travel(self, step: Step | None, *, forward: bool, on_event: OnEvent, control: JobControl | None) -> Step | None:
        """Undo or redo (`forward`) the step that is next, if there is one."""
        self._file.require_ready()
        if step is not None and step.is_large:
            self._bulk.travel(step, forward=forward, on_event=on_event, control=control or JobControl())
        elif step is not None:
            self._editor.travel(step, forward=forward)
        return step

    def set_areas(self, image_id: int, polygons: Iterable[Sequence[Sequence[float]]], name: str) -> None:
        """Change the working areas of an image; see `Project.set_areas`."""
        if image_id not in self._state.images:  # one whose adding is undone still has areas
            raise ProjectError(f"the project has no image number {image_id}")
        before = self._state.areas[image_id]
        self._editor.change(name, image_id, Change({"areas": before}, {"areas": checked(polygons)}))

    def change_schema(
        self, schema: ClassSchema, name: str, remap: Mapping[int, int], on_event: OnEvent, control: JobControl
    ) -> None:
        """Change the classes, and with them the labels; see `Project.change_schema`."""
        if problem := name_problem(schema.names, self._state.schema.names):
            raise ProjectError(f"the classes stay as they are: {problem}; choose another name")
        self._require_heirs(schema, remap)
        change = Change({"classes": _plain(self._state.schema)}, {"classes": _plain(schema)})
        if not remap:
            self._editor.change(name, None, change)
            return
        table = np.arange(256, dtype=np.uint8)
        table[list(remap)] = list(remap.values())
        self._bulk.remap(name, change, table, on_event, control)

    def _require_heirs(self, schema: ClassSchema, remap: Mapping[int, int]) -> None:
        """Check that every label that has a class keeps one, or none on purpose.

        Raises:
            ProjectError: one would not.
        """
        before = set(self._state.schema.values)
        allowed = {*schema.values, UNLABELLED}
        painted = {
            int(value) for counts in self._state.counts.values() for value in np.flatnonzero(counts[:UNLABELLED])
        }
        for value in (painted & before) | set(remap):
            heir = remap.get(value, value)
            if value == UNLABELLED or heir not in allowed:
                raise ProjectError(
                    f"labels of value {value} would be left without a class;"
                    " say which class takes them, or 255 for none"
                )


def _plain(schema: ClassSchema) -> object:
    return json.loads(schema.to_json())
