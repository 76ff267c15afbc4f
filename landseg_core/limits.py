"""The limits beyond which no work begins without being asked for, and the sentences that tell them."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from landseg_core.errors import LandsegError
from landseg_core.messages import N_, Text
from landseg_core.progress import duration

MOST_PIXELS = 20_000_000_000
"""Of what is written, or read to learn from."""
WITH_OVERVIEWS = 4 / 3
"""How many times the px of a map its file holds."""
MOST_COMPUTED = 50
"""The most px that a network computes for a px of the image, which it sees resampled."""
MOST_SECONDS = 2 * 3600
MOST_BANDS = 1000
"""The most bands of a raster; files that claim more are damaged, or made to exhaust memory."""
MOST_TIMES_OFF = 20
"""The most times that the ground resolutions of a model and an image differ, even in work agreed to be large."""


class LargeWorkError(LandsegError):
    """The `work` is beyond a limit, and nobody has agreed to it; `str` says how that is done in Python."""

    def __init__(self, work: WorkSize, objection: str) -> None:
        self.work, self._objection = work, objection
        super().__init__(self.advising("large=True"))

    def advising(self, option: str) -> Text:
        """Return the sentence with the `option` by which a caller agrees to the work."""
        return N_("{objection}; give {option} to do it all the same", objection=self._objection, option=option)


@dataclass(frozen=True)
class WorkSize:
    """What a piece of work takes, as far as that is known before it begins.

    Attributes:
        subject: what it makes or reads, for a sentence.
        pixels: the px of what is written, or read.
        folder: where it is written.
        bytes: the most that it takes on the disk.
        computed: the px that a network computes for each px of the image.
        seconds: how long it takes at the measured throughput; None where none was measured.
    """

    subject: str
    pixels: int = 0
    folder: Path | None = None
    bytes: int = 0
    computed: float = 0.0
    seconds: float | None = None

    def objections(self) -> Iterator[str]:
        """Yield a sentence, without a full stop, for each limit that is exceeded."""
        if self.computed > MOST_COMPUTED:
            each = f"{self.computed:.3g} px to compute for each px of the image"
            yield f"{self.subject}: {each}, more than {MOST_COMPUTED}"
        if self.pixels > MOST_PIXELS:
            yield f"{self.subject}: {si_number(self.pixels)}px, more than {si_number(MOST_PIXELS)}px"
        free = free_bytes(self.folder) if self.folder is not None else None
        if free is not None and self.bytes > free:
            room = f"{self.folder} has {si_number(free)}B of free space"
            yield f"{self.subject}: up to {si_number(self.bytes)}B to write, but {room}"
        if self.seconds is not None and self.seconds > MOST_SECONDS:
            yield f"{self.subject}: about {duration(self.seconds)} of work, more than {MOST_SECONDS // 3600} h"

    @property
    def objection(self) -> str:
        """Return the first of the `objections`; empty where there is none."""
        return next(self.objections(), "")

    @property
    def summary(self) -> str:
        """Return size and time for a question: `This is 25 Gpx of work (about 3 h 0 min)`."""
        time = "" if self.seconds is None else f" (about {duration(self.seconds)})"
        return f"This is {si_number(self.pixels)}px of work{time}"


def all_together(works: Sequence[WorkSize], subject: str) -> WorkSize:
    """Return the size of several pieces of work done one after the other into one folder."""
    if len(works) == 1:
        return works[0]
    known = [work.seconds for work in works if work.seconds is not None]
    return replace(
        works[0],
        subject=subject,
        pixels=sum(work.pixels for work in works),
        bytes=sum(work.bytes for work in works),
        computed=max(work.computed for work in works),
        seconds=sum(known) if known else None,
    )


def require_agreed(work: WorkSize, *, large: bool) -> None:
    """Refuse work beyond a limit unless it is agreed to be `large`.

    Raises:
        LargeWorkError: it is.
    """
    if not large and (objection := work.objection):  # asked once: the free space may be another by now
        raise LargeWorkError(work, objection)


def is_far_off(resolutions: Iterable[float]) -> bool:
    """Tell whether ground resolutions are more than `MOST_TIMES_OFF` apart, or one of them is no length at all."""
    values = tuple(resolutions)
    if not all(math.isfinite(value) and value > 0 for value in values):
        return True
    return max(values) > MOST_TIMES_OFF * min(values)


def free_bytes(folder: Path) -> int | None:
    """Return the free space where `folder` is or will be; None where that cannot be told."""
    try:
        existing = next((path for path in (folder, *folder.absolute().parents) if path.is_dir()), None)
        return None if existing is None else shutil.disk_usage(existing).free
    except OSError:
        return None


def si_number(number: float) -> str:
    """Write a number with the prefix of its unit: `25 G`, `1000 G`, `3.2 M`."""
    prefix, unit = ("G", 1e9) if number >= 1e9 else ("M", 1e6)
    scaled = number / unit
    return f"{scaled:.0f} {prefix}" if scaled >= 100 else f"{scaled:.3g} {prefix}"
