"""Whatever the header of a model file says: it is used, or refused in one sentence that names the file."""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.damage import damaged

from landseg_core.cli.main import run
from landseg_core.data.areas import LabelledArea
from landseg_core.errors import LandsegError, ModelError
from landseg_core.geo.window import PixelWindow
from landseg_core.inference.compatibility import band_notices, compatibility_notices, input_size
from landseg_core.models.compatibility import check_compatible
from landseg_core.models.header import KIND, BundleHeader, read_header
from landseg_core.models.info import describe_model
from landseg_core.models.onnx.metadata import OnnxForm, notices
from landseg_core.raster.source import RasterSource
from landseg_core.runs.config import TrainConfig
from landseg_core.runs.provenance import classes_known_to, held_out_areas
from landseg_core.training.preparation import fine_tuned_config

TRAINING = {
    "miou": 0.5,
    "accuracy": 0.5,
    "iou": {"land": 0.5},
    "settings": {"mask_values": ["255=land"]},
    "trained_on": [{"stem": "a", "width": 40, "height": 30, "fingerprint": "f", "windows": [[0, 0, 9, 9]]}],
    "trained_on_untold": 0,
    "trained_px": {"land": 1},
}
RECORD = {
    "format": 1,
    "architecture": "unet16",
    "schema": {"classes": [{"value": 3, "name": "land", "colour": "#0000ff"}]},
    "bands": [1, 2, 3],
    "dtype": "uint8",
    "normalisation": {"mean": [100.0, 90.0, 80.0], "std": [10.0, 20.0, 30.0]},
    "ground_resolution_m": 0.25,
    "training": TRAINING,
    "band_names": ["Red", "Green", "Blue"],
    "alpha": "auto",
}
Pair = tuple[Path, Path]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """Return an image and its mask."""
    import cv2

    folder = tmp_path_factory.mktemp("pair")
    image, mask = folder / "image.png", folder / "mask.png"
    cv2.imwrite(str(image), np.random.default_rng(0).integers(1, 255, (30, 40, 3), np.uint8))
    cv2.imwrite(str(mask), np.full((30, 40), 3, np.uint8))
    return image, mask


def with_header(path: Path, record: Any) -> Path:
    """Write a model file without weights that tells `record` of itself."""
    text = json.dumps({"__metadata__": {KIND: json.dumps(record)}}).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    return path


def use(header: BundleHeader, path: Path, pair: Pair) -> None:
    """Do everything with a header that looks at what it says."""
    json.dumps([describe_model(path, header), header.to_record()]).encode()
    str(header).encode()
    classes_known_to(header)
    OnnxForm(header, 512, 16).metadata()
    list(notices(header, 512))
    np.zeros(1, header.dtype)
    fine_tuned_config(TrainConfig(start_from=str(path)))
    with RasterSource(pair[0]) as source:
        numbers = check_compatible(header, source)
        (
            list(band_notices(header, source, numbers)),
            list(compatibility_notices(header, source)),
            input_size(header, source),
        )
    held_out_areas(header, [LabelledArea("a", *pair, PixelWindow(0, 0, 40, 30))])


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_odd_header_is_used_or_refused_in_a_sentence(data: st.DataObject, pair: Pair, tmp_path: Path) -> None:
    path = with_header(tmp_path / "model.safetensors", data.draw(damaged(RECORD)))
    try:
        use(read_header(path), path, pair)
    except LandsegError as error:
        sentence = str(error)
    else:
        return
    sentence.encode()
    assert "\n" not in sentence
    assert str(path) in sentence or str(pair[0]) in sentence
    assert len(sentence) < 600


def test_names_of_classes_from_before_the_rule_are_used_and_told(tmp_path: Path, pair: Pair) -> None:
    classes = [{"value": value, "name": name, "colour": "#0000ff"} for value, name in enumerate(("Water", "water"))]
    header = read_header(with_header(tmp_path / "model.safetensors", RECORD | {"schema": {"classes": classes}}))
    with RasterSource(pair[0]) as source:
        assert ["Water and water look alike" in sentence for sentence in compatibility_notices(header, source)] == [
            True
        ]


def test_every_command_refuses_a_senseless_model_in_one_sentence(
    tmp_path: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = with_header(tmp_path / "model.safetensors", RECORD | {"dtype": "\x1b[31m"})
    folders = ("--images", pair[0].parent, "--masks", pair[1].parent)
    for command in (
        ("info", path),
        ("predict", path, pair[0], "--out", tmp_path / "out"),
        ("evaluate", path, *folders),
        ("bench", path),
        ("export", "onnx", path, "--out", tmp_path / "out.onnx"),
        ("train", "--from", path, *folders, "--classes", "landcover-ai", "--out", tmp_path / "out"),
    ):
        monkeypatch.setattr(sys, "argv", ["landseg", *map(str, command)])
        assert run() == 1
        told, problem = capsys.readouterr()
        assert (told, problem.count("\n")) == ("", 1)
        assert problem == f"landseg: {path} is not a complete model file (dtype: not a pixel type); train again\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "change",
    [
        *({"dtype": dtype} for dtype in ("O", "complex64", "<U3", ">u2", "nonsense", "\x1b[31m", "\ud800")),
        *({"ground_resolution_m": metres} for metres in (0, -1, 1e-9, 1e300, float("nan"), float("inf"), "1 m")),
        {"normalisation": {"mean": [0, 0, 1e300], "std": [1, 1, 1]}},
        {"normalisation": {"mean": [0, 0, 0], "std": [1, 1, 1e-320]}},
        {"bands": [2**40, 1, 2]},
        {"training": {"miou": "good"}},
        {"training": {"trained_px": {"land": "many"}}},
        {"architecture": "x" * 10_000},
        {"schema": {"classes": [{"value": 3, "name": "\ud800", "colour": "#0000ff"}]}},
        {"schema": {"classes": [{"value": 3, "name": name, "colour": "#0000ff"} for name in "ab"]}},
    ],
    ids=lambda change: json.dumps(change)[:50],
)
def test_a_senseless_header_is_refused(change: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ModelError) as failure:
        read_header(with_header(tmp_path / "model.safetensors", RECORD | change))
    assert str(failure.value).startswith(str(tmp_path))
    assert "\n" not in str(failure.value)
