"""Lines that train, for real: on a generated landscape, by the commands that people use."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmarks.assistant import parents
from benchmarks.assistant.code import BEFORE_TREE, ROOT, before
from benchmarks.assistant.command import main
from benchmarks.assistant.project_runs import add_labels, new_project
from benchmarks.assistant.scenes import DataSet
from benchmarks.assistant.training import now
from landseg_core.project.project import Project
from landseg_core.sample import write_sample

pytestmark = pytest.mark.slow


@pytest.fixture
def landscapes(tmp_path: Path) -> Path:
    """Return a generated data set: two images of a scene "here", one to train on and one to validate on elsewhere."""
    sample = write_sample(tmp_path / "sample", size=(320, 256))
    stems = {"landscape_1": "here_1", "landscape_2": "there_1", "landscape_3": "away_1"}
    folder = tmp_path / "data"
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
        for old, new in stems.items():
            shutil.copy(sample.images.parent / kind / f"{old}.tif", folder / kind / f"{new}.tif")
        shutil.copy(folder / kind / "away_1.tif", folder / kind / "here_2.tif")
    (folder / "train.txt").write_text("here_1\nthere_1\n")
    (folder / "val.txt").write_text("here_2\naway_1\n")
    return folder


@pytest.mark.timeout(1200)
def test_strokes_are_trained_on_from_nothing_and_from_a_parent(
    landscapes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(parents, "FOLDER", tmp_path / "parents")
    monkeypatch.setattr(parents, "before", now)
    names = ("from-nothing", "parent-errors", "loop", "correction-view")
    lines = [word for name in names for word in ("--line", name)]
    options = ["--scene", "here", "--seed", "0", "--minutes", "0.05", "--data", str(landscapes)]
    main([*lines, *options, "--out", str(tmp_path / "out")])
    correction, nothing, errors, loop = capsys.readouterr().out.splitlines()
    assert "gain_outside" in correction
    assert "reported_width" in nothing
    assert "person 244 s" in nothing  # 60 strokes, and a look at each of two images
    assert "gain_accuracy" in errors
    assert loop.startswith("loop, here, seed 0: miou 0.")
    assert (tmp_path / "parents" / "here-0.05min" / "maps" / "here_2_mask.tif").exists()
    assert not (tmp_path / "out").exists()


def test_the_code_before_runs_from_its_own_files(tmp_path: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a Git checkout")
    try:
        code = before()
    except SystemExit as reason:
        pytest.skip(str(reason))
    code.run("project", "new", tmp_path / "a.landseg", "--classes", "landcover-dubai")
    assert (BEFORE_TREE / "landseg_core" / "cli").is_dir()
    assert not (BEFORE_TREE / "landseg_core" / "assistant").exists()
    assert (tmp_path / "a.landseg").exists()


def test_strokes_of_one_class_are_imported(landscapes: Path, tmp_path: Path) -> None:
    """A mask of 0 and 255 alone is refused where nobody says what 255 is."""
    scene = DataSet(landscapes).scene("here")
    labels = [np.full(mask.shape, 255, np.uint8) for mask in scene.truth()]
    labels[1][5:10, 5:60] = 0
    project = new_project(now(), scene, tmp_path)
    add_labels(now(), project, scene, labels)
    with Project.open(project, read_only=True) as opened:
        counts = [len(opened.tile_keys(image.id)) for image in opened.images]
    assert counts == [0, 1]
