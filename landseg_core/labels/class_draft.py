"""Classes while they are being edited: the new classes, and what the labels of deleted ones become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from landseg_core.errors import ClassSchemaError
from landseg_core.labels.class_names import name_key, name_problem
from landseg_core.labels.classes import UNLABELLED, ClassSchema, LandClass
from landseg_core.labels.colours import distinct_colours
from landseg_core.messages import N_, Text

MOST_CLASSES = 250


@dataclass(frozen=True)
class DraftClass:
    """A class as it is being edited; its `value` does not change, so that painted labels keep their meaning."""

    value: int
    name: str
    colour: str


@dataclass(frozen=True)
class ClassDraft:
    """The edited classes in order, and for each deleted class the value that its labels get.

    `before` are the classes before the editing.
    """

    before: ClassSchema
    classes: tuple[DraftClass, ...]
    heirs: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, schema: ClassSchema) -> ClassDraft:
        """Return a draft without any changes."""
        return cls(schema, tuple(DraftClass(item.value, item.name, item.colour) for item in schema.classes))

    def added(self, name: str = "", colour: str = "") -> ClassDraft:
        """Return the draft with another class at the end: an unused value, an unused name, a colour unlike the others.

        Raises:
            ClassSchemaError: there are as many classes as a map can have.
        """
        if len(self.classes) >= MOST_CLASSES:
            raise ClassSchemaError(N_("there are already {most} classes, the maximum for a map", most=MOST_CLASSES))
        used = [item.colour for item in self.classes]
        new = DraftClass(self._free_value(), name or self._free_name(), colour or distinct_colours(1, used)[0])
        return replace(self, classes=(*self.classes, new))

    def changed(self, index: int, *, name: str | None = None, colour: str | None = None) -> ClassDraft:
        """Return the draft with another name or colour for the class at `index`."""
        item = self.classes[index]
        name = item.name if name is None else name.strip()
        return self._with(index, replace(item, name=name, colour=colour or item.colour))

    def moved(self, index: int, steps: int) -> ClassDraft:
        """Return the draft with the class at `index` moved `steps` down (positive) or up."""
        rest = [*self.classes]
        item = rest.pop(index)
        rest.insert(min(max(0, index + steps), len(rest)), item)
        return replace(self, classes=tuple(rest))

    def deleted(self, index: int, heir: int = UNLABELLED) -> ClassDraft:
        """Return the draft without the class at `index`; its labels become `heir`, a class value or 255.

        Raises:
            ClassSchemaError: it is the last class, or `heir` is no other class of the draft.
        """
        deleted = self.classes[index]
        rest = self.classes[:index] + self.classes[index + 1 :]
        if not rest:
            raise ClassSchemaError(N_("a map needs at least one class; add another before deleting this one"))
        if heir not in (UNLABELLED, *(item.value for item in rest)):
            raise ClassSchemaError(
                N_(
                    "the labels of {name} cannot get the value {heir}, which is not that of another class",
                    name=deleted.name,
                    heir=heir,
                )
            )
        inherited = {value: heir if taker == deleted.value else taker for value, taker in self.heirs.items()}
        return replace(self, classes=rest, heirs=inherited | {deleted.value: heir})

    def merged(self, schema: ClassSchema) -> ClassDraft:
        """Return the draft with the classes of `schema`: those of a known name set its colour, others are added.

        Raises:
            ClassSchemaError: there would be more classes than a map can have.
        """
        draft = self
        for item in schema.classes:
            key = name_key(item.name)
            found = [index for index, known in enumerate(draft.classes) if name_key(known.name) == key]
            draft = draft.changed(found[0], colour=item.colour) if found else draft.added(item.name, item.colour)
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
        """Return the new value of the labels of each deleted class."""
        former = set(self.before.values)
        return {value: heir for value, heir in self.heirs.items() if value in former}

    def title(self) -> Text:
        """Return what was done, for the history: the name of a single change, or a common one."""
        changes = [*self._changes()]
        return changes[0] if len(changes) == 1 else N_("Edit classes")

    def _changes(self) -> list[Text]:
        before = {item.value: item for item in self.before.classes}
        now = {item.value: item for item in self.classes}
        both = [(before[value], now[value]) for value in before if value in now]
        common_before, common_now = [v for v in before if v in now], [v for v in now if v in before]
        return [
            *(N_("Add class {name}", name=item.name) for value, item in now.items() if value not in before),
            *(N_("Delete class {name}", name=item.name) for value, item in before.items() if value not in now),
            *(
                N_("Rename class {name} to {new_name}", name=old.name, new_name=new.name)
                for old, new in both
                if old.name != new.name
            ),
            *(N_("Change colour of class {name}", name=new.name) for old, new in both if old.colour != new.colour),
            *([N_("Reorder classes")] if common_before != common_now else []),
        ]

    def _with(self, index: int, item: DraftClass) -> ClassDraft:
        return replace(self, classes=(*self.classes[:index], item, *self.classes[index + 1 :]))

    def _free_value(self) -> int:
        """Return a value that no class has or had: labels of deleted classes must not become those of the new one."""
        taken = {item.value for item in self.classes} | set(self.before.values) | set(self.heirs)
        return next((value for value in range(UNLABELLED) if value not in taken), self._reused_value())

    def _reused_value(self) -> int:
        taken = {item.value for item in self.classes}
        return next(value for value in range(UNLABELLED) if value not in taken)

    def _free_name(self) -> str:
        names = {item.name for item in self.classes}
        return next(name for number in range(1, 300) if (name := f"class {number}") not in names)
