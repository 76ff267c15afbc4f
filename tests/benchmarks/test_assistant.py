"""Lines that the simulated user is measured by: scenes and views, the scoring, the registry, records and the table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.assistant.code import BEFORE, NOW
from benchmarks.assistant.command import main, missing, runs
from benchmarks.assistant.line import Case, Goal, Line, Measured
from benchmarks.assistant.lines import LINES, Rows, table_rows
from benchmarks.assistant.painting import painting
from benchmarks.assistant.project_runs import Reported
from benchmarks.assistant.records import Record, append, load
from benchmarks.assistant.scenes import FINAL, ORTHOPHOTO, TUNING, VIEW_PX, DataSet, Scene, views
from benchmarks.assistant.scoring import score
from benchmarks.assistant.table import Table, write_table
from benchmarks.assistant.training import Labels, strokes_anywhere, strokes_where_wrong
from benchmarks.simulated_user import Effort
from landseg_core.machine import processor

MACHINE = {"date": "2026-01-01", "processor": "one", "cores": 2, "memory_gib": 8.0, "python": "3", "versions": {}}


@pytest.fixture
def data(pictures: Path) -> DataSet:
    return DataSet(pictures)


def record(
    line: str,
    seed: int,
    scene: str = FINAL[0],
    values: Mapping[str, float | Sequence[float]] | None = None,
    **kept: object,
) -> Record:
    made = Record(line, scene, seed, values or {"miou": 0.5}, {"seconds": 1.0}, 2.0, "abc", MACHINE)
    return replace(made, **kept)  # type: ignore[arg-type]


def case(data: DataSet, folder: Path, scene: str = "tile4", seed: int = 0) -> Case:
    return Case(data, data.scene(scene), seed, folder)


def test_a_scene_is_what_both_lists_have_of_it(data: DataSet) -> None:
    scene = data.scene("tile4")
    assert scene.stems == ["tile4_a"]
    assert [path.parent.name for path in (*scene.images, *scene.masks)] == ["images", "masks"]
    assert data.scene("tile1").stems == ["tile1_a"]
    with pytest.raises(SystemExit, match="no images of a scene tile"):
        data.scene("tile")


def test_a_parent_never_sees_the_scene(data: DataSet) -> None:
    assert data.others("tile4") == (["tile5_a"], ["tile1_a"])
    assert data.others("tile1") == (["tile4_a", "tile5_a"], [])


def test_views_are_chosen_by_the_seed_and_bounded(data: DataSet, tmp_path: Path) -> None:
    mask = np.arange(900 * 1000, dtype=np.uint32).reshape(900, 1000)
    cv2.imwrite(str(data.folder / "masks" / "tile4_a.png"), (mask % 5).astype(np.uint8))
    cv2.imwrite(str(data.folder / "images" / "tile4_a.png"), np.dstack([mask % 5 * 50] * 3).astype(np.uint8))
    found = views(data.scene("tile4"), seed=3, count=4)
    for view in found:
        assert 0.95 * VIEW_PX < view.truth.size <= VIEW_PX
        assert view.rgb.shape == (*view.truth.shape, 3)
        np.testing.assert_array_equal(view.rgb[..., 0], 50 * view.truth)
    corners = [(view.column, view.row) for view in found]
    assert corners == [(view.column, view.row) for view in views(data.scene("tile4"), seed=3, count=4)]
    assert len(set(corners)) == 4
    assert corners != [(view.column, view.row) for view in views(data.scene("tile4"), seed=4, count=4)]


def test_no_scene_is_final_and_tuned_on() -> None:
    assert not set(FINAL) & set(TUNING)


def test_a_score_leaves_out_what_is_labelled_and_what_is_not_known() -> None:
    truth = np.array([[0, 0, 1, 1, 255]], np.uint8)
    made = np.array([[0, 1, 1, 0, 3]], np.uint8)
    labels = np.array([[255, 255, 255, 0, 255]], np.uint8)
    found = score([truth], [made], [labels])
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.miou == pytest.approx((1 / 2 + 1 / 2) / 2)


def test_what_a_map_leaves_unlabelled_is_wrong() -> None:
    truth = np.array([[0, 0, 1, 1]], np.uint8)
    made = np.array([[0, 255, 255, 1]], np.uint8)
    found = score([truth], [made], [np.full_like(truth, 255)])
    assert (found.accuracy, found.miou) == (0.5, 0.5)


def test_images_count_together() -> None:
    """The mean over all pixels is not that of the images' own means."""
    truth = [np.zeros((1, 30), np.uint8), np.ones((1, 10), np.uint8)]
    found = score(truth, [truth[0], np.zeros((1, 10), np.uint8)], [np.full_like(mask, 255) for mask in truth])
    assert found.accuracy == pytest.approx(0.75)
    assert found.miou == pytest.approx(0.75 / 2)


