"""A plain PyTorch loop, as a tutorial would write it: the baseline for landseg's speed.

It is a process of its own, without any of landseg's settings: glibc's allocator alone makes a difference of a third.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

import numpy as np
import rasterio
from affine import Affine

from landseg_core.allocator import tune_allocator
from landseg_core.children import child_process
from landseg_core.errors import ModelError
from landseg_core.geo.window import PixelWindow
from landseg_core.messages import N_
from landseg_core.raster.files.gdal import open_dataset

if TYPE_CHECKING:
    import torch

    from landseg_core.models.bundle import ModelBundle

PLAIN_TILE, PLAIN_OVERLAP, PLAIN_BATCH = 512, 128, 4
"""How a tutorial tiles an image."""


class PlainLoop:
    """Predicts a window of a raster as a tutorial would: eager float32, tiles in batches, all scores in memory."""

    def __init__(self, bundle: ModelBundle, raster: Path, window: PixelWindow) -> None:
        self._model, self._normalisation = bundle.build(), bundle.header.normalisation
        self._bands, self._classes = list(bundle.header.bands), len(bundle.header.schema)
        self._raster, self._window = raster, window

    def run(self, out: Path) -> None:
        """Write the map to `out`."""
        import torch

        with torch.no_grad():
            classes = self._scores(self._pixels()).argmax(0).numpy().astype(np.uint8)
        height, width = classes.shape
        profile = {"driver": "GTiff", "width": width, "height": height, "count": 1, "dtype": "uint8"}
        transform = Affine(1, 0, 0, 0, -1, height)  # rasterio warns where there is none
        with rasterio.open(out, "w", transform=transform, **profile) as target:
            target.write(classes, 1)

    def _pixels(self) -> torch.Tensor:
        import torch

        rows, columns = self._window.slices()
        with open_dataset(self._raster) as source:
            image = source.read(self._bands, window=((rows.start, rows.stop), (columns.start, columns.stop)))
        mean, std = (torch.tensor(v).view(-1, 1, 1) for v in (self._normalisation.mean, self._normalisation.std))
        return (torch.from_numpy(image.astype(np.float32)) - mean) / std

    def _scores(self, pixels: torch.Tensor) -> torch.Tensor:
        import torch

        height, width = pixels.shape[1:]
        scores, count = torch.zeros(self._classes, height, width), torch.zeros(height, width)
        origins = [(y, x) for y in _origins(height) for x in _origins(width)]
        for start in range(0, len(origins), PLAIN_BATCH):
            batch = origins[start : start + PLAIN_BATCH]
            tiles = torch.stack([pixels[:, y : y + PLAIN_TILE, x : x + PLAIN_TILE] for y, x in batch])
            for (y, x), tile in zip(batch, self._model(tiles).softmax(1), strict=True):
                scores[:, y : y + PLAIN_TILE, x : x + PLAIN_TILE] += tile
                count[y : y + PLAIN_TILE, x : x + PLAIN_TILE] += 1
        return scores / count


def _origins(length: int) -> list[int]:
    last = max(0, length - PLAIN_TILE)
    return sorted({min(start, last) for start in range(0, length, PLAIN_TILE - PLAIN_OVERLAP)})


class PlainProcess:
    """A plain loop in another process, which waits for requests."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self) -> float:
        """Make the map, and return the seconds.

        Raises:
            ModelError: it could not be made, most likely because memory ran out.
        """
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
            return float(self._process.stdout.readline())
        except (OSError, ValueError):
            raise ModelError(
                N_("the plain loop ended, most likely because memory ran out; measure a smaller window")
            ) from None


@contextmanager
def plain_process(
    bundle: ModelBundle, raster: Path, window: PixelWindow, folder: Path, *, tuned: bool = False
) -> Iterator[PlainProcess]:
    """Return a plain loop over `window` of `raster`, which writes its map to `folder`.

    A `tuned` one has landseg's settings of the allocator, which no tutorial has.
    """
    model = folder / "plain.safetensors"
    bundle.save(model)
    numbers = [str(number) for number in (window.x, window.y, window.width, window.height)]
    out = str(folder / "plain.tif")
    command = [sys.executable, "-m", __name__, str(model), str(raster), *numbers, out, str(int(tuned))]
    with child_process(command) as process:
        yield PlainProcess(process)


def main() -> None:
    """Make the map again for each line of the standard input, and print the seconds."""
    model, raster, *numbers, out, tuned = sys.argv[1:]
    if int(tuned):
        tune_allocator()  # before torch is imported
    from landseg_core.models.bundle import ModelBundle

    loop = PlainLoop(ModelBundle.load(Path(model)), Path(raster), PixelWindow(*map(int, numbers)))
    wishes: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_listen, args=(wishes,), daemon=True).start()
    while wishes.get():
        start = time.perf_counter()
        loop.run(Path(out))
        sys.stdout.write(f"{time.perf_counter() - start}\n")
        sys.stdout.flush()


def _listen(wishes: SimpleQueue[str]) -> None:
    """Pass on the lines of the standard input; when the parent is gone, end this process, even within a map."""
    for line in sys.stdin:
        wishes.put(line)
    os._exit(0)


if __name__ == "__main__":
    main()
