"""What has changed outside a project: image files with another georeference, other pixels, or gone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from landseg_core.errors import LandsegError, ProjectError
from landseg_core.events import Notice, OnEvent
from landseg_core.geo.grid import RasterGrid
from landseg_core.messages import N_, Text
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
    GEOREFERENCE = "georeference"
    PIXELS = "pixels"
    OLD_MAP = "old map"


MISPLACES_LABELS = frozenset({ChangeKind.SIZE, ChangeKind.GEOREFERENCE})
"""The changes after which it is unclear where the labels belong, until the user has decided."""


@dataclass(frozen=True)
class Change:
    """Something that differs from what the project has recorded.

    Attributes:
        kind: what has changed.
        image_id: the image that it is about.
        what: what has changed and where, without a full stop.
        advice: what to do, for users of the command line.
        remedies: what can be done.
        grid: the grid that the image's file has now, where it has changed.
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
        return N_("{change}; {advice}", change=self.what, advice=self.advice) if self.advice else self.what


def image_change(entry: ImageEntry, *, pixels: bool = True) -> Change | None:
    """Compare an image's file with what the project knows of it; without `pixels`, only its grid.

    A file saved again with the same pixels and the same grid is not a change.
    """
    if not is_there(entry.path):
        return _missing(entry)
    try:
        with RasterSource(entry.path) as source:
            return _grid_change(entry, source.grid) or (_pixel_change(entry, source) if pixels else None)
    except LandsegError as error:
        return Change(ChangeKind.UNREADABLE, entry.id, str(error), remedies=(Remedy.RELINK, Remedy.REMOVE))


def require_unmoved(entry: ImageEntry, on_event: OnEvent | None = None) -> None:
    """Check that the file of an image still has the grid of its labels; with `on_event`, changed pixels are reported.

    An image that is missing or cannot be read is accepted.

    Raises:
        ProjectError: its file has another georeference or size by now, and the user has not decided what to do.
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
        N_("the image {path} is missing", path=entry.path),
        remedies=(Remedy.RELINK, Remedy.REMOVE),
    )


def _grid_change(entry: ImageEntry, now: RasterGrid) -> Change | None:
    known = entry.known_grid
    if known.is_same(now):
        return None
    if known.window != now.window:
        what = N_(
            "the image {path} is {width} x {height} px now, but its labels were made on {former_width} x "
            "{former_height} px",
            path=entry.path,
            width=now.width,
            height=now.height,
            former_width=known.width,
            former_height=known.height,
        )
        advice = N_(
            "move the labels to the new grid (File > Changed Files, or landseg project regrid --move-labels), or "
            "restore the former image (landseg project relink)"
        )
        return Change(ChangeKind.SIZE, entry.id, what, advice, (Remedy.MOVE_LABELS, Remedy.RELINK), now)
    advice = N_(
        "keep the old grid or move the labels with the image (File > Changed Files, or landseg project regrid with "
        "--keep-grid or --move-labels), or restore the former image (landseg project relink)"
    )
    remedies = (Remedy.KEEP_GRID, Remedy.MOVE_LABELS, Remedy.RELINK)
    return Change(ChangeKind.GEOREFERENCE, entry.id, _moved(entry.path, known, now), advice, remedies, now)


def _moved(path: Path, known: RasterGrid, now: RasterGrid) -> Text:
    """Return how two grids of one size differ."""
    no_crs = N_("no CRS")
    crs, former_crs = now.crs_name or no_crs, known.crs_name or no_crs
    if crs != former_crs:
        return N_(
            "the image {path} is in {crs} now, but was in {former_crs} when its labels were made",
            path=path,
            crs=crs,
            former_crs=former_crs,
        )
    if known.crs != now.crs:
        return N_("the image {path} is in another CRS than when its labels were made", path=path)
    return _shifted(path, known, now)


def _shifted(path: Path, known: RasterGrid, now: RasterGrid) -> Text:
    if not now.is_georeferenced:
        return N_("the image {path} is no longer georeferenced, as it was when its labels were made", path=path)
    if not known.is_georeferenced:
        return N_("the image {path} is georeferenced now, but was not when its labels were made", path=path)
    corner, former_corner = (", ".join(f"{value:.10g}" for value in grid.to_crs(0, 0)) for grid in (now, known))
    if corner == former_corner:
        return N_(
            "the image {path} has pixels of another size or orientation than when its labels were made", path=path
        )
    return N_(
        "the image {path} has its upper left corner at {corner} now, but had it at {former_corner} when its labels "
        "were made",
        path=path,
        corner=corner,
        former_corner=former_corner,
    )


def _pixel_change(entry: ImageEntry, source: RasterSource) -> Change | None:
    if entry.content is None:
        if fingerprint(entry.path, source.grid) == entry.fingerprint:
            return None
        what = N_("the image {path} is not the file that was added to the project", path=entry.path)
    else:
        content = RasterContent.of(source)
        if content == entry.content:
            return None
        what = _other_pixels(entry, entry.content, content)
    advice = N_(
        "confirm that the labels still fit (File > Changed Files, or landseg project regrid --keep-grid), or restore "
        "the former image (landseg project relink)"
    )
    return Change(ChangeKind.PIXELS, entry.id, what, advice, (Remedy.KEEP_GRID, Remedy.RELINK))


def _other_pixels(entry: ImageEntry, known: RasterContent, now: RasterContent) -> Text:
    if known.kind != now.kind:
        return N_(
            "the image {path} has {kind} now, but had {former_kind} when its labels were made",
            path=entry.path,
            kind=now.kind,
            former_kind=known.kind,
        )
    return N_("the image {path} holds other pixels than when its labels were made", path=entry.path)
