from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.rasters import write_raster

from landseg_core.compute.device_names import DeviceError
from landseg_core.data.areas import LabelledArea
from landseg_core.data.training_data import TrainingData
from landseg_core.errors import DatasetError, JobStopped, ModelError
from landseg_core.events import Event, JobControl, Notice, Progress
from landseg_core.inference.backends.torch_backend import TorchBackend
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import build_model
from landseg_core.models.header import BundleHeader
from landseg_core.models.weights import weights_of
from landseg_core.runs.provenance import provenance
from landseg_core.training.evaluation import evaluate
from tests.support.models import with_header


@pytest.fixture
def bundle(data: TrainingData, tiny: str) -> ModelBundle:
    """A model that answers `water` for bluish pixels and `land` for all others, never `road`."""
    model = build_model(tiny, 3, 3)
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            value.fill_(1.0 if name.endswith("running_var") else 0.0)
    first, second = model.up_arm[-1].conv[0], model.up_arm[-1].conv[3]
    skip = model.down_arm[0]
    for block in (skip[1], skip[4], model.up_arm[-1].conv[1], model.up_arm[-1].conv[4]):
        block.weight.data.fill_(1.0)
    skip[0].weight.data[0, :, 1, 1] = skip[0].weight.data.new_tensor([-1.0, -1.0, 2.0])
    skip[3].weight.data[0, 0, 1, 1] = first.weight.data[0, 0, 1, 1] = second.weight.data[0, 0, 1, 1] = 1.0
    model.head.weight.data[1, 0] = 1.0
    model.head.bias.data[:] = model.head.bias.data.new_tensor([1.0, 0.0, -100.0])
    header = BundleHeader("tiny", data.schema, (1, 2, 3), "uint8", data.normalisation(), None, {})
    return ModelBundle(header, weights_of(model))


def blue(pixels: np.ndarray, bundle: ModelBundle) -> np.ndarray:
    normalisation = bundle.header.normalisation
    mean, std = (np.array(values)[:, None, None] for values in (normalisation.mean, normalisation.std))
    red, green, blue = (pixels - mean) / std
    return 2 * blue - red - green > 1


def test_masks_are_read_as_the_mapping_says(bundle: ModelBundle, data: TrainingData) -> None:
    counted = [
        np.array(evaluate(bundle, data.val, "cpu", precision="fp32", mapping=mapping).metrics.confusion).sum(axis=1)
        for mapping in ({}, {"4": "road", "255": "water"}, {"4": ""})
    ]
    plain, moved, left_out = counted
    assert moved.tolist() == [plain[0], 64, plain[2] + plain[1]]
    assert left_out.tolist() == [plain[0], 0, plain[2]]


def test_the_metrics_are_those_counted_by_hand(bundle: ModelBundle, data: TrainingData) -> None:
    areas = (*data.train, *data.val)
    evaluation = evaluate(bundle, areas, "cpu", precision="fp32")
    confusion = np.zeros((3, 3), int)
    for area in areas:
        pixels, labels = data.reader().read(area)
        predicted = blue(pixels, bundle).astype(int)
        known = labels != 255
        np.add.at(confusion, (labels[known], predicted[known]), 1)
    assert evaluation.metrics.confusion == confusion.tolist()
    assert evaluation.pixels == confusion.sum()
    assert evaluation.accuracy == pytest.approx(np.trace(confusion) / confusion.sum())
    assert evaluation.iou["road"] == 0
    assert evaluation.iou["water"] == pytest.approx(
        confusion[1, 1] / (confusion[1].sum() + confusion[:, 1].sum() - confusion[1, 1])
    )
    assert evaluation.iou["water"] > 0.8


def test_tta_is_counted_as_it_is_predicted(data: TrainingData, tiny: str) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        weights = weights_of(build_model(tiny, 3, 3))
    weights["head.weight"] *= 50  # else it would see one class everywhere
    bundle = ModelBundle(BundleHeader(tiny, data.schema, (1, 2, 3), "uint8", data.normalisation(), None, {}), weights)
    backend = TorchBackend(bundle, "cpu", "fp32", tta=True)
    right = 0
    for area in data.val:
        pixels, labels = data.reader().read(area)
        right += int((backend.probabilities(pixels).argmax(0) == labels).sum())
    evaluation = evaluate(bundle, data.val, "cpu", precision="fp32", tta=True)
    assert evaluation.accuracy == pytest.approx(right / evaluation.pixels, abs=1e-3)
    assert evaluation.accuracy != evaluate(bundle, data.val, "cpu", precision="fp32").accuracy


