from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from landseg_core.errors import OutputError
from landseg_core.labels.classes import ClassSchema
from landseg_core.metrics.blocks import BlockCounts
from landseg_core.metrics.evaluation import evaluate_blocks
from landseg_core.tasks.evaluate import write_evaluation
from landseg_core.training.evaluation import Evaluation


def test_a_full_disk_is_told(schema: ClassSchema, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    counts = BlockCounts(np.ones((40, 3, 3), int), np.zeros(40, np.int64), ("a",), 256)
    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(OutputError, match=r"f\.json cannot be written: No space left on device; free some space"):
        write_evaluation(
            tmp_path / "f.json", tmp_path / "f.json.unfinished-1", Evaluation(evaluate_blocks(counts, schema))
        )
