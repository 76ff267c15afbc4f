"""The options of a command, made from the fields of its task: a new field needs no new code here."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

import pydantic
import typer
from pydantic.fields import FieldInfo

from landseg_core.cli.options import parse_bands, parse_window
from landseg_core.geo.window import PixelWindow
from landseg_core.task_fields import bound_of, hints_of, may_be_none, problems_of, type_of

Task = TypeVar("Task", bound=pydantic.BaseModel)
Command = Callable[..., None]


def with_options_of(task: type[pydantic.BaseModel], *apart: str) -> Callable[[Command], Command]:
    """Return what gives a command an option for each field of `task`, except those that it defines itself, `apart`.

    The command takes the values of those that have one by the names of the fields, as `checked_task` wants them.
    """

    def with_options(command: Command) -> Command:
        @wraps(command)
        def run(**values: Any) -> None:
            given = {name: value for name, value in values.items() if value is not None}
            command(**{name: value.value if isinstance(value, Enum) else value for name, value in given.items()})

        own = inspect.signature(command, eval_str=True).parameters.values()
        named = [item for item in own if item.kind is not inspect.Parameter.VAR_KEYWORD]
        every = [item.replace(kind=inspect.Parameter.KEYWORD_ONLY) for item in (*named, *_options(task, apart))]
        run.__signature__ = inspect.Signature(every)  # type: ignore[attr-defined]
        run.__annotations__ = {item.name: item.annotation for item in every}
        return run

    return with_options


def checked_task(task: type[Task], **values: Any) -> Task:
    """Return the task that the values of options make.

    Raises:
        typer.BadParameter: a value is wrong.
    """
    require_usage(task, values, ("", *task.model_fields))
    return task.model_validate(values)


def require_usage(task: type[pydantic.BaseModel], values: Mapping[str, Any], names: Collection[str]) -> None:
    """Check the values of the fields in `names`; "" stands for what is wrong with several together.

    Raises:
        typer.BadParameter: a value is wrong.
    """
    for name, problem in problems_of(task, values).items():
        if name in names:
            option = f"'{option_name(name, task.model_fields[name])}'" if name else None
            raise typer.BadParameter(problem, param_hint=option)


@dataclass(frozen=True)
class _Option:
    """An option as typer wants it: the type to parse, the default in that type, and details of `typer.Option`."""

    kind: Any
    default: Any
    details: dict[str, Any] = field(default_factory=dict)


def _options(task: type[pydantic.BaseModel], apart: Collection[str]) -> Iterator[inspect.Parameter]:
    yield from (option_of(name, info) for name, info in task.model_fields.items() if name not in apart)


def option_of(name: str, info: FieldInfo, *, may_lack: bool = False) -> inspect.Parameter:
    """Return the option for a field.

    One that `may_lack` is None where it is not given, even for a field that has a default or that its model needs.
    """
    option = _option(name, info)
    kind = option.kind | None if may_lack or may_be_none(info) else option.kind
    details = option.details | ({"show_default": _default_text(info)} if may_lack else {})
    shown = typer.Option(_declared(name, info), help=f"{info.description}.", **details)
    needed = inspect.Parameter.empty if info.is_required() else option.default
    default = None if may_lack else needed
    annotation = Annotated[kind, shown]  # type: ignore[valid-type]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def option_name(name: str, info: FieldInfo) -> str:
    """Return the name of a field on the command line."""
    return hints_of(info).option or f"--{name.replace('_', '-')}"


def _declared(name: str, info: FieldInfo) -> str:
    """Return how an option is declared; a switch that is on by default has another name, which turns it off."""
    option = option_name(name, info)
    return f"{option}/--no-{option.removeprefix('--')}" if info.default is True else option


def _default_text(info: FieldInfo) -> str | bool:
    """Return what the help shows as the default of a field; False for nothing."""
    if info.is_required() or info.default in (None, ()):
        return False
    return "on" if info.default is True else str(info.default)


def _option(name: str, info: FieldInfo) -> _Option:
    if values := _only_values(info):
        return _choice(name, values, info)
    return _OPTIONS[type_of(info.annotation)](info)


def _only_values(info: FieldInfo) -> Iterable[str]:
    """Return the only values that a field may have; none where it may have others."""
    if type_of(info.annotation) is Literal:
        return get_args(info.annotation)
    hints = hints_of(info)
    return () if hints.others else hints.choices


def _choice(name: str, values: Iterable[str], info: FieldInfo) -> _Option:
    known = StrEnum(name, {value: value for value in values})  # type: ignore[misc]
    return _Option(known, known(info.default))


def _switch(info: FieldInfo) -> _Option:
    return _Option(bool, info.default)


def _number(info: FieldInfo) -> _Option:
    kind = type_of(info.annotation)
    bounds = {"min": bound_of(info, "ge"), "max": bound_of(info, "le")}
    details = {name: kind(bound) for name, bound in bounds.items() if bound is not None}
    return _Option(kind, info.default, details | {"show_default": hints_of(info).unset or True})


def _text(info: FieldInfo) -> _Option:
    return _Option(type_of(info.annotation), info.default, {"metavar": hints_of(info).metavar or None})


def _names(info: FieldInfo) -> _Option:
    details = {"metavar": hints_of(info).metavar or None}
    if hints_of(info).repeats:
        return _Option(list[str] | None, None, details)
    return _Option(str | None, None, details | {"callback": parse_bands})


def _window(info: FieldInfo) -> _Option:
    return _Option(PixelWindow, info.default, {"parser": parse_window, "metavar": "X,Y,W,H"})


_OPTIONS: dict[Any, Callable[[FieldInfo], _Option]] = {
    bool: _switch,
    int: _number,
    float: _number,
    str: _text,
    Path: _text,
    tuple: _names,
    PixelWindow: _window,
}
"""How an option is made from a field of each type."""