def test_lines_of_a_scene_and_seed_share_their_strokes(data: DataSet, tmp_path: Path) -> None:
    first, again = (strokes_anywhere(case(data, tmp_path)) for _ in range(2))
    np.testing.assert_array_equal(first.masks, again.masks)
    assert first.strokes == 60
    assert first.effort == Effort(strokes=60, looks=1)
    assert (first.masks[0] != strokes_anywhere(case(data, tmp_path, seed=1)).masks[0]).any()


def test_strokes_where_a_map_is_wrong_avoid_what_is_labelled(data: DataSet, tmp_path: Path) -> None:
    run = case(data, tmp_path)
    truth = run.scene.truth()
    wrong = [(mask + 1) % 5 for mask in truth]
    labels = Labels([np.where(np.arange(96) < 48, mask, np.uint8(255)) for mask in truth], 1)
    found = strokes_where_wrong(run, wrong, labels, 5)
    assert found.strokes == 5
    assert (found.masks[0][:, :48] == 255).all()
    both = labels + found
    assert both.strokes == 6
    np.testing.assert_array_equal(both.masks[0] != 255, (labels.masks[0] != 255) | (found.masks[0] != 255))
    assert strokes_where_wrong(run, truth, Labels.none(truth), 5).strokes == 0


def test_painting_alone_takes_ten_minutes(data: DataSet, tmp_path: Path) -> None:
    done = painting(case(data, tmp_path))
    assert 590 < done.effort.seconds <= 600
    assert 0 < done.values["accuracy"] <= 1


def test_the_figure_of_a_run_beside_the_truth(tmp_path: Path) -> None:
    (tmp_path / "evaluation.json").write_text(json.dumps({"miou": 0.6, "miou_interval": [0.5, 0.7]}))
    found = Reported.by(tmp_path).beside(0.45)
    assert found["reported_difference"] == pytest.approx(0.15)
    assert (found["reported_holds"], found["reported_width"]) == (0.0, pytest.approx(0.2))
    assert Reported.by(tmp_path).beside(0.5)["reported_holds"] == 1.0


def test_goals_name_values_that_exist_and_lines_that_exist() -> None:
    for row in table_rows():
        assert set(row.lines) <= set(LINES)
        assert row.goals
        assert all(goal.over in {"", *LINES} for goal in row.goals)


def test_lines_have_the_runs_that_were_agreed() -> None:
    training = {name for name, line in LINES.items() if line.trains}
    assert {"from-nothing", "parent", "parent-strokes", "parent-errors", "loop"} <= training
    for name, line in LINES.items():
        if line.scenes == (ORTHOPHOTO,):  # of the window's speed, not of labels
            continue
        assert line.scenes == FINAL
        assert len(line.seeds) == (5 if name not in training else 2 if name.startswith("loop") else 3)


def test_runs_of_a_scene_and_seed_stand_together() -> None:
    found = runs(["from-nothing", "from-nothing-before"], None, None)
    assert len(found) == 2 * 2 * 3
    assert [run[0] for run in found[:2]] == ["from-nothing-before", "from-nothing"]
    assert found[0][1:] == found[1][1:]
    assert runs(["loop"], ["tile4"], [7]) == [("loop", "tile4", 7)]


def test_the_statistic_of_a_goal() -> None:
    numbers = [0.1, 0.2, 0.6]
    assert Goal("a", "a", at_least=0.2).reached(numbers)
    assert not Goal("a", "a", by="lowest", at_least=0.11).reached(numbers)
    assert not Goal("a", "a", by="mean", at_most=0.29).reached(numbers)
    assert Goal("a", "a", by="mean", at_most=0.31).reached(numbers)


ROWS = [Rows("a line", ("now",), (Goal("miou", "gain", over="before", at_least=0.1),))]


