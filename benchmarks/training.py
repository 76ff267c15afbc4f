"""Learning steps on the processor, chips included, against a plain PyTorch loop."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.learning import landseg_steps, training_set
from benchmarks.plain_learning import plain_process, write_chips
from benchmarks.table import Line, Target, in_turns
from landseg_core.data.training_data import TrainingData
from landseg_core.runs.config import TrainConfig

STEPS = {"lite0": 5, "unet16": 5, "unet32": 3}
"""How many steps of each network a round takes."""
OF_PLAIN, LOADING = 1.9, 0.05


def lines(_raster: Path) -> Iterator[Line]:
    data = training_set()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_chips(data, TrainConfig().chip, folder)
        for architecture, steps in STEPS.items():
            yield from lines_of(TrainConfig(model=architecture, epochs=1, device="cpu"), data, folder, steps)


def lines_of(config: TrainConfig, data: TrainingData, folder: Path, steps: int) -> Iterator[Line]:
    """Yield speed and waiting of a network's steps; `folder` holds the plain loop's chips."""
    plain = config.model, len(data.schema), config.batch, folder
    with landseg_steps(config, data) as own, plain_process(*plain) as usual, plain_process(*plain, tuned=True) as tuned:
        images = steps * config.batch
        speeds, usual_speeds, tuned_speeds = in_turns(
            [lambda way=way: images / way.run(steps) for way in (own, usual, tuned)]
        )
        waits = own.waits[1:]
    where = f"{config.model}, steps of {config.batch} chips of {config.chip} px"
    for told, name, baseline in (
        (where, "plain loop, fp32, PNG chips", usual_speeds),
        (f"{config.model}, the same", "plain loop with landseg's settings of the allocator", tuned_speeds),
    ):
        target = Target(ratio=OF_PLAIN) if baseline is usual_speeds else None
        yield Line(told, speeds, name, baseline, unit="images/s", more=True, target=target)
    yield Line(
        f"{config.model}: waiting for chips",
        [100 * share for share in waits],
        unit="%",
        target=Target(value=100 * LOADING),
    )