def test_the_json_has_the_documented_fields(bundle: ModelBundle, data: TrainingData) -> None:
    evaluation = json.loads(json.dumps(evaluate(bundle, data.val, "cpu").as_dict(), allow_nan=False))
    more = ["per_class", "blocks", "block_px", "accuracy_interval", "miou_interval", "warnings", "images"]
    assert list(evaluation) == ["accuracy", "miou", "iou", "confusion", "classes", "pixels", *more, "left_out_px"]
    assert evaluation["classes"] == list(evaluation["iou"]) == ["land", "water", "road"]


def trained_on(bundle: ModelBundle, data: TrainingData) -> ModelBundle:
    return with_header(bundle, training=provenance(data, lambda: None))


def test_ground_that_was_trained_on_does_not_count(bundle: ModelBundle, data: TrainingData) -> None:
    notices: list[Event] = []
    half = replace(data.train[0].window, height=48)
    some = replace(data, train=(replace(data.train[0], window=half), data.train[1]))
    evaluation = evaluate(trained_on(bundle, some), (*data.train, *data.val), "cpu", notices.append, precision="fp32")
    assert evaluation.left_out_px == 48 * 80 + 70 * 101
    lower = replace(data.train[0], window=half.shifted(0, 48))
    labels = [data.reader().read(area)[1] for area in (lower, *data.val)]
    assert evaluation.pixels == sum(int((label != 255).sum()) for label in labels)
    (notice,) = [event.message for event in notices if isinstance(event, Notice)]
    assert notice == (
        "10910 of 21500 pixels are left out, since the model was trained on them (a, b): "
        "the metrics count only the rest"
    )
    assert [image.stem for image in evaluation.metrics.images] == ["a", "c"]


def test_evaluation_on_training_areas_alone_is_refused(bundle: ModelBundle, data: TrainingData) -> None:
    with pytest.raises(DatasetError, match="the model was trained on all 14750 pixels of a, b"):
        evaluate(trained_on(bundle, data), data.train, "cpu")


def test_what_is_left_needs_labels(bundle: ModelBundle, data: TrainingData, tmp_path: Path) -> None:
    unlabelled = replace(data.val[0], mask=write_raster(tmp_path / "none.png", np.full((90, 75), 255, np.uint8)))
    with pytest.raises(DatasetError, match="no pixel that the model was not trained on is labelled"):
        evaluate(trained_on(bundle, data), (*data.train, unlabelled), "cpu")


def test_metrics_come_with_their_warnings(bundle: ModelBundle, data: TrainingData) -> None:
    record = evaluate(bundle, data.val, "cpu").as_dict()
    assert record["warnings"][0] == "road: labelled, but never predicted; the overall accuracy hides this"
    assert "too few for reliable metrics" in record["warnings"][-1]
    assert [item["iou"] for item in record["per_class"]] == list(record["iou"].values())
    assert record["images"][0]["accuracy"] == record["accuracy"]


def test_a_class_absent_from_both_has_no_iou(bundle: ModelBundle, data: TrainingData, tmp_path: Path) -> None:
    area = data.val[0]
    truth = np.full((area.window.height, area.window.width), 1, np.uint8)
    mask = write_raster(tmp_path / "land.png", truth)
    evaluation = evaluate(bundle, [replace(area, mask=mask)], "cpu")
    assert evaluation.iou["road"] is None
    assert evaluation.miou == pytest.approx((evaluation.iou["land"] + evaluation.iou["water"]) / 2)  # type: ignore[operator]


def test_an_image_with_too_few_bands_is_refused(bundle: ModelBundle, data: TrainingData, tmp_path: Path) -> None:
    image = write_raster(tmp_path / "grey.tif", np.zeros((2, 90, 75), np.uint8))
    with pytest.raises(ModelError, match=r"needs the bands 1, 2, 3, but .*grey\.tif has only 1, 2; choose"):
        evaluate(bundle, [*data.val, replace(data.val[0], image=image)], "cpu")


def test_masks_without_labels_are_refused(bundle: ModelBundle, data: TrainingData, tmp_path: Path) -> None:
    mask = write_raster(tmp_path / "none.png", np.full((90, 75), 255, np.uint8))
    unlabelled: LabelledArea = replace(data.val[0], mask=mask)
    with pytest.raises(DatasetError, match="no pixel to evaluate on is labelled"):
        evaluate(bundle, [unlabelled], "cpu")


def test_it_reports_progress_and_stops(bundle: ModelBundle, data: TrainingData) -> None:
    events: list[Event] = []
    evaluate(bundle, data.train, "cpu", events.append)
    last = events[-1]
    assert isinstance(last, Progress)
    assert (last.task, last.fraction) == ("evaluating", 1)
    control = JobControl()
    control.stop()
    with pytest.raises(JobStopped):
        evaluate(bundle, data.train, "cpu", control=control)


def test_a_device_that_is_not_there(bundle: ModelBundle, data: TrainingData) -> None:
    with pytest.raises(DeviceError, match="no device"):
        evaluate(bundle, data.val, "gpu")
