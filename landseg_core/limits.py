"""The limits beyond which work starts only if the user agrees, and the sentences about them."""

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
"""Of what is written, or read for training."""
WITH_OVERVIEWS = 4 / 3
"""How many px the file of a map holds for each px of the map."""
MOST_COMPUTED = 50
"""The most px that a network computes for a px of the image, which is resampled for it."""
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
        return N_("{objection}; give {option} to do it anyway", objection=self._objection, option=option)


@dataclass(frozen=True)
class WorkSize:
    """What a piece of work needs, as far as that is known before it starts.

    Attributes:
        subject: what it writes or reads, as the subject of a sentence.
        pixels: the px of what is written, or read.
        folder: where it is written.
        bytes: the most that it takes on disk.
        computed: the px that a network computes for each px of the image.
        seconds: how long it takes at the measured throughput; None where none was measured.
    """

    subject: str
    pixels: int = 0
    folder: Path | None = None
    bytes: int = 0
    computed: float = 0.0
    seconds: float | None = None

    def objections(self) -> Iterator[Text]:
        """Yield a sentence, without a full stop, for each limit that is exceeded."""
        if self.computed > MOST_COMPUTED:
            yield N_(
                "{subject}: {computed:.3g} px to compute for each px of the image, more than {most}",
                subject=self.subject,
                computed=self.computed,
                most=MOST_COMPUTED,
            )
        if self.pixels > MOST_PIXELS:
            yield N_(
                "{subject}: {pixels}px, more than {most}px",
                subject=self.subject,
                pixels=si_number(self.pixels),
                most=si_number(MOST_PIXELS),
            )
        free = free_bytes(self.folder) if self.folder is not None else None
        if free is not None and self.bytes > free:
            yield N_(
                "{subject}: up to {bytes}B to write, but {folder} has {free}B of free space",
                subject=self.subject,
                bytes=si_number(self.bytes),
                folder=self.folder,
                free=si_number(free),
            )
        if self.seconds is not None and self.seconds > MOST_SECONDS:
            yield N_(
                "{subject}: about {duration} of work, more than {hours} h",
                subject=self.subject,
                duration=duration(self.seconds),
                hours=MOST_SECONDS // 3600,
            )

    @property
    def objection(self) -> str:
        """Return the first of the `objections`; empty where there is none."""
        return next(self.objections(), "")

    @property
    def summary(self) -> str:
        """Return size and time for a question: `This is 25 Gpx of work (about 3 h 0 min)`."""
        pixels = si_number(self.pixels)
        if self.seconds is None:
            return N_("This is {pixels}px of work", pixels=pixels)
        return N_("This is {pixels}px of work (about {duration})", pixels=pixels, duration=duration(self.seconds))


def all_together(works: Sequence[WorkSize], subject: str) -> WorkSize:
    """Return the size of several pieces of work that are done one after the other into one folder."""
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
    """Refuse work beyond a limit unless the user has agreed to `large` work.

    Raises:
        LargeWorkError: it is.
    """
    if not large and (objection := work.objection):  # asked once: the free space may be another by now
        raise LargeWorkError(work, objection)


def is_far_off(resolutions: Iterable[float]) -> bool:
    """Return whether ground resolutions are more than `MOST_TIMES_OFF` apart, or one of them is no length at all."""
    values = tuple(resolutions)
    if not all(math.isfinite(value) and value > 0 for value in values):
        return True
    return max(values) > MOST_TIMES_OFF * min(values)


def free_bytes(folder: Path) -> int | None:
    """Return the free space where `folder` is or will be; None where that is unknown."""
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
