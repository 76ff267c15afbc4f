"""The classes of a map: value, name and colour."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pydantic

from landseg_core.errors import ClassSchemaError
from landseg_core.input_files import AnyPath, decoded, read_file
from landseg_core.labels.class_names import MOST_LETTERS, name_problem
from landseg_core.messages import N_, Text
from landseg_core.resource_files import resource_path
from landseg_core.value_problems import Wording, first_problem

UNLABELLED = 255
"""The mask value of a pixel without a label: ignored by every loss and metric, nodata in a written map."""

Colour = Annotated[str, pydantic.Field(pattern=r"^#[0-9a-fA-F]{6}$")]


class LandClass(pydantic.BaseModel):
    """One class: its value in masks (0-254), its name and its colour `#rrggbb`."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    value: Annotated[int, pydantic.Field(ge=0, le=UNLABELLED - 1, strict=True)]
    name: Annotated[str, pydantic.Field(min_length=1, max_length=MOST_LETTERS)]
    colour: Colour

    @property
    def rgb(self) -> tuple[int, int, int]:
        """Return the colour as (red, green, blue), 0-255."""
        red, green, blue = bytes.fromhex(self.colour[1:])
        return red, green, blue


class ClassSchema(pydantic.BaseModel):
    """The classes of a map, in order; the order is that of a model's outputs and of a confusion matrix."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    classes: Annotated[tuple[LandClass, ...], pydantic.Field(min_length=1, max_length=250)]

    @pydantic.model_validator(mode="after")
    def _all_different(self) -> ClassSchema:
        if values := _repeated(self.values):
            raise ValueError(N_("the value {values} is used twice", values=values))
        if names := _repeated(self.names):
            raise ValueError(N_("the name {names} is used twice", names=names))
        return self

    def __len__(self) -> int:
        return len(self.classes)

    def __repr__(self) -> str:
        return f"<ClassSchema {', '.join(f'{item.value} {item.name}' for item in self.classes)}>"

    @property
    def values(self) -> tuple[int, ...]:
        """Return the mask value of each class."""
        return tuple(item.value for item in self.classes)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the name of each class."""
        return tuple(item.name for item in self.classes)

    def index_table(self) -> npt.NDArray[np.uint8]:
        """Return the (256,) table from mask value to class index; values without a class give 255."""
        table = np.full(256, UNLABELLED, np.uint8)
        table[list(self.values)] = np.arange(len(self))
        return table

    def value_table(self) -> npt.NDArray[np.uint8]:
        """Return the (256,) table from class index to mask value; indices without a class give 255."""
        table = np.full(256, UNLABELLED, np.uint8)
        table[: len(self)] = self.values
        return table

    def colour_table(self) -> npt.NDArray[np.uint8]:
        """Return the (256, 4) RGBA table by mask value; values without a class are transparent."""
        table = np.zeros((256, 4), np.uint8)
        for item in self.classes:
            table[item.value] = (*item.rgb, 255)
        return table

    def to_json(self) -> str:
        """Return the text of a class file."""
        return json.dumps(self.model_dump(), indent=2) + "\n"


def _repeated(items: Sequence[int] | Sequence[str]) -> str:
    """Return the items that occur more than once, as a list for a sentence."""
    return ", ".join(sorted({str(item) for item, count in Counter(items).items() if count > 1}))


def preset_names() -> list[str]:
    """Return the names of the presets that come with landseg."""
    return sorted(path.stem for path in resource_path("classes").glob("*.json"))


def load_classes(preset_or_file: AnyPath) -> ClassSchema:
    """Load a preset by its name, or else a class file.

    Raises:
        ClassSchemaError: there is neither such a preset nor such a file, or the file is wrong.
    """
    name = str(preset_or_file)
    if name in preset_names():
        return _parse(resource_path(f"classes/{name}.json"))
    try:
        return _parse(Path(preset_or_file))
    except FileNotFoundError as error:
        raise ClassSchemaError(
            N_(
                "{name} is neither a class file nor a preset; the presets are {preset_names}",
                name=name,
                preset_names=", ".join(preset_names()),
            )
        ) from error
    except OSError as error:
        raise ClassSchemaError(
            N_("{name} cannot be read: {strerror}; choose a class file", name=name, strerror=error.strerror)
        ) from error


def _parse(path: Path) -> ClassSchema:
    try:
        schema = ClassSchema.model_validate_json(decoded(read_file(path)))
    except pydantic.ValidationError as error:
        problem = first_problem(error, _WORDING)
        raise ClassSchemaError(
            N_(
                "{path} is not a class file: {problem}; write it as {example}",
                path=path,
                problem=problem,
                example=_EXAMPLE,
            )
        ) from error
    if unfit := name_problem(schema.names):
        raise ClassSchemaError(N_("{path} cannot be used: {unfit}; choose another name", path=path, unfit=unfit))
    return schema


_EXAMPLE = '{"classes": [{"value": 0, "name": "land", "colour": "#d9d4c7"}, ...]}'


def _value_range(_context: Mapping[str, Any]) -> Text:
    return N_("must be a whole number from 0 to {largest}", largest=UNLABELLED - 1)


_WORDING: Wording = {
    "greater_than_equal": _value_range,
    "int_from_float": _value_range,
    "int_type": _value_range,
    "less_than_equal": _value_range,
    "string_pattern_mismatch": lambda _context: N_("must be a colour such as #d55e00"),
    "too_short": lambda _context: N_("must name at least one class"),
}
"""Where the file of classes can say more than other models."""
