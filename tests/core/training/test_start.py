"""Starting from an earlier model: settings, weights, classes, and what does not fit."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.training import RecordedRun

from landseg_core.data.areas import LabelledArea
from landseg_core.data.loading.folders import folder_data
from landseg_core.data.training_data import TrainingData
from landseg_core.errors import ModelError, TrainingError
from landseg_core.events import EpochFinished, Notice
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import build_model
from landseg_core.models.header import BundleHeader
from landseg_core.models.normalisation import Normalisation
from landseg_core.models.weights import weights_of
from landseg_core.runs.config import TrainConfig
from landseg_core.runs.folder import RunFolder
from landseg_core.runs.parent_model import (
    NOT_RECORDED,
    held_out_validation,
    load_parent,
    parent_areas_finder,
    save_parent,
)
from landseg_core.training.checkpoint import resumed_config
from landseg_core.training.learner import Learner
from landseg_core.training.preparation import FINE_TUNING_RATE, FINE_TUNING_WARM_UP, fine_tuned_config
from landseg_core.training.start import start_from_model
from tests.support.models import with_header

NORMALISATION = Normalisation((90.0, 80.0, 70.0), (20.0, 30.0, 40.0))


def classes(*names: str) -> ClassSchema:
    rows = [{"value": value, "name": name, "colour": "#123456"} for value, name in enumerate(names)]
    return ClassSchema.model_validate({"classes": rows})


@pytest.fixture
def bundle(tiny: str) -> ModelBundle:
    torch.manual_seed(3)
    schema = classes("road", "land", "water")
    state = weights_of(build_model(tiny, 3, 3))
    return ModelBundle(BundleHeader(tiny, schema, (1, 2, 3), "uint8", NORMALISATION, 0.5, {}), state)


@pytest.fixture
def model(bundle: ModelBundle, tmp_path: Path) -> str:
    bundle.save(tmp_path / "model.safetensors")
    return str(tmp_path / "model.safetensors")


@pytest.fixture
def named(data: TrainingData) -> TrainingData:
    """Return a data set of the model's classes in another order; its masks are not to be read."""
    return replace(data, schema=classes("land", "water", "road"))


def logits(model: torch.nn.Module) -> np.ndarray:
    with torch.inference_mode():
        return model.eval()(torch.linspace(-1, 1, 3 * 16 * 16).reshape(1, 3, 16, 16))[0].numpy()


def test_classes_keep_their_answers_in_another_order(model: str, bundle: ModelBundle, named: TrainingData) -> None:
    start = start_from_model(model, "tiny", named)
    np.testing.assert_allclose(logits(start.model), logits(bundle.build())[[1, 2, 0]], rtol=1e-5)
    assert start.normalisation == NORMALISATION
    assert start.notices == ()


def test_new_classes_start_afresh_and_others_are_dropped(model: str, bundle: ModelBundle, named: TrainingData) -> None:
    start = start_from_model(model, "tiny", replace(named, schema=classes("hedge", "water", "land", "wall")))
    before, now = logits(bundle.build()), logits(start.model)
    np.testing.assert_allclose(now[[1, 2]], before[[2, 1]], rtol=1e-5)
    assert all(np.abs(now[new] - before[old]).max() > 1e-3 for new in (0, 3) for old in range(3))
    assert start.notices == (
        f"{model} does not know hedge, wall: trained from scratch, which takes longer",
        f"{model} also knows road, which the data does not have: dropped",
    )


