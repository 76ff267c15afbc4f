"""A simulated user, who strokes and clicks on what the true mask says: the same mask and seed give the same acts.

Strokes are as a person draws them: 5 px wide, 30 to 120 px long, inside one class. Clicks go to the middle of a region.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.scribbles import UNLABELLED, Mask, Pen, Points, Room, depth, rooms, stroke_pixels

PEN = Pen(width=5, lengths=(30, 120), clearance=3.5)
TRIES = 10
"""Strokes that are thought of until one is as long as the pen's shortest; else the longest of them is drawn."""
BRUSH_WIDTHS, BRUSH_LENGTHS = (7, 41), (100, 300)
"""Px of the brush that fills regions, and of its strokes."""
STROKE_S, CLICK_S, LOOK_S = 4.0, 1.5, 2.0
"""Seconds of a person for each stroke and click, and for each look at a new map."""


@dataclass(frozen=True)
class Effort:
    """What a person has done."""

    strokes: int = 0
    clicks: int = 0
    looks: int = 0

    def __add__(self, other: Effort) -> Effort:
        return Effort(self.strokes + other.strokes, self.clicks + other.clicks, self.looks + other.looks)

    @property
    def seconds(self) -> float:
        """Return how long a person takes for it."""
        return STROKE_S * self.strokes + CLICK_S * self.clicks + LOOK_S * self.looks


@dataclass(frozen=True)
class Stroke:
    """The rows and columns, (N,) each, that a stroke gives its class value to."""

    value: int
    rows: npt.NDArray[np.intp]
    columns: npt.NDArray[np.intp]


@dataclass(frozen=True)
class Click:
    """One pixel that the user clicks on with a class chosen."""

    value: int
    row: int
    column: int


@dataclass(frozen=True)
class Region:
    """Connected pixels of one true class: where its bounding box lies, and (h, w) True inside the box."""

    value: int
    row: int
    column: int
    inside: npt.NDArray[np.bool_]
    area: int

    def middle(self) -> Click:
        """Return a click where it is farthest to the border."""
        depths = depth(self.inside)
        row, column = divmod(int(depths.argmax()), depths.shape[1])
        return Click(self.value, self.row + row, self.column + column)

    def stroke(self, mask: Mask, rng: np.random.Generator, pen: Pen = PEN) -> Stroke | None:
        """Return a stroke inside; None where it is too narrow for the pen."""
        if (room := Room.of(self.inside, self.value, pen)) is None:
            return None
        points = _walk(room, rng) + np.array([self.column, self.row], np.int32)
        return _stroke(mask, room, points)


def labels_of(strokes: Iterable[Stroke], shape: tuple[int, ...]) -> Mask:
    """Return an (H, W) mask of the strokes: class values, UNLABELLED elsewhere."""
    drawn = np.full(shape, UNLABELLED, np.uint8)
    for stroke in strokes:
        drawn[stroke.rows, stroke.columns] = stroke.value
    return drawn


def strokes(mask: Mask, count: int, rng: np.random.Generator) -> list[Stroke]:
    """Return strokes on an image whose true (H, W) mask this is; none where every class is too narrow for the pen.

    Every class gets one before any gets a second; then the class goes first that has the most ground for each label.
    """
    return list(islice(_drawing(mask, rng), count))


def strokes_on_images(masks: Sequence[Mask], count: int, rng: np.random.Generator) -> list[list[Stroke]]:
    """Return strokes for each of several images, `count` in all: one image after another, in an order by chance."""
    found: list[list[Stroke]] = [[] for _ in masks]
    waiting = [(number, _drawing(masks[number], rng)) for number in rng.permutation(len(masks)).tolist()]
    while count and waiting:
        number, drawing = waiting.pop(0)
        if (stroke := next(drawing, None)) is not None:
            found[number].append(stroke)
            waiting.append((number, drawing))
            count -= 1
    return found


def strokes_at_errors(mask: Mask, predicted: Mask, count: int, rng: np.random.Generator) -> list[Stroke]:
    """Return strokes of the true class in the largest regions where (H, W) `predicted` is wrong, one in each.

    There are fewer where fewer regions are wide enough for the pen.
    """
    return strokes_at_errors_on_images([mask], [predicted], count, rng)[0]


def strokes_at_errors_on_images(
    masks: Sequence[Mask], predicted: Sequence[Mask], count: int, rng: np.random.Generator
) -> list[list[Stroke]]:
    """Return such strokes for each of several images, in the regions that are largest over all of them."""
    wrong = [
        (number, region)
        for number, (mask, guess) in enumerate(zip(masks, predicted, strict=True))
        for region in wrong_regions(mask, guess)
    ]
    wrong.sort(key=lambda found: -found[1].area)
    drawn = ((number, region.stroke(masks[number], rng)) for number, region in wrong)
    found: list[list[Stroke]] = [[] for _ in masks]
    for number, stroke in islice(((number, stroke) for number, stroke in drawn if stroke), count):
        found[number].append(stroke)
    return found