def test_the_table_takes_the_latest_record_and_the_final_scenes() -> None:
    records = [
        record("before", 0, values={"miou": 0.4}),
        record("now", 0, values={"miou": 0.1}),
        record("now", 0, values={"miou": 0.55}),
        record("now", 1, values={"miou": 0.9}),  # nothing to compare it with
        record("before", 0, scene="tile4"),
        record("now", 0, scene="tile4", values={"miou": 0.5}),
    ]
    assert Table(records).markdown(ROWS).splitlines() == [
        "| line | measure | target | tile1 | tile4 | final scenes | runs | reached |",
        "|---|---|---|---|---|---|---|---|",
        "| a line | gain | >= +0.1 | 0.15 | 0 | 0.15 | 1 | yes |",
    ]
    missed = Table([record("before", 0), record("now", 0)]).markdown(ROWS)
    assert missed.endswith("| 0 | 0 | 1 | **no** |")


def test_minutes_of_two_processors_are_not_compared() -> None:
    other = record("now", 0, values={"miou": 0.9}, machine=MACHINE | {"processor": "another"})
    assert Table([record("before", 0), other]).markdown(ROWS).endswith("| - | - |  |  |")


def test_views_of_a_run_count_one_by_one() -> None:
    rows = [Rows("clicks", ("now",), (Goal("clicks", "clicks", at_most=35),))]
    records = [record("now", seed, values={"clicks": found}) for seed, found in enumerate(([10, 20], [30, 100, 100]))]
    assert Table(records).markdown(rows).endswith("| <= 35 | 30 | 30 | 5 | yes |")


def test_records_are_appended_and_the_table_is_written(tmp_path: Path) -> None:
    measured = Measured({"miou": 0.61, "clicks": [3, 4]}, Effort(strokes=3, clicks=2, looks=1), 12.34)
    for seed in (0, 1):
        append(tmp_path, Record.of("from-nothing", "tile1", seed, measured))
    first, second = load(tmp_path)
    assert (first.seed, second.seed) == (0, 1)
    assert first.person == {"strokes": 3, "clicks": 2, "looks": 1, "seconds": 17.0}
    assert first.values == {"miou": 0.61, "clicks": [3, 4]}
    assert {"processor", "cores", "versions"} <= set(first.machine)
    write_table(tmp_path)
    text = (tmp_path / "assistant.md").read_text()
    assert "| 60 strokes, 3 min from nothing | mIoU | reported | 0.61 | 0.61 | 2 |  |" in text
    assert first.machine["processor"] in text


def test_the_command_records_what_it_runs_but_not_trials(
    data: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[Case] = []

    def measure(run: Case) -> Measured:
        assert run.folder.is_dir()
        seen.append(run)
        return Measured({"miou": run.length(3)})

    monkeypatch.setitem(LINES, "painting", Line("painting", measure, (Goal("miou", "mIoU"),)))
    options = ["--line", "painting", "--scene", "tile4", "--data", str(data.folder), "--out", str(tmp_path / "out")]
    main([*options, "--seed", "7", "--minutes", "0.2"])
    assert not (tmp_path / "out").exists()
    main(options)
    assert [run.seed for run in seen] == [7, 0, 1, 2, 3, 4]
    assert [each.values["miou"] for each in load(tmp_path / "out")] == [3] * 5
    assert "painting, tile4, seed 7: miou 0.200" in capsys.readouterr().out
    assert not any(run.folder.exists() for run in seen)


def test_only_what_is_missing_is_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.assistant.records.commit", lambda: "newer")
    asked = [(name, FINAL[0], 0) for name in ("from-nothing-before", "from-nothing", "painting", "loop")]
    here = MACHINE | {"processor": processor()}
    records = [
        record("from-nothing-before", 0, commit="older", machine=here),
        record("from-nothing", 0, commit="older", machine=here),
        record("painting", 0, commit="newer", machine=here),
        record("loop", 0, commit="newer"),  # on another processor
        record("a line of long ago", 0, commit="newer", machine=here),
    ]
    assert [name for name, *_ in missing(asked, records)] == ["from-nothing", "loop"]
    monkeypatch.setattr("benchmarks.assistant.records.commit", lambda: "newer+")
    changed = [replace(each, commit="newer+") for each in records]
    assert "painting" in [name for name, *_ in missing(asked, changed)]  # changed again since, perhaps


def test_a_command_that_fails_says_so(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"landseg info \(now\) ended with 1: .*does not exist"):
        NOW.run("info", tmp_path / "none.tif")


def test_before_is_a_whole_hash() -> None:
    assert len(BEFORE) == 40
    assert int(BEFORE, 16)


def test_the_orthophoto_is_a_scene_without_masks(data: DataSet) -> None:
    folder = data.folder.parent / ORTHOPHOTO
    folder.mkdir()
    (folder / "large.tif").touch()
    assert data.scene(ORTHOPHOTO) == Scene(ORTHOPHOTO, (folder / "large.tif",), ())
