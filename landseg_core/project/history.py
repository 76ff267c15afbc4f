"""The undo history: which steps there are and how many of them are done. Steps never change, only the position does."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

MOST_STEPS = 1000
"""How many steps can be undone."""

MOST_BYTES = 10**9
"""How many bytes of patches the history holds, compressed; the newest step is kept whatever its size."""

LARGE_PATCHES = 64
"""A step of more patches is undone and redone in the project file, not in memory."""


@dataclass(frozen=True)
class Step:
    """One step of the history: `bytes` of compressed patches; `image_id` is None where it is about all images."""

    id: int
    name: str
    image_id: int | None
    created: str
    bytes: int
    is_large: bool


@dataclass(frozen=True)
class Change:
    """What a step changes apart from pixels: the state before and after it, as JSON objects.

    The keys are `classes` (a class file's content), `listed` and `unlisted` (ids of images that are in the project from
    then on, or are not), and for the step's image `areas` (a list of rings) and `grid` (see `step_states.image_state`).
    """

    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)

    def state(self, *, forward: bool) -> dict[str, Any]:
        """Return the state that redo (`forward`) or undo leads to."""
        return self.after if forward else self.before

    def to_json(self) -> tuple[str, str]:
        """Return both states as text."""
        return json.dumps(self.before), json.dumps(self.after)


NO_CHANGE = Change()


def is_large(patches: int, image_id: int | None) -> bool:
    """Return whether a step is undone in the file: because it is large, or changes the labels of several images."""
    return patches > LARGE_PATCHES or (image_id is None and patches > 0)


def now() -> str:
    """Return the present time as ISO text with its offset from UTC."""
    return datetime.now(UTC).astimezone().isoformat(timespec="seconds")


@dataclass(frozen=True)
class History:
    """Steps, oldest first, and the id of the last one that is done (0: none ever was).

    `last_id` is the highest id that a step ever had, including deleted ones.
    """

    steps: tuple[Step, ...] = ()
    done: int = 0
    last_id: int = 0

    @property
    def position(self) -> int:
        """Return how many of the steps are done."""
        return sum(step.id <= self.done for step in self.steps)

    @property
    def next_undo(self) -> Step | None:
        """Return the step that undo reverts."""
        return self.steps[self.position - 1] if self.position else None

    @property
    def next_redo(self) -> Step | None:
        """Return the step that redo applies again."""
        return self.steps[self.position] if self.position < len(self.steps) else None

    @property
    def state(self) -> str:
        """Return a short text that is different after every edit."""
        return f"{self.last_id}/{self.position}"

    def new_step(self, name: str, image_id: int | None, patches: int = 0) -> Step:
        """Return a step of `patches` patches that may be added."""
        return Step(self.last_id + 1, name, image_id, now(), 0, is_large(patches, image_id))

    def added(self, step: Step) -> History:
        """Return the history with a new step at the end, without the undone ones and the oldest beyond the limits."""
        steps = (*self.steps[: self.position][-(MOST_STEPS - 1) :], step)
        total = sum(item.bytes for item in steps)
        while total > MOST_BYTES and len(steps) > 1:
            total -= steps[0].bytes
            steps = steps[1:]
        return History(steps, step.id, step.id)

    def moved(self, *, forward: bool) -> History:
        """Return the history after a redo (`forward`) or an undo; there must be a step for it."""
        position = self.position + (1 if forward else -1)
        return replace(self, done=self.steps[position - 1].id if position else self.steps[0].id - 1)

    def measured(self, step_id: int, size: int) -> History:
        """Return the history with the size of a step's patches, in bytes, once they are stored."""
        steps = tuple(replace(step, bytes=size) if step.id == step_id else step for step in self.steps)
        return replace(self, steps=steps)

    def without_image(self, image_id: int) -> History:
        """Return the history without the steps of an image; its state is a new one."""
        steps = tuple(step for step in self.steps if step.image_id != image_id)
        return History(steps, self.done, self.last_id + 1)

    def dropped(self, older: History) -> list[int]:
        """Return the ids of the steps that an `older` history had and this one no longer has."""
        kept = {step.id for step in self.steps}
        return [step.id for step in older.steps if step.id not in kept]
