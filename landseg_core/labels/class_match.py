"""How the classes of a map, or of a model, meet those of a project: by name, everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from landseg_core.labels.classes import UNLABELLED, ClassSchema, LandClass

_MOST_NAMES = 8


@dataclass(frozen=True)
class ClassMatch:
    """The classes of a map or model (`own`) beside those of a project (`target`): those of one name are the same."""

    own: ClassSchema
    target: ClassSchema

    @property
    def without_counterpart(self) -> tuple[LandClass, ...]:
        """Return the classes of the map that the project has not."""
        return _not_in(self.own, self.target)

    @property
    def lacking(self) -> tuple[LandClass, ...]:
        """Return the classes of the project that the map has not."""
        return _not_in(self.target, self.own)

    @property
    def renumbered(self) -> tuple[tuple[LandClass, LandClass], ...]:
        """Return the pairs of classes of one name that have different values."""
        targets = {item.name: item for item in self.target.classes}
        pairs = [(item, targets[item.name]) for item in self.own.classes if item.name in targets]
        return tuple((item, other) for item, other in pairs if item.value != other.value)

    def table(self) -> npt.NDArray[np.uint8]:
        """Return the (256,) table from the map's values to the project's; 255 for what has no counterpart."""
        targets = {item.name: item.value for item in self.target.classes}
        table = np.full(256, UNLABELLED, np.uint8)
        for item in self.own.classes:
            table[item.value] = targets.get(item.name, UNLABELLED)
        return table


def model_differences(match: ClassMatch) -> Iterator[str]:
    """Yield what a user should know before predicting with a model whose classes are not the project's."""
    if match.without_counterpart:
        names = listed(item.name for item in match.without_counterpart)
        yield f"the model predicts {names}, which the project does not have: accepting the map leaves that out"
    if match.lacking:
        yield f"the model does not predict {listed(item.name for item in match.lacking)}, which the project has"
    if match.renumbered:
        pairs = (f"{own.name} ({own.value}, in the project {target.value})" for own, target in match.renumbered)
        yield f"the map has other values than the project for {listed(pairs)}; accepting goes by name"


def listed(names: Iterable[str]) -> str:
    """Return names for a sentence, the first ones and how many more there are."""
    every = list(names)
    more = f" and {len(every) - _MOST_NAMES} more" if len(every) > _MOST_NAMES else ""
    return ", ".join(every[:_MOST_NAMES]) + more


def _not_in(schema: ClassSchema, other: ClassSchema) -> tuple[LandClass, ...]:
    return tuple(item for item in schema.classes if item.name not in other.names)
