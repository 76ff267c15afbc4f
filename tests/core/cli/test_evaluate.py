from __future__ import annotations

import numpy as np
import pytest

from landseg_core.cli.evaluate import print_figures
from landseg_core.labels.classes import ClassSchema
from landseg_core.metrics.blocks import BlockCounts
from landseg_core.metrics.evaluation import evaluate_blocks
from landseg_core.training.evaluation import Evaluation


def evaluation(schema: ClassSchema, counts: np.ndarray) -> Evaluation:
    return Evaluation(evaluate_blocks(BlockCounts(counts, np.zeros(len(counts), np.int64), ("a",), 256), schema))


def test_the_table_has_a_row_for_each_class_and_warnings_below(
    schema: ClassSchema, capsys: pytest.CaptureFixture[str]
) -> None:
    counts = np.tile(np.array([[600, 200, 0], [100, 700, 0], [40, 0, 0]]), (40, 1, 1))
    print_figures(evaluation(schema, counts))
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["class", "IoU", "95", "%", "F1", "producer's", "user's"]
    assert lines[1] == ["land", "0.638", "0.638-0.638", "0.779", "0.750", "0.811"]
    assert lines[3] == ["road", "0.000", "0.000-0.000", "0.000", "0.000", "-"]
    assert " ".join(lines[4]) == "accuracy 0.793 (0.793-0.793) mIoU 0.446 (0.446-0.446) over 65600 pixels"
    assert " ".join(lines[5]) == "warning: road: labelled, but never predicted; the overall accuracy hides this"


def test_figures_of_few_blocks_come_without_intervals(schema: ClassSchema, capsys: pytest.CaptureFixture[str]) -> None:
    print_figures(evaluation(schema, np.array([[[5, 0, 0], [1, 3, 0], [0, 0, 0]]])))
    out = capsys.readouterr().out
    assert "accuracy 0.889  mIoU 0.792  over 9 pixels" in out
    assert out.splitlines()[3].split() == ["road", "-", "-", "-", "-", "-"]
