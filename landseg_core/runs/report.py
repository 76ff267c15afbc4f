"""Writes `report.html`: one self-contained page on the course of a run and the accuracy of its model."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from landseg_core.errors import LandsegError
from landseg_core.events import Notice, OnEvent
from landseg_core.input_files import AnyPath
from landseg_core.messages import N_
from landseg_core.output_files import write_atomically
from landseg_core.progress import duration
from landseg_core.resource_files import resource_path
from landseg_core.runs import charts
from landseg_core.runs.charts import run_charts
from landseg_core.runs.evaluation import Interval
from landseg_core.runs.folder import RunFolder
from landseg_core.runs.report_content import ReportContent, report_content

if TYPE_CHECKING:
    import jinja2

TEMPLATE = "report/report.html"
"""The page's template, in `resources`."""

ENDINGS = {
    "finished": "finished",
    "stopped": "stopped early by the user",
    "not_finite": "stopped: diverged (the loss was no longer a finite number)",
}
"""Why a run ended, in words."""
_NO_END = "unfinished: it is under way, or was cut short"
_DASH = "\N{EN DASH}"
_ROLES = {
    "best": "Where the model does best",
    "worst": "Where it does worst",
    "sample": "Areas chosen in advance",
}


def save_report(folder: Path, on_event: OnEvent) -> None:
    """Write the report of a run that ends; where that fails, a notice says so, for the run itself has not failed."""
    try:
        write_report(folder)
    except LandsegError as error:
        on_event(Notice(N_("the run has no report: {error}", error=error)))


def write_report(folder: AnyPath) -> Path:
    """Write the report of the run in `folder`, in place of an older one, and return its path.

    Raises:
        TrainingError: a file of the run cannot be read or is damaged.
        OutputError: the report cannot be written.
    """
    folder = Path(folder)
    run = RunFolder(folder)
    write_atomically(run.report, report_page(report_content(run)).encode(errors="replace"))  # names of files
    return run.report


def report_page(content: ReportContent) -> str:
    """Return the page: HTML without a script and without any reference to something outside of it."""
    return _template().render(run=content, **_derived(content))


@cache
def _template() -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "percent": percent,
        "interval": interval,
        "whole": whole,
        "images": images,
        "duration": duration,
        "moment": moment,
        "share": _share,
    }
    return environment.from_string(resource_path(TEMPLATE).read_text(encoding="utf-8"))


def _derived(content: ReportContent) -> dict[str, Any]:
    end = content.history.end
    return {
        "charts": run_charts(content.history),
        "frame": charts,
        "ending": ENDINGS.get(end.reason, end.reason) if end else _NO_END,
        "roles": _ROLES,
        "shares": row_shares(content.evaluation.confusion) if content.evaluation else (),
    }


def percent(fraction: float | None, decimals: int = 1) -> str:
    """Write a fraction 0-1 in percent; a dash where there is none."""
    return _DASH if fraction is None else f"{100 * fraction:.{decimals}f}\N{NO-BREAK SPACE}%"


def interval(ends: Interval | None) -> str:
    """Write an interval of fractions in percent; nothing where there is none."""
    return f"{100 * ends[0]:.1f}{_DASH}{100 * ends[1]:.1f}\N{NO-BREAK SPACE}%" if ends else ""


def whole(number: int | None) -> str:
    """Write a whole number with its thousands apart; a dash where there is none."""
    return _DASH if number is None else f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def images(number: int | None) -> str:
    """Write how many images there are."""
    return f"{whole(number)} image{'s' * (number != 1)}"


def moment(iso: str) -> str:
    """Write an ISO 8601 time for people, such as `26 Nov 2026, 09:30 UTC`; other text stays as it is."""
    try:
        return f"{datetime.fromisoformat(iso).astimezone(UTC):%d %b %Y, %H:%M} UTC"
    except (ValueError, OverflowError):  # no time at all, or one that is in no year of the calendar in UTC
        return iso


def row_shares(confusion: tuple[tuple[int, ...], ...]) -> list[list[float | None]]:
    """Return a confusion matrix as shares of each row's pixels, 0-1; a row without pixels has none."""
    return [[count / total if (total := sum(row)) else None for count in row] for row in confusion]


def _share(value: float | None) -> str:
    """Write a fraction as a CSS length in percent, with at most as many digits as a screen shows."""
    return f"{100 * (value or 0):.2f}%"
