"""A small data set for benchmarks."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Return a data set of pictures of 96 px: tile4_a and tile5_a to train on, tile1_a to validate on."""
    folder = tmp_path / "data"
    rng = np.random.default_rng(0)
    for stem in ("tile4_a", "tile5_a", "tile1_a"):
        truth = rng.integers(0, 5, (6, 6)).repeat(16, 0).repeat(16, 1).astype(np.uint8)
        for kind, pixels in (("images", 50 * truth[..., None] + np.zeros(3)), ("masks", truth)):
            (folder / kind).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / kind / f"{stem}.png"), pixels.astype(np.uint8))
    (folder / "train.txt").write_text("tile4_a\ntile5_a\n")
    (folder / "val.txt").write_text("tile1_a\n")
    return folder
