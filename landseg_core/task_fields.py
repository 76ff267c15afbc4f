"""What the fields of a task declare: the command line makes its options of it, and the window its forms."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import pydantic
from pydantic import Field
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, core_schema

from landseg_core.messages import N_
from landseg_core.value_problems import problem_text


@dataclass(frozen=True)
class FieldHints:
    """What a field declares beyond its title, description, type and bounds; one of its annotations.

    Attributes:
        option: its name on the command line, where that is not the field's own.
        metavar: the placeholder for its value in the help of the command line.
        repeats: whether an option is given once for each of several values, instead of a list with commas.
        choices: the values, each with what a list in the window shows for it.
        others: whether other values than the `choices` are allowed.
        unset: what happens without a value.
        unit: the unit of a number.
        step: what the arrows of a number's field add and subtract.
    """

    option: str = ""
    metavar: str = ""
    repeats: bool = False
    choices: Mapping[str, str] = field(default_factory=dict)
    others: bool = False
    unset: str = ""
    unit: str = ""
    step: int = 1


AS_IT_IS = pydantic.GetPydanticSchema(lambda kind, _handler: core_schema.is_instance_schema(kind))
"""An annotation of a field whose value is an object that pydantic does not validate further."""

Overwrite = Annotated[bool, Field(title=N_("Overwrite"), description=N_("Replace existing files"))]
Large = Annotated[
    bool,
    Field(
        title=N_("Large"),
        description=N_("Allow very large jobs, which are otherwise refused before they start"),
    ),
]


def hints_of(info: FieldInfo) -> FieldHints:
    """Return the hints of a field; the default ones where it has none."""
    return next((item for item in _all_metadata(info) if isinstance(item, FieldHints)), FieldHints())


def type_of(annotation: Any) -> Any:
    """Return the type of a field without bounds, "or None" and items of a tuple; `Literal` for one of some values."""
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        return type_of(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return next(type_of(part) for part in typing.get_args(annotation) if part is not types.NoneType)
    return origin or annotation


def may_be_none(info: FieldInfo) -> bool:
    """Return whether a field may have no value."""
    return types.NoneType in typing.get_args(info.annotation)


def bound_of(info: FieldInfo, kind: str) -> float | None:
    """Return the bound `ge`, `gt`, `le` or `lt` of a number; None where it has none."""
    found = (float(getattr(item, kind)) for item in _all_metadata(info) if hasattr(item, kind))
    return next(found, None)


def _all_metadata(info: FieldInfo) -> Iterator[Any]:
    """Yield the annotations of a field, be they outside or inside "or None"."""
    yield from info.metadata
    for part in typing.get_args(info.annotation):
        for item in typing.get_args(part)[1:] if typing.get_origin(part) is Annotated else ():
            yield from item.metadata if isinstance(item, FieldInfo) else (item,)


def problems_of(model: type[pydantic.BaseModel], values: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with the `values` of a model, by field; a problem of several together is under ""."""
    try:
        model.model_validate(values)
    except pydantic.ValidationError as error:
        return {_field_of(problem): problem_text(problem) for problem in error.errors(include_url=False)}
    return {}


def _field_of(problem: ErrorDetails) -> str:
    return str(problem["loc"][0]) if problem["loc"] else ""
