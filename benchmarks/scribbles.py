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
WIDTH = 3
STEP = 2.0
"""Px from one point of a stroke to the next."""
TURN = 0.25
"""Standard deviation of the change of direction at each point, in radians."""
LENGTHS = (20, 120)
"""Px that a stroke is meant to be long: it ends early where it would leave its region."""
WIDE_ENOUGH = 2.5
"""Px between the middle of a stroke and another class, at least: people keep off edges."""
TRIES = 40
"""Strokes without a new pixel in a row, after which a mask gets no more."""

Mask = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Room:
    """Where strokes of a class may lie: (N, 2) rows and columns, and (H, W) True there."""

    value: int
    places: npt.NDArray[np.intp]
    inside: npt.NDArray[np.bool_]

    def stroke(self, longest: float, rng: np.random.Generator) -> npt.NDArray[np.int32]:
        """Return the (M, 2) columns and rows of a smooth random walk of at most `longest` px from a random place."""
        row, column = self.places[rng.integers(len(self.places))]
        angle, length = rng.uniform(0, 2 * np.pi), min(longest, rng.uniform(*LENGTHS))
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


def rooms(mask: Mask) -> list[Room]:
    """Return the room of each class of a (H, W) mask that is somewhere wide enough for a stroke."""
    found = []
    for value in sorted(set(np.unique(mask).tolist()) - {UNLABELLED}):
        # A frame of another class: strokes stay whole at the edges of the image as well.
        framed = cv2.copyMakeBorder((mask == value).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
        inside = cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1] >= WIDE_ENOUGH
        if inside.any():
            found.append(Room(value, np.argwhere(inside), inside))
    return found


def scribbles(mask: Mask, share: float, rng: np.random.Generator) -> Mask:
    """Return a (H, W) mask that holds `share` of the pixels of `mask` in strokes, or as many as there is room for."""
    drawn = np.full_like(mask, UNLABELLED)
    choices, wanted = rooms(mask), share * mask.size
    waiting = [choices[number] for number in rng.permutation(len(choices))]
    idle = 0
    while choices and idle < TRIES:
        left = wanted - (before := _labelled(drawn))
        if left < WIDTH**2 / 2:  # a dot more would be further from what is wanted
            break
        longest = left / WIDTH / max(1, len(waiting))
        room = waiting.pop() if waiting else max(choices, key=lambda room: room.area_per_label(drawn))
        _draw(drawn, mask, room, room.stroke(longest, rng))
        idle = idle + 1 if _labelled(drawn) == before else 0
    return drawn


def _labelled(mask: Mask) -> int:
    return int(np.count_nonzero(mask != UNLABELLED))


def _draw(drawn: Mask, mask: Mask, room: Room, stroke: npt.NDArray[np.int32]) -> None:
    canvas = np.zeros_like(drawn)
    cv2.polylines(canvas, [stroke], isClosed=False, color=1)
    canvas = cv2.dilate(canvas, np.ones((WIDTH, WIDTH), np.uint8))
    drawn[(canvas == 1) & (mask == room.value)] = room.value


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
