"""Turns full masks into scribbles such as a person draws: `python -m benchmarks.scribbles MASKS LIST OUT`.

Of each listed mask, strokes 3 px wide are kept, each within one region of one class, until a share of its pixels is
labelled; the rest is 255. Regions get labels in proportion to their area, but every class that is wide enough for one
gets a first stroke before any gets a second. The same masks, share and seed give the same scribbles.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from landseg_core.data.lists import read_list
from landseg_core.raster.source import RasterSource

UNLABELLED = 255
STEP = 2.0
"""Px from one point of a stroke to the next."""
TURN = 0.25
"""Standard deviation of the change of direction at each point, in radians."""
TRIES = 40
"""Strokes without a new pixel in a row, after which a mask gets no more."""

Mask = npt.NDArray[np.uint8]
Points = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Pen:
    """What strokes are drawn with, in px."""

    width: int
    lengths: tuple[int, int]
    """Shortest and longest that a stroke is meant to be: it ends early where it would leave its region."""
    clearance: float
    """Between the middle of a stroke and another class, at least: people stay off edges."""


SCRIBBLE = Pen(width=3, lengths=(20, 120), clearance=2.5)


@dataclass(frozen=True)
class Room:
    """Where strokes of a class may lie: (N, 2) rows and columns, and (H, W) True there."""

    value: int
    places: npt.NDArray[np.intp]
    inside: npt.NDArray[np.bool_]
    pen: Pen = SCRIBBLE

    @classmethod
    def of(cls, region: npt.NDArray[np.bool_], value: int, pen: Pen = SCRIBBLE) -> Room | None:
        """Return the room of a (H, W) region; None where it is too narrow for the pen."""
        inside = depth(region) >= pen.clearance
        return cls(value, np.argwhere(inside), inside, pen) if inside.any() else None

    def stroke(self, longest: float, rng: np.random.Generator) -> Points:
        """Return the (M, 2) columns and rows of a smooth random walk of at most `longest` px from a random place."""
        row, column = self.places[rng.integers(len(self.places))]
        angle, length = rng.uniform(0, 2 * np.pi), min(longest, rng.uniform(*self.pen.lengths))
        halves = [list(self._walk(row, column, angle + half, length / 2, rng)) for half in (0, np.pi)]
        return np.array([*reversed(halves[0]), (column, row), *halves[1]]).round().astype(np.int32)

    def area_per_label(self, drawn: Mask) -> float:
        """Return the room in px for each labelled px of the class in (H, W) `drawn`: large where it got too few."""
        return len(self.places) / (1 + np.count_nonzero(drawn == self.value))

    def _walk(
        self, row: float, column: float, angle: float, length: float, rng: np.random.Generator
    ) -> Iterator[tuple[float, float]]:
        """Yield columns and rows until the walk is `length` px long or would leave the room."""
        height, width = self.inside.shape
        for _ in range(int(length / STEP)):
            angle += rng.normal(0, TURN)
            row, column = row + STEP * np.sin(angle), column + STEP * np.cos(angle)
            y, x = round(row), round(column)
            if not (0 <= y < height and 0 <= x < width and self.inside[y, x]):
                return
            yield column, row


def depth(region: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Return how many px each pixel of a (H, W) region is from what is outside it; the image's edge is outside."""
    # A frame of another class: strokes stay whole at the edges of the image as well.
    framed = cv2.copyMakeBorder(region.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    distance: npt.NDArray[np.float32] = cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return distance[1:-1, 1:-1]


def rooms(mask: Mask, pen: Pen = SCRIBBLE) -> list[Room]:
    """Return the room of each class of a (H, W) mask that is somewhere wide enough for a stroke."""
    values = sorted(set(np.unique(mask).tolist()) - {UNLABELLED})
    found = (Room.of(mask == value, value, pen) for value in values)
    return [room for room in found if room is not None]


def scribbles(mask: Mask, share: float, rng: np.random.Generator) -> Mask:
    """Return a (H, W) mask that holds `share` of the pixels of `mask` in strokes, or as many as there is room for."""
    drawn = np.full_like(mask, UNLABELLED)
    choices, wanted = rooms(mask), share * mask.size
    waiting = [choices[number] for number in rng.permutation(len(choices))]
    idle = 0
    while choices and idle < TRIES:
        left = wanted - (before := _labelled(drawn))
        if left < SCRIBBLE.width**2 / 2:  # a dot more would be further from what is wanted
            break
        longest = left / SCRIBBLE.width / max(1, len(waiting))
        room = waiting.pop() if waiting else max(choices, key=lambda room: room.area_per_label(drawn))
        drawn[stroke_pixels(mask, room, room.stroke(longest, rng))] = room.value
        idle = idle + 1 if _labelled(drawn) == before else 0
    return drawn


def _labelled(mask: Mask) -> int:
    return int(np.count_nonzero(mask != UNLABELLED))


def stroke_pixels(mask: Mask, room: Room, points: Points) -> npt.NDArray[np.bool_]:
    """Return (H, W) True where a stroke through (M, 2) columns and rows labels pixels: nowhere in another class."""
    canvas = np.zeros_like(mask)
    cv2.polylines(canvas, [points], isClosed=False, color=1)
    canvas = cv2.dilate(canvas, np.ones((room.pen.width, room.pen.width), np.uint8))
    return (canvas == 1) & (mask == room.value)


def write_scribbles(masks: Path, listed: Path, out: Path, share: float, seed: int) -> None:
    """Write the scribbles of each listed mask as `OUT/STEM.png`; one line tells what each holds."""
    out.mkdir(parents=True, exist_ok=True)
    files = {path.stem: path for path in sorted(masks.iterdir())}
    for stem in read_list(listed):
        with RasterSource(files[stem]) as source:
            mask = source.read(source.grid.window)[0]
        # Of each stem its own numbers: a mask's scribbles do not depend on which others are listed.
        rng = np.random.default_rng([seed, *stem.encode()])
        drawn = scribbles(mask, share, rng)
        cv2.imwrite(str(out / f"{stem}.png"), drawn)
        told = f"{stem}: {_labelled(drawn) / mask.size:.2%} labelled, classes {np.unique(drawn)[:-1].tolist()}"
        print(told, file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scribbles", description=__doc__)
    parser.add_argument("masks", type=Path, metavar="MASKS", help="folder of full masks, one band of class values")
    parser.add_argument("listed", type=Path, metavar="LIST", help="file of stems, one per line")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for the scribbles")
    parser.add_argument("--share", type=float, default=0.01, help="of the pixels of each image")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    write_scribbles(asked.masks, asked.listed, asked.out, asked.share, asked.seed)


if __name__ == "__main__":
    main()