@pytest.mark.parametrize(
    ("architecture", "changes", "words"),
    [
        ("unet16", {}, "its network tiny would have to be unet16"),
        ("tiny", {"bands": (1, 2)}, "its bands 1, 2, 3 would have to be 1, 2;"),
        ("tiny", {"dtype": "uint16"}, "its pixel type uint8 would have to be uint16"),
    ],
)
def test_what_does_not_fit(
    model: str, named: TrainingData, architecture: str, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(TrainingError, match=words):
        start_from_model(model, architecture, replace(named, **changes))


def test_settings_are_those_of_the_model_and_gentler(model: str) -> None:
    config = fine_tuned_config(TrainConfig(start_from=model, epochs=2))
    assert (config.model, config.bands, config.resolution_m) == ("tiny", ("1", "2", "3"), 0.5)
    assert config.learning_rate == pytest.approx(FINE_TUNING_RATE * 1e-3)
    assert config.warm_up == FINE_TUNING_WARM_UP
    assert fine_tuned_config(config) == config


@pytest.mark.parametrize(
    ("settings", "given", "expected"),
    [
        ({"mask_values": ["255=road"]}, (), ("255=road",)),
        ({"mask_values": ["255=road"]}, ("255=land",), ("255=land",)),
        ({"mask_values": ["255"]}, (), ()),
        ({"mask_values": 3}, (), ()),
        (None, (), ()),
    ],
)
def test_what_values_of_masks_mean_is_taken_over(
    settings: object, given: tuple[str, ...], expected: tuple[str, ...], bundle: ModelBundle, tmp_path: Path
) -> None:
    with_header(bundle, training={"settings": settings}).save(tmp_path / "model.safetensors")
    config = TrainConfig(start_from=str(tmp_path / "model.safetensors"), mask_values=given)
    assert fine_tuned_config(config).mask_values == expected


def test_a_run_is_resumed_with_what_was_filled_in(model: str, data: TrainingData, tmp_path: Path) -> None:
    given = TrainConfig(start_from=model, epochs=1, batch=4, chip=32, precision="fp32", device="cpu")
    config = fine_tuned_config(given).model_copy(update={"resolution_m": None})
    RecordedRun(config, tmp_path / "run").fit(data)
    Path(model).unlink()
    assert resumed_config(tmp_path / "run", {"start_from": model}) == config
    assert RecordedRun(config, tmp_path / "run", resume=True).fit(data).reason == "finished"


def test_settings_that_were_given_stay(model: str) -> None:
    config = fine_tuned_config(TrainConfig(start_from=model, learning_rate=2e-3, warm_up=0.2, resolution_m=0.5))
    assert (config.learning_rate, config.warm_up) == (2e-3, 0.2)
    rounded = fine_tuned_config(TrainConfig(start_from=model, resolution_m=0.500004))
    assert rounded.resolution_m == 0.5
    fresh = TrainConfig(model="tiny")
    assert fine_tuned_config(fresh) is fresh


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"model": "unet32"}, "Network: .* has tiny, not unet32"),
        ({"bands": ("3", "2", "1")}, "Bands: .* has 1, 2, 3, not 3, 2, 1"),
        ({"resolution_m": 0.2}, "Ground resolution: .* has 0.5, not 0.2"),
    ],
)
def test_settings_that_contradict_the_model(model: str, settings: dict[str, object], words: str) -> None:
    with pytest.raises(TrainingError, match=words):
        fine_tuned_config(TrainConfig(start_from=model, **settings))


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        fine_tuned_config(TrainConfig(start_from=str(tmp_path / "none.safetensors")))


def test_a_run_on_folders_goes_on_and_says_that_nothing_counts_as_corrected(
    config: TrainConfig, data: TrainingData, tmp_path: Path
) -> None:
    first = RecordedRun(config, tmp_path / "first").fit(data)
    again = config.model_copy(update={"epochs": 1, "start_from": str(tmp_path / "first")})
    run = RecordedRun(again, tmp_path / "second")
    second = run.fit(data)
    notices = [event.message for event in run.events_of(Notice)]
    assert any(f"{tmp_path / 'first'} has no saved labels of these images" in text for text in notices)
    assert second.best_miou > 0.9 * first.best_miou
    assert second.bundle.header.training["settings"]["start_from"] == str(tmp_path / "first")


def test_folders_are_split_so_that_nothing_that_was_trained_on_validates(
    config: TrainConfig, folders: Path, schema: ClassSchema, tmp_path: Path
) -> None:
    where = folders / "images", folders / "masks", schema
    RecordedRun(config.model_copy(update={"epochs": 1}), tmp_path / "first").fit(folder_data(*where, seed=0, buffer=8))
    going_on = config.model_copy(update={"epochs": 1, "start_from": str(tmp_path / "first")})
    for seed in (0, 1, 2):
        find = parent_areas_finder(going_on, tmp_path / "second", resume=False)
        data = folder_data(*where, seed=seed, buffer=8, find_trained=find)
        run = RecordedRun(going_on, tmp_path / f"second-{seed}")
        run.fit(data)
        assert not [event for event in run.events_of(Notice) if "are left out, since" in event.message]
        found = parent_areas_finder(going_on, tmp_path / f"second-{seed}", resume=True)
        assert folder_data(*where, seed=seed, buffer=8, find_trained=found) == data
    assert parent_areas_finder(config, tmp_path / "second", resume=False) is None


def test_what_the_start_model_was_trained_on_does_not_validate(
    config: TrainConfig, data: TrainingData, tmp_path: Path
) -> None:
    first = RecordedRun(config, tmp_path / "first").fit(data)
    swapped = replace(data, train=(data.train[0], data.val[0]), val=(data.train[1], *part_of(data.val[0])))
    going_on = config.model_copy(update={"epochs": 1, "start_from": str(tmp_path / "first")})
    with pytest.raises(TrainingError, match="trained on all labels that validate here"):
        RecordedRun(going_on, tmp_path / "none").fit(replace(swapped, val=data.train[1:]))
    assert not (tmp_path / "none").exists()
    run = RecordedRun(going_on, tmp_path / "second")
    run.at_step[2] = run.control.stop
    assert run.fit(swapped).reason == "stopped"
    notices = [event.message for event in run.events_of(Notice)]
    assert any("pixels are left out, since the model was trained on them (b)" in text for text in notices)
    assert any(text.startswith("parent model: mIoU 0.") for text in notices)
    shutil.rmtree(tmp_path / "first")
    resumed = RecordedRun(going_on, tmp_path / "second", resume=True)
    second = resumed.fit(swapped)
    assert resumed.events_of(EpochFinished)[0].val_pixels == 30 * 40
    beside = second.beside_parent  # the parent model, measured before the run was stopped
    assert beside is not None
    assert f"mIoU {beside.other_miou:.3f} on the same" in next(text for text in notices if text.startswith("parent"))
    assert beside.other_miou + beside.difference == pytest.approx(second.best_miou)
    stems = [image["stem"] for image in second.bundle.header.training["trained_on"]]
    assert sorted(stems) == ["a", "b", "c"]  # a once: both were trained on all of it
    assert first.bundle.header.training["trained_px"].keys() == second.bundle.header.training["trained_px"].keys()


