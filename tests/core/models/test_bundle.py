from __future__ import annotations

import contextlib
import dataclasses
import json
import random
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from landseg_core.errors import ModelError, OutputError
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import CATALOG
from landseg_core.models.header import KIND, BundleHeader, read_header
from tests.support.models import with_header

FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def saved(bundle: ModelBundle, tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    bundle.save(path)
    return path


def test_what_is_saved_is_loaded(bundle: ModelBundle, saved: Path) -> None:
    loaded = ModelBundle.load(saved)
    assert loaded == bundle
    assert loaded.state.keys() == bundle.state.keys()
    for name, value in bundle.state.items():
        assert torch.equal(loaded.state[name], value)
        assert (loaded.state[name].dtype, loaded.state[name].is_contiguous()) == (torch.float32, True)


def test_kernels_may_be_stored_in_half_precision(bundle: ModelBundle, saved: Path, tmp_path: Path) -> None:
    bundle.save(tmp_path / "half.safetensors", half=True)
    loaded = ModelBundle.load(tmp_path / "half.safetensors")
    for name, value in bundle.state.items():
        wanted = value.half().float() if value.ndim == 4 else value
        assert torch.equal(loaded.state[name], wanted)
        assert loaded.state[name].dtype == torch.float32
    assert (tmp_path / "half.safetensors").stat().st_size < 0.7 * saved.stat().st_size


def test_a_run_folder_stands_for_its_model(bundle: ModelBundle, saved: Path) -> None:
    assert ModelBundle.load(saved.parent) == ModelBundle.load(str(saved)) == bundle


def test_the_built_network_is_the_trained_one(bundle: ModelBundle, saved: Path) -> None:
    picture = torch.rand(1, 4, 20, 24)
    first, second = bundle.build(), ModelBundle.load(saved).build()
    assert not first.training
    torch.testing.assert_close(first(picture), second(picture), rtol=0, atol=0)


def test_the_header_is_the_bundle_without_weights(bundle: ModelBundle, saved: Path) -> None:
    assert read_header(saved) == bundle.header


def test_the_header_is_read_without_torch(tmp_path: Path, bundle: ModelBundle) -> None:
    unet = dataclasses.replace(with_header(bundle, architecture="unet16"), state={})
    unet.save(tmp_path / "model.safetensors")
    code = (
        "import sys\nimport landseg_core.models.bundle\nfrom landseg_core.models.header import read_header\n"
        "print(read_header(sys.argv[1]).architecture, 'torch' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["unet16", "False"]


def test_the_file_is_plain_safetensors(saved: Path) -> None:
    with saved.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    record = json.loads(header.pop("__metadata__")[KIND])
    assert record["schema"]["classes"][1] == {"value": 7, "name": "Häuser & Höfe", "colour": "#ff0000"}
    assert record["format"] == 1
    assert {tensor["dtype"] for tensor in header.values()} == {"F32"}


def test_a_file_of_an_older_version_has_no_band_names(bundle: ModelBundle, tmp_path: Path) -> None:
    record = bundle.header.to_record()
    assert record.pop("band_names") == []
    assert BundleHeader.from_record(record, tmp_path).band_names == ()


def test_names_of_bands_are_kept(bundle: ModelBundle, tmp_path: Path) -> None:
    named = with_header(bundle, band_names=("Red", "Green", "Blue", "Near infrared"))
    named.save(tmp_path / "named.safetensors")
    assert ModelBundle.load(tmp_path / "named.safetensors") == named
    with pytest.raises(ModelError, match="does not have a name for each of its 4 bands"):
        BundleHeader.from_record(named.header.to_record() | {"band_names": ["Red"]}, tmp_path)


def refused(path: Path, reason: str) -> None:
    """Check that loading fails with one sentence that names the file; so does the header, unless it says `weights`."""
    with pytest.raises(ModelError, match=reason) as failure:
        ModelBundle.load(path)
    sentence = str(failure.value)
    assert str(path) in sentence
    assert "\n" not in sentence
    if "weights" not in sentence:
        with pytest.raises(ModelError, match=reason):
            read_header(path)


def test_no_file(tmp_path: Path) -> None:
    refused(tmp_path / "none.safetensors", "does not exist; choose a model file or the folder of a training run")


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    refused(tmp_path, "has no model.safetensors")


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"")
    refused(tmp_path / "m", "it is empty")


@pytest.mark.parametrize("content", [b"II*\0 a TIFF, and long enough", b"PK\x03\x04" * 9, b"\x80\x02}q\x00." * 4])
def test_a_file_of_another_format(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(content)
    refused(tmp_path / "m", "was not written by landseg")


def test_a_safetensors_file_of_another_program(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(3, dtype=torch.float16)}, tmp_path / "m")
    refused(tmp_path / "m", "was not written by landseg")


@pytest.mark.parametrize("share", [0.0001, 0.01, 0.5, 0.999])
def test_a_file_that_is_cut(share: float, saved: Path) -> None:
    data = saved.read_bytes()
    saved.write_bytes(data[: round(len(data) * share)])
    refused(saved, "is damaged: .*; copy it again or train again")


def test_a_file_with_more_behind(saved: Path) -> None:
    saved.write_bytes(saved.read_bytes() + b"more")
    refused(saved, "should be .* bytes long")


def resaved(bundle: ModelBundle, path: Path, state: dict[str, torch.Tensor]) -> Path:
    dataclasses.replace(bundle, state=state).save(path)
    return path


def test_a_missing_key(bundle: ModelBundle, tmp_path: Path) -> None:
    state = {name: value for name, value in bundle.state.items() if name != "head.bias"}
    refused(resaved(bundle, tmp_path / "m", state), "lacks the weights head.bias")


def test_a_wrong_shape(bundle: ModelBundle, tmp_path: Path) -> None:
    state = bundle.state | {"head.bias": torch.zeros(3)}
    refused(resaved(bundle, tmp_path / "m", state), "weights head.bias of shape 3, but its network needs 2")


def test_weights_too_many(bundle: ModelBundle, tmp_path: Path) -> None:
    refused(resaved(bundle, tmp_path / "m", bundle.state | {"tail": torch.zeros(3)}), "weights tail that its network")


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_weights_that_are_no_numbers(bundle: ModelBundle, value: float, tmp_path: Path) -> None:
    state = bundle.state | {"head.bias": torch.tensor([0.0, value])}
    refused(resaved(bundle, tmp_path / "m", state), "weights that are not finite numbers")


def edited(path: Path, edit: Callable[[dict[str, Any]], Any]) -> Path:
    """Rewrite the record of a model file."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    record = json.loads(header["__metadata__"][KIND])
    edit(record)
    header["__metadata__"][KIND] = json.dumps(record)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])
    return path


def test_tensors_whose_places_do_not_fit(saved: Path) -> None:
    data = saved.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header["head.bias"]["shape"] = [1, 1]
    text = json.dumps(header).encode()
    saved.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])
    with pytest.raises(ModelError, match="is damaged"):
        ModelBundle.load(saved)


def test_a_newer_format(saved: Path) -> None:
    refused(edited(saved, lambda record: record.update(format=2, novelty=True)), "newer landseg .*update landseg")


def test_an_unknown_network(saved: Path) -> None:
    refused(edited(saved, lambda record: record.update(architecture="segformer")), "'segformer'.*update landseg")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"format": None}, "format version is missing"),
        ({"bands": []}, "bands must not be empty"),
        ({"bands": [0, 1, 2, 3]}, "bands.0 must be at least 1"),
        ({"bands": [1, 2, 3]}, "does not match its 3 bands"),
        ({"schema": {"classes": []}}, "schema.classes must not be empty"),
        ({"ground_resolution_m": -1}, "ground_resolution_m"),
        ({"normalisation": {"mean": [1, 2], "std": [1, 2]}}, "does not match its 4 bands"),
        ({"normalisation": {"mean": [1, 2, 3, 4], "std": [1, 2, 0, 4]}}, "normalisation that does not match"),
    ],
)
def test_a_record_that_is_wrong(change: dict[str, Any], reason: str, saved: Path) -> None:
    refused(edited(saved, lambda record: record.update(change)), reason)


def test_a_record_that_lacks_a_field(saved: Path) -> None:
    refused(edited(saved, lambda record: record.pop("classes", None) or record.pop("schema")), "schema is missing")


def loads_or_refuses(data: bytes, path: Path) -> None:
    path.write_bytes(data)
    for read in (read_header, ModelBundle.load):
        with contextlib.suppress(ModelError):
            read(path)


@FUZZ
@given(data=st.binary(max_size=300))
def test_random_bytes_are_refused(data: bytes, saved: Path) -> None:
    loads_or_refuses(data, saved)


@FUZZ
@given(data=st.binary(max_size=300))
def test_random_headers_are_refused(data: bytes, saved: Path) -> None:
    loads_or_refuses(struct.pack("<Q", len(data)) + data, saved)


@FUZZ
@given(seed=st.integers(0, 2**32), flips=st.integers(1, 4))
def test_flipped_bytes_never_give_another_error(seed: int, flips: int, bundle: ModelBundle, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    bundle.save(path)
    data = bytearray(path.read_bytes())
    (length,) = struct.unpack("<Q", data[:8])
    rng = random.Random(seed)
    for _ in range(flips):
        data[rng.randrange(8 + length)] = rng.randrange(256)
    loads_or_refuses(bytes(data), path)


@FUZZ
@given(share=st.floats(0, 1, exclude_max=True))
def test_truncations_are_refused(share: float, bundle: ModelBundle, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    bundle.save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    refused(path, "damaged|not written by landseg")


def test_endless_nesting_is_refused(saved: Path) -> None:
    text = b'{"a":' * 100_000
    saved.write_bytes(struct.pack("<Q", len(text)) + text)
    refused(saved, "was not written by landseg")


def test_a_header_of_a_terabyte_is_not_read(saved: Path) -> None:
    saved.write_bytes(struct.pack("<Q", 1 << 40) + bytes(64))
    refused(saved, "was not written by landseg")


def test_a_place_that_cannot_be_written(bundle: ModelBundle, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        bundle.save(tmp_path / "no" / "folder" / "model.safetensors")


def test_a_loaded_model_outlives_its_file(bundle: ModelBundle, saved: Path) -> None:
    loaded = ModelBundle.load(saved)
    saved.write_bytes(bytes(saved.stat().st_size))
    assert torch.equal(loaded.state["head.weight"], bundle.state["head.weight"])


def test_the_catalogue_has_the_networks() -> None:
    assert {"unet16", "unet32", "unet64"} <= CATALOG.keys()
