"""An exported graph says what the network says, and the file appears whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from support.models import random_bundle

from landseg_core.errors import JobStopped, ModelError, OutputError
from landseg_core.events import Event, JobControl, Notice, Progress
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import CATALOG
from landseg_core.models.inputs import InputNormaliser
from landseg_core.models.normalisation import Normalisation
from landseg_core.models.onnx import export as onnx_export
from landseg_core.models.onnx.export import export_onnx

onnx = pytest.importorskip("onnx", reason="the export needs the package onnx")
onnxruntime = pytest.importorskip("onnxruntime", reason="exported graphs are run by the package onnxruntime")

Pixels = npt.NDArray[np.float32]


@pytest.fixture
def export(tmp_path: Path) -> Callable[..., Path]:
    """Return `export(bundle, tile)`, which gives the ONNX file."""

    def write(bundle: ModelBundle, tile: int | None) -> Path:
        bundle.save(tmp_path / "model.safetensors")
        export_onnx(tmp_path / "model.safetensors", tmp_path / "model.onnx", tile)
        return tmp_path / "model.onnx"

    return write


def session_of(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def run_file(path: Path, image: Pixels) -> Pixels:
    (probabilities,) = session_of(path).run(None, {"image": image})
    return probabilities


def by_torch(bundle: ModelBundle, pixels: Pixels) -> Pixels:
    """Return what the trained network says of native `pixels`."""
    with torch.inference_mode():
        inputs = InputNormaliser(bundle.header.normalisation)(torch.from_numpy(pixels))
        return bundle.build()(inputs).softmax(dim=1).numpy()


def bytes_like(bundle: ModelBundle, height: int, width: int, seed: int = 0) -> Pixels:
    shape = (1, len(bundle.header.bands), height, width)
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.float32)


def assert_same(path: Path, bundle: ModelBundle, pixels: Pixels) -> None:
    found = run_file(path, pixels / np.float32(255) if bundle.header.dtype == "uint8" else pixels)
    expected = by_torch(bundle, pixels)
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-4
    assert expected.std() > 0.01, "a network that says the same everywhere shows nothing"


# --- the same as torch


@pytest.mark.parametrize(
    "architecture", [pytest.param(name, marks=[pytest.mark.slow] * (name in ("unet32", "unet64"))) for name in CATALOG]
)
@pytest.mark.parametrize("dynamic", [False, True])
def test_every_network_of_the_catalogue(architecture: str, dynamic: bool, export: Callable[..., Path]) -> None:
    bundle = random_bundle(architecture, classes=5)
    side = 2 * bundle.build().stride
    path = export(bundle, None if dynamic else side)
    assert_same(path, bundle, bytes_like(bundle, side, side))
    assert "BatchNormalization" not in {node.op_type for node in onnx.load(path).graph.node}
    if dynamic:
        assert_same(path, bundle, bytes_like(bundle, side + 3, side - 5))


@pytest.mark.parametrize("bands", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("classes", [2, 9])
def test_any_bands_and_classes(tiny: str, bands: int, classes: int, export: Callable[..., Path]) -> None:
    normalisation = Normalisation(
        tuple(20.0 * band for band in range(bands)), tuple(30.0 + band for band in range(bands))
    )
    bundle = random_bundle(tiny, normalisation, classes=classes, seed=bands)
    assert_same(export(bundle, 32), bundle, bytes_like(bundle, 32, 32))


def test_a_single_class_is_certain(tiny: str, export: Callable[..., Path]) -> None:
    bundle = random_bundle(tiny, classes=1)
    found = run_file(export(bundle, 16), bytes_like(bundle, 16, 16))
    assert found.shape == (1, 1, 16, 16)
    assert (found == 1).all()


def test_two_at_once(tiny: str, tmp_path: Path) -> None:
    bundle, model = random_bundle(tiny), tmp_path / "model.safetensors"
    bundle.save(model)
    outs = [tmp_path / "one.onnx", tmp_path / "other.onnx"]
    with ThreadPoolExecutor() as threads:
        list(threads.map(lambda out: export_onnx(model, out, tile=32), outs))
    for out in outs:
        assert_same(out, bundle, bytes_like(bundle, 32, 32))


def test_any_size(tiny: str, export: Callable[..., Path]) -> None:
    bundle = random_bundle(tiny)
    path = export(bundle, None)
    for height, width in [(1, 1), (1, 9), (4, 4), (5, 8), (8, 7), (31, 66), (128, 3)]:
        assert_same(path, bundle, bytes_like(bundle, height, width))


@pytest.mark.parametrize(
    "normalisation",
    [
        Normalisation((0.0, 255.0, 127.5), (1.0, 1.0, 1.0)),
        Normalisation((3.0, 120.0, 250.0), (0.01, 25.0, 1e-6)),
        Normalisation((1e6, -1e6, 0.0), (1.0, 1e6, 1e9)),
    ],
)
@pytest.mark.parametrize("tile", [32, None])
def test_extremes_of_the_normalisation(
    tiny: str, normalisation: Normalisation, tile: int | None, export: Callable[..., Path]
) -> None:
    bundle = random_bundle(tiny, normalisation)
    found = run_file(export(bundle, tile), bytes_like(bundle, 32, 32) / np.float32(255))
    # A tiny deviation blows up what / 255 rounds off, so both sides start from the same numbers.
    expected = by_torch(bundle, bytes_like(bundle, 32, 32) / np.float32(255) * np.float32(255))
    assert np.abs(found - expected).max() < 1e-4


@pytest.mark.parametrize("dtype", ["uint16", "int16", "float32"])
def test_other_numbers_go_in_as_they_are(tiny: str, dtype: str, export: Callable[..., Path]) -> None:
    bundle = random_bundle(tiny, Normalisation((1000.0, 2000.0), (300.0, 500.0)), dtype=dtype)
    pixels = np.random.default_rng(0).normal(1500, 600, (1, 2, 32, 32)).astype(np.float32).round()
    assert_same(export(bundle, 32), bundle, pixels)


@pytest.mark.parametrize("tile", [16, None])
def test_wild_numbers_are_tamed_in_the_graph(tiny: str, tile: int | None, export: Callable[..., Path]) -> None:
    bundle = random_bundle(tiny, Normalisation((0.5,), (0.1,)), dtype="float32")
    pixels = np.random.default_rng(0).random((1, 1, 16, 16), np.float32)
    pixels[0, 0, 2, :5] = [-3.4e38, 3.4e38, np.inf, -np.inf, np.nan]
    assert_same(export(bundle, tile), bundle, pixels)


# --- the form of the file


@pytest.mark.parametrize(("tile", "sides"), [(32, [32, 32]), (None, ["height", "width"])])
def test_the_form_of_the_graph(tiny: str, tile: int | None, sides: list[object], export: Callable[..., Path]) -> None:
    path = export(random_bundle(tiny, classes=4), tile)
    session = session_of(path)
    (image,), (probabilities,) = session.get_inputs(), session.get_outputs()
    assert (image.name, image.type, image.shape) == ("image", "tensor(float)", [1, 3, *sides])
    assert (probabilities.name, probabilities.type) == ("probabilities", "tensor(float)")
    assert probabilities.shape == [1, 4, *sides]


def test_old_readers_can_read_it(tiny: str, export: Callable[..., Path]) -> None:
    """Deepness runs on ONNX Runtime from 1.12 on, which knows opsets up to 17 and file formats (IR) up to 8."""
    model = onnx.load(export(random_bundle(tiny), 32))
    onnx.checker.check_model(model, full_check=True)
    assert [(item.domain, item.version) for item in model.opset_import] == [("", 13)]
    assert model.ir_version <= 8


def test_weights_are_inside(tiny: str, export: Callable[..., Path]) -> None:
    path = export(random_bundle(tiny), 32)
    graph = onnx.load(path, load_external_data=False).graph
    assert all(tensor.data_location == onnx.TensorProto.DEFAULT for tensor in graph.initializer)
    assert {file.name for file in path.parent.iterdir()} == {"model.onnx", "model.safetensors"}


def test_the_file_describes_itself(tiny: str, export: Callable[..., Path]) -> None:
    bundle = random_bundle(tiny)
    values = session_of(export(bundle, 32)).get_modelmeta().custom_metadata_map
    assert json.loads(values["landseg_classes"])[2] == {"value": 7, "name": "Höhe 2", "colour": "#808080"}
    assert json.loads(values["landseg_multiple"]) == bundle.build().stride
    assert json.loads(values["tile_size"]) == 32


# --- how it is written


@pytest.fixture
def model(bundle: ModelBundle, tmp_path: Path) -> Path:
    """Return a saved model of 16-bit images in a folder of its own, `run`."""
    (tmp_path / "run").mkdir()
    bundle.save(tmp_path / "run" / "model.safetensors")
    return tmp_path / "run" / "model.safetensors"


def test_it_tells_how_far_it_is_and_what_to_know(model: Path, tmp_path: Path) -> None:
    events: list[Event] = []
    export_onnx(model.parent, tmp_path / "model.onnx", 32, on_event=events.append)
    steps = [event.fraction for event in events if isinstance(event, Progress)]
    assert steps == sorted(steps)
    assert steps[-1] == 1
    (notice,) = [event.message for event in events if isinstance(event, Notice)]
    assert "takes uint16 pixel values as they are" in notice


def test_nothing_is_printed(model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    export_onnx(model, tmp_path / "model.onnx", None)
    assert capfd.readouterr() == ("", "")


def refused(error: type[Exception], words: str, model: Path, out: Path, tile: int | None = 32) -> None:
    """Check that the export fails with one sentence and leaves the folder as it was."""
    before = {path: path.read_bytes() for path in out.parent.rglob("*") if path.is_file()}
    with pytest.raises(error, match=words) as failure:
        export_onnx(model, out, tile)
    assert "\n" not in str(failure.value)
    assert {path: path.read_bytes() for path in out.parent.rglob("*") if path.is_file()} == before


def test_no_model(tmp_path: Path) -> None:
    refused(ModelError, "does not exist", tmp_path / "none", tmp_path / "model.onnx")


def test_a_damaged_model(model: Path, tmp_path: Path) -> None:
    model.write_bytes(model.read_bytes()[:-9])
    refused(ModelError, "is damaged", model, tmp_path / "model.onnx")


@pytest.mark.parametrize("tile", [-4, 0, 3, 5, 2046, 4096])
def test_a_tile_that_does_not_suit_the_network(model: Path, tile: int, tmp_path: Path) -> None:
    refused(ModelError, f"tile of {tile} px .* multiple of 4 from 4 to 2048", model, tmp_path / "model.onnx", tile)


def test_a_file_that_exists(model: Path, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_text("precious")
    refused(OutputError, "exists already", model, tmp_path / "model.onnx")
    export_onnx(model, tmp_path / "model.onnx", 32, overwrite=True)
    session_of(tmp_path / "model.onnx")


def test_the_model_is_never_replaced(model: Path) -> None:
    before = model.read_bytes()
    with pytest.raises(OutputError, match="is being read"):
        export_onnx(model, model, 32, overwrite=True)
    assert model.read_bytes() == before


def test_a_folder_that_is_missing(model: Path, tmp_path: Path) -> None:
    refused(OutputError, "does not exist", model, tmp_path / "no" / "model.onnx")


def test_without_the_package_onnx(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_export, "find_spec", lambda name: None)
    refused(ModelError, r"pip install 'landseg\[onnx\]'", model, tmp_path / "model.onnx")


def test_a_full_disk(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    refused(OutputError, "could not be completed .No space", model, tmp_path / "model.onnx")


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_stop_leaves_nothing(model: Path, steps: int, tmp_path: Path) -> None:
    control = JobControl()

    def stop_at(event: Event) -> None:
        if isinstance(event, Progress) and event.done == steps:
            control.stop()

    with pytest.raises(JobStopped):
        export_onnx(model, tmp_path / "model.onnx", 32, on_event=stop_at, control=control)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
