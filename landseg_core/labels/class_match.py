"""Matches the classes of a map, or of a model, with those of a project: by name, everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from landseg_core.labels.classes import UNLABELLED, ClassSchema, LandClass
from landseg_core.messages import N_, Text

_MOST_NAMES = 8


@dataclass(frozen=True)
class ClassMatch:
    """The classes of a map or model (`own`) and of a project (`target`): those with the same name are the same."""

    own: ClassSchema
    target: ClassSchema

    @property
    def without_counterpart(self) -> tuple[LandClass, ...]:
        """Return the classes of the map that the project does not have."""
        return _not_in(self.own, self.target)

    @property
    def lacking(self) -> tuple[LandClass, ...]:
        """Return the classes of the project that the map does not have."""
        return _not_in(self.target, self.own)

    @property
    def renumbered(self) -> tuple[tuple[LandClass, LandClass], ...]:
        """Return the pairs of classes with the same name and different values."""
        targets = {item.name: item for item in self.target.classes}
        pairs = [(item, targets[item.name]) for item in self.own.classes if item.name in targets]
        return tuple((item, other) for item, other in pairs if item.value != other.value)

    def table(self) -> npt.NDArray[np.uint8]:
        """Return the (256,) table from the map's values to the project's; 255 for values without a counterpart."""
        targets = {item.name: item.value for item in self.target.classes}
        table = np.full(256, UNLABELLED, np.uint8)
        for item in self.own.classes:
            table[item.value] = targets.get(item.name, UNLABELLED)
        return table


def model_differences(match: ClassMatch) -> Iterator[Text]:
    """Yield what a user should know before predicting with a model whose classes are not the project's."""
    if match.without_counterpart:
        yield N_(
            "the model predicts classes that the project does not have, which are left out when the map is accepted: "
            "{classes}",
            classes=class_list(item.name for item in match.without_counterpart),
        )
    if match.lacking:
        yield N_(
            "the model does not predict these classes of the project: {classes}",
            classes=class_list(item.name for item in match.lacking),
        )
    if match.renumbered:
        pairs = (f"{own.name} ({own.value} → {target.value})" for own, target in match.renumbered)
        yield N_(
            "the map has other values than the project for these classes, which are matched by name: {classes}",
            classes=class_list(pairs),
        )


def class_list(names: Iterable[str]) -> str:
    """Return names for a sentence, the first ones and how many more there are."""
    every = list(names)
    shown = ", ".join(every[:_MOST_NAMES])
    more = len(every) - _MOST_NAMES
    return shown if more <= 0 else N_("{names} and %n more", n=more, names=shown)


def _not_in(schema: ClassSchema, other: ClassSchema) -> tuple[LandClass, ...]:
    return tuple(item for item in schema.classes if item.name not in other.names)