def paint_regions(masks: Sequence[Mask], count: int, rng: np.random.Generator) -> list[list[Stroke]]:
    """Return strokes of a brush that suits the largest region that is not yet painted, and then of the next."""
    found: list[list[Stroke]] = [[] for _ in masks]
    painted = [labels_of([], mask.shape) for mask in masks]
    waiting = [_paintable(mask, drawn) for mask, drawn in zip(masks, painted, strict=True)]
    while count and any(waiting):
        number = max(range(len(masks)), key=lambda number: waiting[number][0].area if waiting[number] else 0)
        stroke = _fill(waiting[number][0], masks[number], rng)
        painted[number][stroke.rows, stroke.columns] = stroke.value
        waiting[number] = _paintable(masks[number], painted[number])
        found[number].append(stroke)
        count -= 1
    return found


def first_clicks(mask: Mask, rng: np.random.Generator) -> list[Click]:
    """Return one click for each class of the mask, in the middle of one of its regions: large ones are likelier."""
    return [_first_click(mask, value, rng) for value in rng.permutation(_values(mask)).tolist()]


def click_at_error(mask: Mask, predicted: Mask) -> Click | None:
    """Return a click in the middle of the largest wrong region; None where all is right.

    Where labels stay wrong on purpose, give a mask that is UNLABELLED there: else the same click comes again.
    """
    largest = next(iter(wrong_regions(mask, predicted)), None)
    return None if largest is None else largest.middle()


def wrong_regions(mask: Mask, predicted: Mask) -> list[Region]:
    """Return the connected (by sides) regions of one true class that `predicted` has wrong, the largest first."""
    wrong = predicted != mask
    found = [region for value in _values(mask) for region in _regions((mask == value) & wrong, value)]
    return sorted(found, key=lambda region: -region.area)


def _values(mask: Mask) -> list[int]:
    return sorted(set(np.unique(mask).tolist()) - {UNLABELLED})


def _regions(inside: npt.NDArray[np.bool_], value: int) -> Iterator[Region]:
    count, numbers, boxes, _ = cv2.connectedComponentsWithStats(inside.astype(np.uint8), connectivity=4)
    for number in range(1, count):
        column, row, width, height, area = boxes[number].tolist()
        box = numbers[row : row + height, column : column + width]
        yield Region(value, row, column, box == number, area)


def _first_click(mask: Mask, value: int, rng: np.random.Generator) -> Click:
    found = list(_regions(mask == value, value))
    areas = np.array([region.area for region in found])
    return found[rng.choice(len(found), p=areas / areas.sum())].middle()


def _paintable(mask: Mask, painted: Mask) -> list[Region]:
    """Return the largest unpainted region that the narrowest brush fits into, or nothing."""
    fits = (region for region in wrong_regions(mask, painted) if depth(region.inside).max() > BRUSH_WIDTHS[0] / 2 + 1)
    return list(islice(fits, 1))


def _fill(region: Region, mask: Mask, rng: np.random.Generator) -> Stroke:
    """Return a stroke of a brush that is half as wide as the region where that is widest."""
    width = int(np.clip(depth(region.inside).max(), *BRUSH_WIDTHS))
    stroke = region.stroke(mask, rng, Pen(width, BRUSH_LENGTHS, clearance=width / 2 + 1))
    assert stroke is not None  # the depth is that of the same region
    return stroke


def _drawing(mask: Mask, rng: np.random.Generator) -> Iterator[Stroke]:
    """Yield stroke after stroke on one image, without an end unless no class is wide enough."""
    choices, drawn = rooms(mask, PEN), np.full_like(mask, UNLABELLED)
    waiting = [choices[number] for number in rng.permutation(len(choices))]
    while choices:
        room = waiting.pop() if waiting else max(choices, key=lambda room: room.area_per_label(drawn))
        stroke = _stroke(mask, room, _walk(room, rng))
        drawn[stroke.rows, stroke.columns] = stroke.value
        yield stroke


def _walk(room: Room, rng: np.random.Generator) -> Points:
    """Return the first of some walks in a room that is long enough, or the longest of them."""
    walks: list[Points] = []
    while len(walks) < TRIES:
        walks.append(room.stroke(np.inf, rng))
        if _length(walks[-1]) >= room.pen.lengths[0]:
            break
    return max(walks, key=_length)


def _length(points: Points) -> float:
    return float(np.hypot(*np.diff(points, axis=0).T).sum())


def _stroke(mask: Mask, room: Room, points: Points) -> Stroke:
    return Stroke(room.value, *np.nonzero(stroke_pixels(mask, room, points)))