def part_of(area: LabelledArea) -> tuple[LabelledArea, ...]:
    return (replace(area, window=PixelWindow(10, 20, 40, 30)),)


@pytest.mark.parametrize("record", [None, "{", "[]", "{}"])
def test_the_record_of_the_parent_model(bundle: ModelBundle, tmp_path: Path, record: str | None) -> None:
    folder = RunFolder(tmp_path)
    assert load_parent(folder) is None
    if record is None:
        bundle.save(tmp_path / "before.model")
        save_parent(folder, bundle.header, tmp_path / "before.model")
        assert load_parent(folder) == read_header_of(bundle)
        assert folder.parent_model.read_bytes() == (tmp_path / "before.model").read_bytes()
        return
    folder.parent_record.write_text(record)
    with pytest.raises(ModelError, match=r"before\.json"):
        load_parent(folder)


def read_header_of(bundle: ModelBundle) -> BundleHeader:
    return BundleHeader.from_record(bundle.header.to_record(), Path("model"))


def test_a_parent_model_without_record_gives_a_notice(data: TrainingData, bundle: ModelBundle) -> None:
    rest = held_out_validation(data, bundle.header)
    assert (rest.areas, rest.notices) == (data.val, (NOT_RECORDED,))


def test_a_run_whose_loss_is_lost_at_once_goes_back_to_the_start_model(
    config: TrainConfig, data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    RecordedRun(config, tmp_path / "first").fit(data)
    going_on = config.model_copy(update={"epochs": 1, "start_from": str(tmp_path / "first")})
    usual, run = RecordedRun(going_on, tmp_path / "usual"), RecordedRun(going_on, tmp_path / "run")
    usual.fit(data)
    good, count = Learner.step, iter(range(1, 100))
    monkeypatch.setattr(Learner, "step", lambda self, *batch: math.nan if next(count) == 3 else good(self, *batch))
    assert run.fit(data).reason == "finished"
    assert run.losses[2] == usual.losses[0] != usual.losses[2]


def test_bands_are_compared_by_name_where_both_have_names(
    bundle: ModelBundle, named: TrainingData, tmp_path: Path
) -> None:
    names = ("Red", "Green", "Blue")
    model = str(tmp_path / "named.safetensors")
    with_header(bundle, band_names=names).save(Path(model))
    assert fine_tuned_config(TrainConfig(start_from=model)).bands == names
    for given in (("1", "2", "3"), ("red", "2", "BLUE")):
        assert fine_tuned_config(TrainConfig(start_from=model, bands=given)).bands == given
    with pytest.raises(TrainingError, match=r"Bands: .* has Red, Green, Blue, not Red, Green"):
        fine_tuned_config(TrainConfig(start_from=model, bands=("Red", "Green")))
    elsewhere = replace(named, bands=(4, 2, 1), band_names=("red", "green", "blue"))
    assert start_from_model(model, "tiny", elsewhere).notices == ()
    with pytest.raises(TrainingError, match="its bands red, green, blue would have to be blue, green, red"):
        start_from_model(model, "tiny", replace(named, band_names=names[::-1]))


def test_a_path_means_the_same_from_any_folder(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(model).parent)
    assert fine_tuned_config(TrainConfig(start_from=Path(model).name)).start_from == model


def test_what_is_given_stays_even_where_it_is_the_default(model: str) -> None:
    fresh = TrainConfig(start_from=model)
    config = fine_tuned_config(fresh, {"learning_rate"})
    assert (config.learning_rate, config.warm_up) == (fresh.learning_rate, FINE_TUNING_WARM_UP)
    with pytest.raises(TrainingError, match=rf"Network: .* has tiny, not {fresh.model}"):
        fine_tuned_config(fresh, {"model"})


@pytest.mark.parametrize("start_from", ["first", "first/model.safetensors"])
def test_no_run_writes_over_the_model_that_it_starts_from(
    config: TrainConfig, data: TrainingData, tmp_path: Path, start_from: str
) -> None:
    RecordedRun(config.model_copy(update={"epochs": 1}), tmp_path / "first").fit(data)
    before = (tmp_path / "first" / "model.safetensors").read_bytes()
    again = config.model_copy(update={"start_from": str(tmp_path / start_from)})
    with pytest.raises(TrainingError, match="would overwrite the model that it starts from"):
        RecordedRun(again, tmp_path / "first", overwrite=True)
    assert (tmp_path / "first" / "model.safetensors").read_bytes() == before
