"""Models to measure with: trained for a short while, and kept for the next time."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from benchmarks.targets import Data, run_landseg
from landseg_core.models.bundle import ModelBundle
from landseg_core.sample import write_sample

KEPT = Path(".bench")
MINUTES = 2


def data_set() -> Data:
    """Return the real data set, or a generated one where there is none."""
    shared = os.environ.get("LANDSEG_DATA")
    if shared:
        return Data.in_full(Path(shared) / "landcover_dubai")
    folder = KEPT / "sample"
    if not folder.exists():
        write_sample(folder)
    return Data.in_full(folder)


def trained(architecture: str) -> ModelBundle:
    """Return a model of this network; where none is kept, train it now."""
    run = KEPT / architecture
    if not (run / "model.safetensors").exists():
        print(f"training {architecture} for {MINUTES} minutes", file=sys.stderr, flush=True)
        KEPT.mkdir(exist_ok=True)
        run_landseg(data_set().train_command(run, "--model", architecture, "--minutes", str(MINUTES), "--overwrite"))
    return ModelBundle.load(run)
