from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.runs import evaluation_record

from landseg_core.errors import TrainingError
from landseg_core.runs.evaluation import read_evaluation


def test_metrics_are_read_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "evaluation.json"
    path.write_text(json.dumps(evaluation_record(miou_interval=None, something_new=1)))
    evaluation = read_evaluation(path)
    assert (evaluation.miou, evaluation.miou_interval, evaluation.accuracy_interval) == (0.765, None, (0.811, 0.922))
    assert [(item.name, item.iou) for item in evaluation.classes] == [("land", 0.8), ("water", 0.8)]
    assert evaluation.confusion == ((90, 10), (15, 85))


def test_no_file_is_no_evaluation(tmp_path: Path) -> None:
    assert read_evaluation(tmp_path / "evaluation.json") is None


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ({"miou": "much"}, "miou"),
        ({"accuracy": 1.5}, "accuracy"),
        ({"confusion": [[1]]}, "confusion matrix does not fit the 2 classes"),
        ({"classes": [{"name": "a", "colour": "red;background:url(x)"}]}, r"classes\.0\.colour"),
    ],
)
def test_damage_is_one_sentence(tmp_path: Path, damage: dict, reason: str) -> None:
    path = tmp_path / "evaluation.json"
    path.write_text(json.dumps(evaluation_record(**damage)))
    with pytest.raises(
        TrainingError, match=rf"evaluation\.json cannot be used \(.*{reason}.*\); delete it, or train"
    ) as error:
        read_evaluation(path)
    assert "\n" not in str(error.value)


def test_a_file_cut_short_and_a_folder(tmp_path: Path) -> None:
    (tmp_path / "evaluation.json").write_text('{"epoch": 1, "pi')
    (tmp_path / "folder").mkdir()
    for name in ("evaluation.json", "folder"):
        with pytest.raises(TrainingError, match="cannot be used"):
            read_evaluation(tmp_path / name)
