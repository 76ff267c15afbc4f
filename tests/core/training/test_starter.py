"""Runs that begin with the starter model: as with any model where it fits, and adapted where it does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from support.training import RecordedRun

from landseg_core.data.training_data import TrainingData
from landseg_core.errors import ModelError, TrainingError
from landseg_core.events import Notice
from landseg_core.labels.classes import ClassSchema
from landseg_core.models import header, starter
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import build_model
from landseg_core.models.header import BundleHeader, absolute_model, model_path
from landseg_core.models.normalisation import Normalisation
from landseg_core.models.pretrained import STEM
from landseg_core.models.starter import STARTER, STARTER_NETWORK
from landseg_core.models.weights import weights_of
from landseg_core.runs.config import NEW_MODEL, TrainConfig
from landseg_core.runs.folder import RunFolder
from landseg_core.runs.provenance import provenance
from landseg_core.runs.report_content import read_config
from landseg_core.training.checkpoint import resumed_config
from landseg_core.training.preparation import FINE_TUNING_RATE, fine_tuned_config
from landseg_core.training.start import config_with_starter
from landseg_core.training.state import RunState

NORMALISATION = Normalisation((90.0, 80.0, 70.0), (20.0, 30.0, 40.0))
CPU = torch.device("cpu")


@pytest.fixture
def bundle(schema: ClassSchema) -> ModelBundle:
    torch.manual_seed(3)
    state = weights_of(build_model("lite0", 3, len(schema)))
    return ModelBundle(BundleHeader("lite0", schema, (1, 2, 3), "uint8", NORMALISATION, None, {}), state)


@pytest.fixture(autouse=True)
def _starter(bundle: ModelBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A starter model with random weights stands in for the one that comes with landseg."""
    bundle.save(tmp_path / "starter.safetensors")
    monkeypatch.setattr(header, "starter_path", lambda: tmp_path / "starter.safetensors")


@pytest.fixture
def config() -> TrainConfig:
    given = {"start_from": STARTER, "epochs": 1, "batch": 2, "chip": 32, "device": "cpu", "precision": "fp32"}
    return fine_tuned_config(TrainConfig.model_validate(given))


def test_its_name_stands_for_its_file(bundle: ModelBundle, tmp_path: Path) -> None:
    assert model_path(STARTER) == tmp_path / "starter.safetensors"
    assert ModelBundle.load(STARTER) == bundle
    assert absolute_model(STARTER) == STARTER
    assert absolute_model("other") == str(Path("other").absolute())


def test_one_that_is_missing_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starter, "_FILE", "none.safetensors")
    with pytest.raises(ModelError, match="install landseg again"):
        starter.starter_path()


def test_only_the_network_is_its_own() -> None:
    config = fine_tuned_config(TrainConfig(start_from=STARTER, resolution_m=0.3, bands=("4", "1")))
    assert (config.model, config.bands, config.resolution_m) == ("lite0", ("4", "1"), 0.3)
    with pytest.raises(TrainingError, match="Network: starter has lite0, not unet16"):
        fine_tuned_config(TrainConfig(start_from=STARTER, model="unet16"))


def test_a_run_begins_with_it_and_is_resumed(config: TrainConfig, data: TrainingData, tmp_path: Path) -> None:
    run = RecordedRun(config, tmp_path / STARTER)  # a folder of that name is no model
    run.fit(data)
    assert RunFolder(tmp_path / STARTER).parent_model.exists()
    assert not [event for event in run.events_of(Notice) if "no saved labels" in event.message]
    assert resumed_config(tmp_path / STARTER, {"start_from": STARTER}) == config


def test_it_is_the_parent_where_it_fits(config: TrainConfig, data: TrainingData, bundle: ModelBundle) -> None:
    state = RunState.fresh(config, data, data.reader(), CPU)
    assert state.parent == bundle.header
    assert state.normalisation == NORMALISATION
    torch.testing.assert_close(weights_of(state.learner.network.model), bundle.state, rtol=0, atol=0)


