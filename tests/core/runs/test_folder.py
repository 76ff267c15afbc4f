from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from landseg_core.errors import OutputError
from landseg_core.events import EpochFinished, Event, Notice, Progress, StepFinished
from landseg_core.runs.folder import MetricsLog, RunFolder, cut_log


def step(number: int) -> StepFinished:
    return StepFinished(1, number, 0.5, 0.01, 0.1, 1.0, None)


def test_the_log_is_readable_after_every_event(tmp_path: Path) -> None:
    path, passed_on = tmp_path / "metrics.jsonl", list[Event]()
    with MetricsLog(path, passed_on.append) as log:
        for number in range(3):
            log(step(number))
            log(Progress("validation", 1, 2, 3.0))
            assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == list(range(number + 1))
    assert len(passed_on) == 6


def test_the_log_holds_no_number_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    with MetricsLog(path, lambda _: None) as log:
        log(EpochFinished(1, 2, math.nan, math.inf, 0.5, 0.4, {"land": None, "sea": math.nan}, 0.1, 1.0, True))  # noqa: FBT003
    event = json.loads(path.read_text(), parse_constant=pytest.fail)
    assert (event["train_loss"], event["val_loss"], event["iou"]) == (None, None, {"land": None, "sea": None})


def test_a_log_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"metrics\.jsonl cannot be written"):
        MetricsLog(tmp_path / "none" / "metrics.jsonl", lambda _: None)


def test_a_log_on_a_full_disk() -> None:
    full = r"/dev/full cannot be written: No space left on device"
    with pytest.raises(OutputError, match=full), MetricsLog(Path("/dev/full"), lambda _: None) as log:
        log(step(1))


def test_a_log_is_cut_after_the_step_of_the_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    with MetricsLog(path, lambda _: None) as log:
        log(Notice("hello"))
        for number in range(1, 6):
            log(step(number))
    whole = path.read_text().splitlines(keepends=True)
    senseless = '{"event": "step", "step": "2"}\n{"event": "epoch", "step": 2, "epoch": null}\n'
    path.write_text("".join(whole) + senseless + '{"event": "step", "st')
    cut_log(path, 3, 2)
    assert path.read_text() == "".join(whole[:4])
    cut_log(tmp_path / "none.jsonl", 3, 2)
    assert not (tmp_path / "none.jsonl").exists()


def test_a_folder_that_was_there_stays_when_the_run_comes_to_nothing(tmp_path: Path) -> None:
    there, made = RunFolder(tmp_path / "there"), RunFolder(tmp_path / "made" / "deep")
    there.path.mkdir()
    for folder in (there, made):
        folder.start()
        folder.write_config({"a": 1})
        folder.discard_if_useless()
    assert not list(there.path.iterdir())
    assert not made.path.exists()


def test_the_evaluation_is_removed_with_its_run(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.start()
    folder.write_evaluation({"miou": 0.5})
    folder.write_evaluation({"miou": 0.6})
    assert json.loads((tmp_path / "run" / "evaluation.json").read_text()) == {"miou": 0.6}
    assert [path.name for path in folder.path.iterdir()] == ["evaluation.json"]
    folder.start()
    assert not list(folder.path.iterdir())


def test_a_run_with_a_checkpoint_stays(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.start()
    folder.write_config({"a": 1})
    folder.checkpoint.write_bytes(b"")
    folder.discard_if_useless()
    assert json.loads(folder.config.read_text()) == {"a": 1}


def validated(epoch: int, step: int) -> EpochFinished:
    return EpochFinished(epoch, step, 0.5, 0.5, 0.5, 0.4, {"land": 0.4}, 0.1, 1.0, best=True)


def test_a_validation_that_comes_again_is_cut_from_a_log(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    with MetricsLog(path, lambda _: None) as log:
        for event in (step(1), validated(1, 1), step(2), validated(2, 2)):
            log(event)
        log.cut(2, 2)
        log(step(3))
    events = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["event"], line["step"]) for line in events] == [("step", 1), ("epoch", 1), ("step", 2), ("step", 3)]


def test_files_of_an_older_version_are_found_and_replaced_by_a_new_run(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for name in ("facts.json", "figures.json", "pictures.json"):
        (tmp_path / name).touch()
    found = folder.environment, folder.evaluation, folder.samples
    assert [path.name for path in found] == ["facts.json", "figures.json", "pictures.json"]
    folder.start()
    assert not list(tmp_path.iterdir())
    folder.write_evaluation({"miou": 0.5})
    assert [path.name for path in tmp_path.iterdir()] == ["evaluation.json"]


def test_a_folder_that_cannot_be_searched_has_the_present_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", refuse)
    assert RunFolder(tmp_path).evaluation.name == "evaluation.json"


def test_what_a_killed_run_left_is_swept_away(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for file, epoch in ((folder.evaluation, 2), (folder.samples, 1)):
        file.write_text(json.dumps({"epoch": epoch}))
    for name in ("last.safetensors.unfinished-00ff", "anchor.safetensors", "notes.unfinished-1", "config.json"):
        (tmp_path / name).touch()
    folder.sweep(2, keep_recovery=True)
    assert {path.name for path in tmp_path.iterdir()} == {
        "evaluation.json", "anchor.safetensors", "notes.unfinished-1", "config.json",
    }  # fmt: skip
    folder.sweep(None, keep_recovery=False)
    assert {path.name for path in tmp_path.iterdir()} == {"notes.unfinished-1", "config.json"}
