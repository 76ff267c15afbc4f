"""The training loop of a tutorial: PNG chips read with OpenCV between the steps, float32, NCHW, Adam, cross-entropy.

As a process of its own it has the allocator as it comes, where landseg has told its own to keep freed memory.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn

from landseg_core.allocator import tune_allocator
from landseg_core.data.chips import ChipSampler
from landseg_core.data.training_data import TrainingData
from landseg_core.labels.classes import UNLABELLED
from landseg_core.models.catalog import build_model

CHIPS = 64
"""PNG chips that are read again and again."""


def write_chips(data: TrainingData, side: int, folder: Path) -> None:
    """Write chips and their masks as PNG, neither turned nor rescaled."""
    folder.mkdir(parents=True, exist_ok=True)
    sampler, reader = ChipSampler(data.train, side), data.reader()
    for number in range(CHIPS):
        pixels, labels = sampler.chip(reader, 1, number)
        cv2.imwrite(str(folder / f"{number}.png"), np.moveaxis(pixels[:3], 0, 2)[..., ::-1])
        cv2.imwrite(str(folder / f"{number}_mask.png"), labels)


class PlainSteps:
    def __init__(self, architecture: str, classes: int, batch: int, folder: Path, device: torch.device) -> None:
        self._folder, self._batch, self._device = folder, batch, device
        self._model = build_model(architecture, 3, classes).train().to(device)
        self._optimiser = torch.optim.Adam(self._model.parameters(), lr=1e-3)
        self._loss = nn.CrossEntropyLoss(ignore_index=UNLABELLED)
        self._numbers = itertools.cycle(range(CHIPS))

    def run(self, steps: int) -> float:
        """Take some steps, and return the seconds."""
        start = time.perf_counter()
        for _ in range(steps):
            inputs, truth = self._read()
            self._optimiser.zero_grad()
            loss = self._loss(self._model(inputs), truth)
            loss.backward()
            self._optimiser.step()
        loss.item()  # on a graphics card, wait for the last step
        return time.perf_counter() - start

    def _read(self) -> tuple[torch.Tensor, torch.Tensor]:
        chosen = [next(self._numbers) for _ in range(self._batch)]
        images = [cv2.imread(str(self._folder / f"{number}.png"))[..., ::-1] for number in chosen]
        masks = [cv2.imread(str(self._folder / f"{number}_mask.png"), cv2.IMREAD_GRAYSCALE) for number in chosen]
        inputs = torch.from_numpy(np.stack(images).transpose(0, 3, 1, 2).astype(np.float32) / 255)
        return inputs.to(self._device), torch.from_numpy(np.stack(masks).astype(np.int64)).to(self._device)


class PlainProcess:
    """A plain loop in another process, which takes steps when it is asked to and does nothing in between."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, steps: int) -> float:
        """Have some steps taken, and return the seconds."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{steps}\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())


@contextmanager
def plain_process(
    architecture: str, classes: int, batch: int, folder: Path, *, tuned: bool = False
) -> Iterator[PlainProcess]:
    """Give a plain loop on the processor; `tuned` with landseg's settings of the allocator."""
    command = [sys.executable, "-m", "benchmarks.plain_learning", architecture, str(classes), str(batch), str(folder)]
    with subprocess.Popen(
        [*command, str(int(tuned))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield PlainProcess(process)  # leaving the block closes its input, which ends it


def main() -> None:
    architecture, classes, batch, folder, tuned = sys.argv[1:]
    if int(tuned):
        tune_allocator()
    plain = PlainSteps(architecture, int(classes), int(batch), Path(folder), torch.device("cpu"))
    for line in sys.stdin:
        print(plain.run(int(line)), flush=True)


if __name__ == "__main__":
    main()
