"""Bad input at the command line: one sentence that names the file, exit code 1, and nothing changed on disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command_line import run_landseg


def snapshot(folder: Path) -> dict[Path, tuple[int, int]]:
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*")}


def assert_one_sentence(stderr: str, name: str) -> None:
    lines = [line for line in stderr.splitlines() if line.strip()]
    assert len(lines) == 1, stderr
    assert lines[0].startswith("landseg: ")
    assert name in lines[0]


def make_missing(path: Path) -> None:
    assert not path.exists()


def make_empty(path: Path) -> None:
    path.touch()


def make_text(path: Path) -> None:
    path.write_text("this is no raster\n")


def make_folder(path: Path) -> None:
    path.mkdir()


def make_vrt_without_parts(path: Path) -> None:
    path.write_text(
        """<VRTDataset rasterXSize="64" rasterYSize="64"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>
        <SourceFilename relativeToVRT="1">gone.tif</SourceFilename><SourceBand>1</SourceBand>
        <SrcRect xOff="0" yOff="0" xSize="64" ySize="64"/><DstRect xOff="0" yOff="0" xSize="64" ySize="64"/>
        </SimpleSource></VRTRasterBand></VRTDataset>"""
    )


RASTERS = {
    "missing.tif": make_missing,
    "empty.tif": make_empty,
    "text.tif": make_text,
    "folder.tif": make_folder,
    "parts_gone.vrt": make_vrt_without_parts,
}


@pytest.mark.parametrize("name", RASTERS)
def test_info_of_what_is_no_raster(tmp_path: Path, name: str) -> None:
    RASTERS[name](tmp_path / name)
    before = snapshot(tmp_path)
    assert_one_sentence(run_landseg("info", tmp_path / name, expect=1).stderr, name)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("name", ["missing.tif", "parts_gone.vrt"])
def test_predict_on_what_is_no_raster(run_folder: Path, tmp_path: Path, name: str) -> None:
    RASTERS[name](tmp_path / name)
    before = snapshot(tmp_path)
    done = run_landseg("predict", run_folder, tmp_path / name, "--out", tmp_path / "out", expect=1)
    assert_one_sentence(done.stderr, name)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("name", ["missing.safetensors", "empty.safetensors", "text.safetensors", "folder"])
def test_predict_with_what_is_no_model(landscape: Path, tmp_path: Path, name: str) -> None:
    makers = {"missing": make_missing, "empty": make_empty, "text": make_text, "folder": make_folder}
    makers[name.split(".")[0]](tmp_path / name)
    before = snapshot(tmp_path)
    picture = landscape / "images" / "landscape_1.tif"
    done = run_landseg("predict", tmp_path / name, picture, "--out", tmp_path / "out", expect=1)
    assert_one_sentence(done.stderr, name)
    assert snapshot(tmp_path) == before


def test_train_with_an_empty_list(landscape: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.touch()
    data = ("--images", landscape / "images", "--masks", landscape / "masks", "--classes", "landcover-ai")
    done = run_landseg("train", *data, "--train-list", empty, "--out", tmp_path / "run", expect=1)
    assert_one_sentence(done.stderr, "empty.txt")
    assert not (tmp_path / "run").exists()


def test_train_with_unknown_class_values(landscape: Path, tmp_path: Path) -> None:
    classes = tmp_path / "classes.json"
    classes.write_text('{"classes": [{"value": 0, "name": "land", "colour": "#808080"}]}')
    data = ("--images", landscape / "images", "--masks", landscape / "masks", "--classes", classes)
    done = run_landseg("train", *data, "--out", tmp_path / "run", "--epochs", 1, expect=1)
    assert_one_sentence(done.stderr, "landscape_")
    assert not (tmp_path / "run").exists()


def test_train_with_unknown_classes(landscape: Path, tmp_path: Path) -> None:
    data = ("--images", landscape / "images", "--masks", landscape / "masks", "--classes", "no-such-preset")
    done = run_landseg("train", *data, "--out", tmp_path / "run", expect=1)
    assert_one_sentence(done.stderr, "no-such-preset")
    assert "landcover-ai" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "--classes", "landcover-ai", "--out", "run"),
        ("train", "--classes", "landcover-ai", "--out", "run", "--images", "a"),
        (
            "train",
            "--classes",
            "landcover-ai",
            "--out",
            "run",
            "--landcover-ai",
            "a",
            "--epochs",
            "1",
            "--minutes",
            "1",
        ),
        ("predict", "model", "raster.tif", "--out", "out", "--window", "1,2,3"),
        ("predict", "model", "raster.tif", "--out", "out", "--format", "jpg"),
        ("export", "png", "mask.tif", "--out", "map.png", "--style", "overlay"),
        ("nonsense",),
    ],
)
def test_wrong_usage_is_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    run_landseg(*arguments, expect=2, cwd=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_full_disk_while_predicting(landscape: Path, run_folder: Path, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="only POSIX limits the size of a file")
    out = tmp_path / "out"

    def limit_files() -> None:
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    picture = landscape / "images" / "landscape_1.tif"
    done = run_landseg("predict", run_folder, picture, "--out", out, expect=1, preexec_fn=limit_files)
    assert_one_sentence(done.stderr, "landscape_1_mask.tif")
    assert not out.exists()
