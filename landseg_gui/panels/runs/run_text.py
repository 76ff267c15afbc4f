"""A training run in words: what is trained, for how long, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from landseg_core.events import RunFinished, RunStarted
from landseg_core.runs.catalogue import RunStatus
from landseg_gui.text import as_sentence, duration, interval, percent, tr

if TYPE_CHECKING:
    from landseg_core.runs.details import RunDetails
    from landseg_core.runs.history import LoggedEnd, LoggedStart


def what_text(start: RunStarted | LoggedStart) -> str:
    """Return which network is trained, for how long and on which device."""
    if start.epochs:
        return tr(
            "{model} for %n epochs on {device}",
            n=start.epochs,
            one="{model} for one epoch on {device}",
            model=start.model,
            device=start.device,
        )
    time = duration(60 * (start.minutes or 0))
    return tr("{model} for {time} on {device}", model=start.model, time=time, device=start.device)


def end_text(end: RunFinished | LoggedEnd, epoch: int | None) -> str:
    """Return how a run ended, after which time and in which epoch."""
    time = duration(end.seconds)
    match end.reason:
        case "finished":
            text = tr("Finished after {time}", time=time)
        case "stopped":
            text = tr("Stopped after {time}", time=time)
        case "not_finite":
            text = tr("Stopped after {time}: the loss diverged; try a lower learning rate", time=time)
        case _:
            text = tr("Ended after {time}", time=time)
    return text if epoch is None else tr("{end} · epoch {epoch}", end=text, epoch=epoch)


def metric_text(value: float | None, ends: tuple[float, float] | None) -> str:
    """Return a metric; one that is estimated from few labels after its interval, which says more."""
    if ends is None:
        return percent(value)
    return tr("{interval} (about {value})", interval=interval(ends), value=percent(value, 0))


def details_text(details: RunDetails) -> str:
    """Return what a run was, and how it ended."""
    summary, history = details.summary, details.history
    if summary.status == RunStatus.DAMAGED:
        return tr("Damaged: {problem}", problem=as_sentence(summary.problem))
    what = what_text(history.start) if history.start else summary.model
    epoch = history.epochs[-1].epoch if history.epochs else None
    end = end_text(history.end, epoch) if history.end else tr("unfinished")
    return f"{what} · {end}"
