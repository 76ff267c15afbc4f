"""`landseg train`: from labelled images, or a project, to a model."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Annotated, Any

import typer

from landseg_core.cli.jobs import run_job
from landseg_core.cli.options import DEVICE_HELP, Alpha, Bands, Maps, parse_bands, parse_mapping
from landseg_core.cli.output import say
from landseg_core.cli.task_options import checked_task, option_name, option_of
from landseg_core.data.sources.fields import ListField
from landseg_core.data.sources.registry import SOURCES
from landseg_core.data.sources.source import DataSource
from landseg_core.errors import JobStopped
from landseg_core.task_fields import hints_of
from landseg_core.tasks.train import TrainTask, run_train

if TYPE_CHECKING:
    from landseg_core.training.loop import TrainResult


class SplitWay(StrEnum):
    """What validates where no list says so."""

    BLOCKS = "blocks"
    IMAGES = "images"


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
    settings = given_settings(**{name: values[name] for name in _settings_options()})
    own = {name: values[name] for name in TrainTask.model_fields.keys() & values.keys()}
    task = checked_task(TrainTask, source=source, settings=settings, **own)
    _report(run_job(partial(run_train, task, started=started)))


def train_options() -> Iterator[inspect.Parameter]:
    """Yield the options of a task, with those of all sources and of the settings in their places."""
    within: dict[str, Iterable[inspect.Parameter]] = {
        "source": source_options(),
        "settings": _settings_options().values(),
    }
    for name, info in TrainTask.model_fields.items():
        yield from within.get(name) or [option_of(name, info)]


train = GrowingCommand(_train, train_options)


def given_settings(
    maps: Maps = None,
    split: Annotated[
        SplitWay | None, typer.Option(help="Validate on blocks (default) or on whole images, without --val-list.")
    ] = None,
    buffer: Annotated[
        int | None,
        typer.Option(
            min=0, max=4096, metavar="PX", help="Buffer between training and validation areas, in pixels (default 64)."
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="The network, one of those that `landseg models` lists; lite0 by default.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Number of passes over the training data.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Duration of the run in minutes; fractions are fine.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Training patches (chips) per step.")] = None,
    chip: Annotated[int | None, typer.Option(min=1, help="Side of a training patch, in pixels.")] = None,
    start_from: Annotated[
        str | None, typer.Option("--from", metavar="MODEL|RUN", help="Fine-tune a model; new labels weigh more.")
    ] = None,
    bands: Bands = None,
    alpha: Alpha = None,
    resolution: Annotated[
        float | None, typer.Option(metavar="M", help="Metres per pixel to train at; images are resampled.")
    ] = None,
    pretrained: Annotated[
        bool | None,
        typer.Option("--pretrained/--no-pretrained", help="Start from weights pretrained on photographs (default)."),
    ] = None,
    choices: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any other setting, as config.json of a run names it."),
    ] = None,
    device: Annotated[str | None, typer.Option(help=DEVICE_HELP)] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The same seed reproduces a run on the CPU.")] = None,
) -> dict[str, Any]:
    """Return the settings that the options name, without those that are not given.

    Raises:
        typer.BadParameter: they make no sense.
    """
    if epochs is not None and minutes is not None:
        raise typer.BadParameter("give either --epochs or --minutes")
    named = {
        "pretrained": pretrained,
        "device": device,
        "seed": seed,
        "model": model,
        "epochs": epochs,
        "minutes": minutes,
        "batch": batch,
        "chip": chip,
        "bands": parse_bands(bands) or None,
        "resolution_m": resolution,
        "split": split and split.value,
        "buffer": buffer,
        "start_from": start_from,
        "alpha": alpha,
        "mask_values": mask_values(maps or []) or None,
    }
    return parse_choices(choices or []) | {name: value for name, value in named.items() if value is not None}


def _settings_options() -> Mapping[str, inspect.Parameter]:
    return inspect.signature(given_settings, eval_str=True).parameters


def source_options() -> Iterator[inspect.Parameter]:
    """Yield an option for every field of every source; none of them must be given."""
    for source in SOURCES.values():
        for name, field in source.model_fields.items():
            yield option_of(name, field, may_lack=True)


def chosen_source(values: Mapping[str, Any]) -> DataSource:
    """Return the source that the values of the options name.

    Raises:
        typer.BadParameter: they name none, or several, or do not go together.
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
    if source.has_classes and values.get("maps"):
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


def mask_values(maps: Sequence[str]) -> tuple[str, ...]:
    """Return what `--map` says as the setting of that name has it.

    Raises:
        typer.BadParameter: a text is not VALUE=CLASSNAME, or a value is given two classes.
    """
    return tuple(f"{value}={name}" for value, name in parse_mapping(maps).items())


def parse_choices(texts: Sequence[str]) -> dict[str, str]:
    """Parse the texts `NAME=VALUE`.

    Raises:
        typer.BadParameter: one is something else, or names no setting.
    """
    from landseg_core.runs.config import TrainConfig

    choices: dict[str, str] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals:
            raise typer.BadParameter(f"--set '{text}' is not NAME=VALUE")
        if name not in TrainConfig.model_fields:
            raise typer.BadParameter(f"--set: there is no setting {name!r}; {', '.join(TrainConfig.model_fields)}")
        choices[name] = value
    return choices


def _report(result: TrainResult) -> None:
    metrics = "not validated" if result.best_miou is None else f"mIoU {result.best_miou:.3f} on the validation areas"
    say(f"{result.model_path}: {metrics}")
    if result.reason == "stopped":
        raise JobStopped