@pytest.mark.parametrize(("bands", "dtype"), [((1, 2), "uint8"), ((1, 2, 3), "uint16")])
def test_its_weights_are_adapted_to_other_images(
    config: TrainConfig, data: TrainingData, bundle: ModelBundle, bands: tuple[int, ...], dtype: str
) -> None:
    other = replace(data, bands=bands, band_names=(), dtype=dtype)
    state = RunState.fresh(config, other, data.reader(), CPU)
    weights = weights_of(state.learner.network.model)
    torch.testing.assert_close(
        weights[STEM].sum(dim=1),
        bundle.state[STEM].sum(dim=1) if len(bands) == 3 else 3 * bundle.state[STEM].mean(dim=1),
    )
    assert all(torch.equal(weights[name], bundle.state[name]) for name in weights if name != STEM)
    assert state.parent is None
    assert state.normalisation != NORMALISATION
    assert any("its weights are adapted" in notice for notice in state.notices)


@pytest.mark.parametrize(
    ("given", "start"),
    [
        ({}, STARTER),
        ({"start_from": NEW_MODEL}, NEW_MODEL),
        ({"start_from": "other"}, "other"),
        ({"model": "unet16"}, None),
        ({"pretrained": False}, None),
    ],
)
def test_a_run_on_few_labels_starts_from_it_unless_settings_say_otherwise(
    given: dict[str, object], start: str | None, data: TrainingData
) -> None:
    config = config_with_starter(TrainConfig.model_validate(given), data)
    assert config.start_from == start
    fresh = TrainConfig().learning_rate
    assert config.learning_rate == (FINE_TUNING_RATE * fresh if start == STARTER else fresh)


@pytest.mark.parametrize("changes", [{"bands": (1, 2), "band_names": ()}, {"dtype": "uint16"}])
def test_it_is_not_chosen_for_images_of_another_kind(changes: dict[str, object], data: TrainingData) -> None:
    assert config_with_starter(TrainConfig(), replace(data, **changes)).start_from is None


def test_it_is_not_chosen_for_images_that_it_was_trained_on(
    bundle: ModelBundle, data: TrainingData, tmp_path: Path
) -> None:
    trained = replace(bundle.header, training=provenance(data, lambda: None))
    ModelBundle(trained, bundle.state).save(tmp_path / "starter.safetensors")
    assert config_with_starter(TrainConfig(), data).start_from is None


def test_a_run_on_few_labels_begins_with_it_by_itself(config: TrainConfig, data: TrainingData, tmp_path: Path) -> None:
    few = replace(data, train=tuple(replace(area, class_px=(5, 5, 5)) for area in data.train))
    left_open = config.model_copy(update={"start_from": None})
    for name, labels in {"few": few, "many": data}.items():
        RecordedRun(left_open, tmp_path / name).fit(labels)
    assert RunFolder(tmp_path / "few").parent_model.exists()
    assert not RunFolder(tmp_path / "many").parent_model.exists()
    assert read_config(RunFolder(tmp_path / "few"))["start_from"] == STARTER
    assert resumed_config(tmp_path / "few", {}).start_from == STARTER


def test_a_new_model_can_be_asked_for(config: TrainConfig, data: TrainingData, tmp_path: Path) -> None:
    new = fine_tuned_config(config.model_copy(update={"start_from": NEW_MODEL}))
    RecordedRun(new, tmp_path / "run").fit(data)
    assert not RunFolder(tmp_path / "run").parent_model.exists()
    assert resumed_config(tmp_path / "run", {"start_from": NEW_MODEL}) == new
    assert not new.read_options.of_model


def test_the_one_that_comes_with_landseg_is_whole_and_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header, "starter_path", starter.starter_path)
    bundle = ModelBundle.load(STARTER)
    assert bundle.header.architecture == STARTER_NETWORK
    assert starter.starter_path().stat().st_size < 9e6
    left_out = bundle.header.training["left_out"]
    assert all(0.4 < metrics["miou"] < 1 for metrics in left_out.values())
    stems = {image["stem"] for image in bundle.header.training["trained_on"]}
    assert not any(stem.startswith(tuple(left_out)) for stem in stems)
