"""Classes while somebody edits them: what they will be, and what becomes of the labels of those that go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from landseg_core.errors import ClassSchemaError
from landseg_core.labels.class_names import name_key, name_problem
from landseg_core.labels.classes import UNLABELLED, ClassSchema, LandClass
from landseg_core.labels.colours import distinct_colours
from landseg_core.messages import N_

MOST_CLASSES = 250


@dataclass(frozen=True)
class DraftClass:
    """A class as it is being edited; its `value` stays, so that painted labels keep their meaning."""

    value: int
    name: str
    colour: str


@dataclass(frozen=True)
class ClassDraft:
    """The edited classes in order, and for each class that was deleted the value that takes over its labels.

    `before` are the classes that the editing began with.
    """

    before: ClassSchema
    classes: tuple[DraftClass, ...]
    heirs: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, schema: ClassSchema) -> ClassDraft:
        """Return a draft in which nothing is changed yet."""
        return cls(schema, tuple(DraftClass(item.value, item.name, item.colour) for item in schema.classes))

    def added(self, name: str = "", colour: str = "") -> ClassDraft:
        """Return the draft with a further class at the end: a free value, a free name, a colour unlike the others.

        Raises:
            ClassSchemaError: there are as many classes as a map can have.
        """
        if len(self.classes) >= MOST_CLASSES:
            raise ClassSchemaError(
                N_("there are {most_classes} classes already, the most that a map can have", most_classes=MOST_CLASSES)
            )
        used = [item.colour for item in self.classes]
        new = DraftClass(self._free_value(), name or self._free_name(), colour or distinct_colours(1, used)[0])
        return replace(self, classes=(*self.classes, new))

    def changed(self, place: int, *, name: str | None = None, colour: str | None = None) -> ClassDraft:
        """Return the draft with another name or colour for the class at `place`."""
        item = self.classes[place]
        name = item.name if name is None else name.strip()
        return self._with(place, replace(item, name=name, colour=colour or item.colour))

    def moved(self, place: int, steps: int) -> ClassDraft:
        """Return the draft with the class at `place` moved `steps` down (positive) or up."""
        rest = [*self.classes]
        item = rest.pop(place)
        rest.insert(min(max(0, place + steps), len(rest)), item)
        return replace(self, classes=tuple(rest))

    def deleted(self, place: int, heir: int = UNLABELLED) -> ClassDraft:
        """Return the draft without the class at `place`; its labels become `heir`, a class value or 255.

        Raises:
            ClassSchemaError: it is the last class, or `heir` is no other class of the draft.
        """
        gone = self.classes[place]
        rest = self.classes[:place] + self.classes[place + 1 :]
        if not rest:
            raise ClassSchemaError(N_("a map needs at least one class; add another before you delete this one"))
        if heir not in (UNLABELLED, *(item.value for item in rest)):
            raise ClassSchemaError(
                N_(
                    "the labels of {gone} cannot become value {heir}, which is no other class",
                    gone=gone.name,
                    heir=heir,
                )
            )
        inherited = {value: heir if taker == gone.value else taker for value, taker in self.heirs.items()}
        return replace(self, classes=rest, heirs=inherited | {gone.value: heir})

    def merged(self, schema: ClassSchema) -> ClassDraft:
        """Return the draft with the classes of `schema`: those of a known name lend their colour, others are added.

        Raises:
            ClassSchemaError: there would be more classes than a map can have.
        """
        draft = self
        for item in schema.classes:
            key = name_key(item.name)
            places = [place for place, known in enumerate(draft.classes) if name_key(known.name) == key]
            draft = draft.changed(places[0], colour=item.colour) if places else draft.added(item.name, item.colour)
        return draft

    def schema(self) -> ClassSchema:
        """Return the classes as they are now.

        Raises:
            ClassSchemaError: a new or changed name is not one that a class may have.
        """
        if problem := name_problem([item.name for item in self.classes], self.before.names):
            raise ClassSchemaError(N_("{problem}; choose another name", problem=problem))
        classes = (LandClass(value=item.value, name=item.name, colour=item.colour) for item in self.classes)
        return ClassSchema(classes=tuple(classes))

    def remap(self) -> dict[int, int]:
        """Return the new value of all labels whose class is gone."""
        former = set(self.before.values)
        return {value: heir for value, heir in self.heirs.items() if value in former}

    def title(self) -> str:
        """Return what was done, for the history: one change by its name, several as a whole."""
        changes = [*self._changes()]
        return changes[0] if len(changes) == 1 else "Edit classes"

    def _changes(self) -> list[str]:
        before = {item.value: item for item in self.before.classes}
        now = {item.value: item for item in self.classes}
        both = [(before[value], now[value]) for value in before if value in now]
        kept_before, kept_now = [v for v in before if v in now], [v for v in now if v in before]
        return [
            *(f"Add class {item.name}" for value, item in now.items() if value not in before),
            *(f"Delete class {item.name}" for value, item in before.items() if value not in now),
            *(f"Rename class {old.name} to {new.name}" for old, new in both if old.name != new.name),
            *(f"Recolour class {new.name}" for old, new in both if old.colour != new.colour),
            *(["Reorder classes"] if kept_before != kept_now else []),
        ]

    def _with(self, place: int, item: DraftClass) -> ClassDraft:
        return replace(self, classes=(*self.classes[:place], item, *self.classes[place + 1 :]))

    def _free_value(self) -> int:
        """Return a value that no class has or had: labels of deleted classes must not turn into the new one."""
        taken = {item.value for item in self.classes} | set(self.before.values) | set(self.heirs)
        return next((value for value in range(UNLABELLED) if value not in taken), self._reused_value())

    def _reused_value(self) -> int:
        taken = {item.value for item in self.classes}
        return next(value for value in range(UNLABELLED) if value not in taken)

    def _free_name(self) -> str:
        names = {item.name for item in self.classes}
        return next(name for number in range(1, 300) if (name := f"class {number}") not in names)
