"""What has changed outside a project since then: image files that lie elsewhere, hold other pixels or are gone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from landseg_core.errors import LandsegError, ProjectError
from landseg_core.events import Notice, OnEvent
from landseg_core.geo.grid import RasterGrid
from landseg_core.project.images import ImageEntry, fingerprint
from landseg_core.project.storage.paths import is_there
from landseg_core.raster.files.content import RasterContent
from landseg_core.raster.source import RasterSource


class Remedy(StrEnum):
    """What can be done about a change; see `Project.keep_grid`, `Project.move_labels` and `Project.relink`."""

    KEEP_GRID = "keep-grid"
    MOVE_LABELS = "move-labels"
    RELINK = "relink"
    PREDICT = "predict"
    REMOVE = "remove"


class ChangeKind(StrEnum):
    """What has changed; an image of another size may leave labels outside."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    SIZE = "size"
    PLACE = "place"
    PIXELS = "pixels"
    OLD_MAP = "old map"


_WHERE = "by landseg project regrid or in File > Changed Files, or bring the former image back (landseg project relink)"

MISPLACES_LABELS = frozenset({ChangeKind.SIZE, ChangeKind.PLACE})
"""The changes after which nobody knows where the labels belong, until the user has decided."""


@dataclass(frozen=True)
class Change:
    """Something that is not as the project knows it.

    Attributes:
        kind: what has changed.
        image_id: the image that it is about.
        what: what has changed and where, without a full stop.
        advice: what to do, for readers of the command line.
        remedies: what can be done.
        grid: the grid that the image's file tells now, where it has changed.
        found: a file that holds the missing image.
        prediction_id: the map that is outdated.
    """

    kind: ChangeKind
    image_id: int
    what: str
    advice: str = ""
    remedies: tuple[Remedy, ...] = ()
    grid: RasterGrid | None = None
    found: Path | None = None
    prediction_id: int | None = None

    def __str__(self) -> str:
        """Return one sentence without a full stop."""
        return f"{self.what}; {self.advice}" if self.advice else self.what


def image_change(entry: ImageEntry, *, pixels: bool = True) -> Change | None:
    """Compare an image's file with what the project knows of it; without `pixels`, only its size and place.

    A file saved anew with the same pixels in the same place is no change.
    """
    if not is_there(entry.path):
        return _missing(entry)
    try:
        with RasterSource(entry.path) as source:
            return _grid_change(entry, source.grid) or (_pixel_change(entry, source) if pixels else None)
    except LandsegError as error:
        return Change(ChangeKind.UNREADABLE, entry.id, str(error), remedies=(Remedy.RELINK, Remedy.REMOVE))


def require_placed(entry: ImageEntry, on_event: OnEvent | None = None) -> None:
    """Check that the labels of an image belong where the project says; with `on_event`, other pixels are noted.

    An image that is missing or cannot be read is not judged.

    Raises:
        ProjectError: its file lies elsewhere by now, or has another size, and nobody has decided what that means.
    """
    change = image_change(entry, pixels=on_event is not None)
    if change is None:
        return
    if change.kind in MISPLACES_LABELS:
        raise ProjectError(str(change))
    if change.kind is ChangeKind.PIXELS and on_event is not None:
        on_event(Notice(str(change)))


def _missing(entry: ImageEntry) -> Change:
    return Change(
        ChangeKind.MISSING,
        entry.id,
        f"the image {entry.path} is missing",
        remedies=(Remedy.RELINK, Remedy.REMOVE),
    )


def _grid_change(entry: ImageEntry, now: RasterGrid) -> Change | None:
    known = entry.known_grid
    if known.is_same(now):
        return None
    if known.window != now.window:
        what = (
            f"the image {entry.path} is {now.width} x {now.height} px now, but its labels were made on"
            f" {known.width} x {known.height} px"
        )
        advice = f"move the labels to the new grid (--move-labels) {_WHERE}"
        return Change(ChangeKind.SIZE, entry.id, what, advice, (Remedy.MOVE_LABELS, Remedy.RELINK), now)
    advice = f"keep the old grid (--keep-grid) or move the labels with the image (--move-labels) {_WHERE}"
    remedies = (Remedy.KEEP_GRID, Remedy.MOVE_LABELS, Remedy.RELINK)
    return Change(ChangeKind.PLACE, entry.id, f"the image {entry.path} {_moved(known, now)}", advice, remedies, now)


def _moved(known: RasterGrid, now: RasterGrid) -> str:
    """Return in words how two grids of one size differ."""
    here, before = now.crs_name or "no CRS", known.crs_name or "no CRS"
    if here != before:
        return f"is in {here} now, but was in {before} when its labels were made"
    if known.crs != now.crs:
        return "is in another CRS than when its labels were made"
    return _shifted(known, now)


def _shifted(known: RasterGrid, now: RasterGrid) -> str:
    if not now.is_georeferenced:
        return "has lost its place on the ground since its labels were made"
    if not known.is_georeferenced:
        return "has been given a place on the ground since its labels were made"
    corners = [", ".join(f"{value:.10g}" for value in grid.to_crs(0, 0)) for grid in (now, known)]
    if corners[0] == corners[1]:
        return "has pixels of another size or direction than when its labels were made"
    return f"has its upper left corner at {corners[0]} now, but had it at {corners[1]} when its labels were made"


def _pixel_change(entry: ImageEntry, source: RasterSource) -> Change | None:
    if entry.content is None:
        if fingerprint(entry.path, source.grid) == entry.fingerprint:
            return None
        what = f"the image {entry.path} is not the file that was added to the project"
    else:
        content = RasterContent.of(source)
        if content == entry.content:
            return None
        what = _other_pixels(entry, entry.content, content)
    advice = f"if the labels still fit, say so (--keep-grid) {_WHERE}"
    return Change(ChangeKind.PIXELS, entry.id, what, advice, (Remedy.KEEP_GRID, Remedy.RELINK))


def _other_pixels(entry: ImageEntry, known: RasterContent, now: RasterContent) -> str:
    if known.kind != now.kind:
        return f"the image {entry.path} has {now.kind} now, but had {known.kind} when its labels were made"
    return f"the image {entry.path} holds other pixels than when its labels were made"
