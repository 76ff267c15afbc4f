"""`landseg train`: from labelled images, or a project, to a model."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Annotated, Any

import typer

from landseg_core.cli.jobs import run_job
from landseg_core.cli.output import say
from landseg_core.cli.task_options import checked_task, option_name, option_of, require_usage
from landseg_core.data.sources.fields import ListField
from landseg_core.data.sources.registry import SOURCES
from landseg_core.data.sources.source import DataSource
from landseg_core.errors import JobStopped
from landseg_core.runs.config import TrainConfig
from landseg_core.task_fields import hints_of
from landseg_core.tasks.train import TrainTask, run_train

if TYPE_CHECKING:
    from landseg_core.metrics.comparison import Comparison
    from landseg_core.training.loop import TrainResult


SETTINGS = (
    "mask_values",
    "split",
    "buffer",
    "model",
    "epochs",
    "minutes",
    "batch",
    "chip",
    "start_from",
    "bands",
    "alpha",
    "resolution_m",
    "pretrained",
    "device",
    "seed",
)
"""The settings that have an option of their own; `--set` is for all others."""
USAGE = ("", "alpha", "bands", "mask_values")
"""Where a mistake is one of usage: in what is not compatible, and in how a value is written.

All others are mistakes of a setting, also of one in a file, and are reported by the task.
"""
Choices = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Any other setting, as config.json of a run names it."),
]


class GrowingCommand:
    """A command whose options are made anew whenever the command line is built: a registry may have grown."""

    def __init__(self, run: Callable[..., None], options: Callable[[], Iterable[inspect.Parameter]]) -> None:
        update_wrapper(self, run)
        self._run, self._options = run, options

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.Signature([item.replace(kind=inspect.Parameter.KEYWORD_ONLY) for item in self._options()])

    def __call__(self, **values: Any) -> None:
        """Run the command with the values of its options."""
        self._run(**values)


def _train(**values: Any) -> None:
    """Train a U-Net and save the model that validates best.

    A project needs no --classes, and can be painted in during training; at the end the run is entered into it. A run
    resumed by --resume uses the labels that it began with.
    """
    started = time.monotonic()  # --minutes are those of the command, loading torch included
    source = chosen_source(values)
    settings = given_settings(values)
    own = {name: values[name] for name in TrainTask.model_fields.keys() & values.keys()}
    task = checked_task(TrainTask, source=source, settings=settings, **own)
    _report(run_job(partial(run_train, task, started=started)))


def train_options() -> Iterator[inspect.Parameter]:
    """Yield the options of a task, with those of all sources and of the settings in their places."""
    within: dict[str, Iterable[inspect.Parameter]] = {
        "source": source_options(),
        "settings": setting_options(),
    }
    for name, info in TrainTask.model_fields.items():
        yield from within.get(name) or [option_of(name, info)]


train = GrowingCommand(_train, train_options)


def given_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that the values of the options name, without those that are not given.

    Raises:
        typer.BadParameter: they are not compatible, or one is not written as its option wants it.
    """
    named = {name: values[name] for name in SETTINGS if values.get(name) not in (None, (), [])}
    given = {name: value.value if isinstance(value, Enum) else value for name, value in named.items()}
    require_usage(TrainConfig, given, USAGE)
    return parse_choices(values.get("choices") or []) | given


def setting_options() -> Iterator[inspect.Parameter]:
    """Yield an option for each of the `SETTINGS`, and one for all others; none of them must be given."""
    yield from (option_of(name, TrainConfig.model_fields[name], may_lack=True) for name in SETTINGS)
    yield inspect.Parameter("choices", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Choices)


def source_options() -> Iterator[inspect.Parameter]:
    """Yield an option for every field of every source; none of them must be given."""
    for source in SOURCES.values():
        for name, field in source.model_fields.items():
            yield option_of(name, field, may_lack=True)


def chosen_source(values: Mapping[str, Any]) -> DataSource:
    """Return the source that the values of the options name.

    Raises:
        typer.BadParameter: they name none, or several, or are not compatible.
    """
    given = {option.name for option in source_options() if values.get(option.name) is not None}
    source = _source_of(given)
    for name in sorted(given - source.model_fields.keys()):
        raise typer.BadParameter(_not_chosen(name))
    if source.has_classes == (values.get("classes") is not None):
        own = " or ".join(_named(one) for one in SOURCES.values() if one.has_classes)
        raise typer.BadParameter(f"give --classes, but not with {own}, which has its own")
    chosen = source.model_validate({name: values[name] for name in given})
    if chosen.has_own_split and any(values.get(name) is not None for name in ("split", "buffer")):
        raise typer.BadParameter("--split and --buffer are for data without lists: these say what validates")
    if source.has_classes and values.get("mask_values"):
        raise typer.BadParameter("--map is for masks: the labels of a project have classes already")
    return chosen


def _source_of(given: set[str]) -> type[DataSource]:
    """Return the one source whose required fields are given."""
    for source in SOURCES.values():
        if not given.isdisjoint(source.required()) and not given.issuperset(source.required()):
            raise typer.BadParameter(f"give {_named(source)} together")
    named = [source for source in SOURCES.values() if given.issuperset(source.required())]
    if len(named) != 1:
        raise typer.BadParameter(f"give either {', or '.join(map(_named, SOURCES.values()))}")
    return named[0]


def _not_chosen(name: str) -> str:
    """Return the sentence for a field of another source than the one that is meant."""
    owner = next(one for one in SOURCES.values() if name in one.model_fields)
    if not isinstance(hints_of(owner.model_fields[name]), ListField):
        return f"{option_name(name, owner.model_fields[name])} goes with {_named(owner)} only"
    others = sorted(_named(one) for one in SOURCES.values() if one is not owner)
    return f"only {_named(owner)} take lists: {' and '.join(others)} split by themselves"


def _named(source: type[DataSource]) -> str:
    """Return the options that name a source: `--images and --masks`."""
    return " and ".join(option_name(name, source.model_fields[name]) for name in source.required())


def parse_choices(texts: Sequence[str]) -> dict[str, str]:
    """Parse the texts `NAME=VALUE`.

    Raises:
        typer.BadParameter: one is something else, or names no setting.
    """
    choices: dict[str, str] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals:
            raise typer.BadParameter(f"--set '{text}' is not NAME=VALUE")
        if name not in TrainConfig.model_fields:
            raise typer.BadParameter(f"--set: there is no setting {name!r}; {', '.join(TrainConfig.model_fields)}")
        choices[name] = value
    return choices


def worse_than_parent(beside: Comparison) -> str:
    """Return the sentence about a model whose parent is better beyond the interval."""
    assert beside.interval is not None
    low, high = beside.interval
    return (
        f"the parent model is better on the validation areas: mIoU {beside.other_miou:.3f}, a difference of "
        f"{beside.difference:+.3f} ({low:+.3f} to {high:+.3f}); predict with it, or label more and train again"
    )


def _report(result: TrainResult) -> None:
    say(f"{result.model_path}: {_metrics_text(result)}")
    if result.beside_parent is not None and result.beside_parent.is_worse:
        say(worse_than_parent(result.beside_parent))
    if result.reason == "stopped":
        raise JobStopped


def _metrics_text(result: TrainResult) -> str:
    if result.best_miou is None:
        return "not validated"
    found = result.bundle.header.training.get("figures", {})
    if not found.get("estimated"):
        return f"mIoU {result.best_miou:.3f} on the validation areas"
    low, high = found["miou_interval"]
    return f"mIoU {low:.2f}-{high:.2f} (about {result.best_miou:.2f}) in the whole images, estimated from few labels"
