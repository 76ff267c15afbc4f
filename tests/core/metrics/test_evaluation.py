from __future__ import annotations

import json

import numpy as np
import pytest

from landseg_core.labels.classes import ClassSchema
from landseg_core.metrics import evaluation
from landseg_core.metrics.blocks import BlockCounts
from landseg_core.metrics.evaluation import evaluate_blocks

KEYS = [
    "pixels",
    "blocks",
    "block_px",
    "accuracy",
    "accuracy_interval",
    "miou",
    "miou_interval",
    "classes",
    "confusion",
    "warnings",
    "images",
    "estimated",
    "labels_accuracy",
    "labels_miou",
]
OF_A_CLASS = [
    "name",
    "colour",
    "iou",
    "iou_interval",
    "f1",
    "f1_interval",
    "producers_accuracy",
    "producers_accuracy_interval",
    "users_accuracy",
    "users_accuracy_interval",
    "truth_px",
    "predicted_px",
]


def counted(number: int) -> BlockCounts:
    """Return blocks of two images in which the third class is neither true nor predicted."""
    counts = np.random.default_rng(0).integers(50, 900, (number, 3, 3))
    counts[:, 2] = counts[:, :, 2] = 0
    return BlockCounts(counts, np.arange(number) % 2, ("a", "b"), 256)


def test_the_json_is_that_of_the_documentation(schema: ClassSchema) -> None:
    told = evaluate_blocks(counted(30), schema).as_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert list(told) == KEYS
    assert [list(item) for item in told["classes"]] == [OF_A_CLASS] * 3
    assert [(item["name"], item["colour"]) for item in told["classes"]] == [
        ("land", "#d9d4c7"),
        ("water", "#0072b2"),
        ("road", "#f0e442"),
    ]
    assert [list(item) for item in told["images"]] == [["stem", "pixels", "accuracy", "miou"]] * 2
    assert (told["blocks"], told["block_px"], len(told["confusion"])) == (30, 256, 3)


def test_intervals_lie_around_their_figures(schema: ClassSchema) -> None:
    told = evaluate_blocks(counted(30), schema).as_dict()
    water = told["classes"][1]
    for figure in ("iou", "f1", "producers_accuracy", "users_accuracy"):
        low, high = water[f"{figure}_interval"]
        assert low < water[figure] < high
    assert told["accuracy_interval"][0] < told["accuracy"] < told["accuracy_interval"][1]
    assert told["miou"] == pytest.approx((told["classes"][0]["iou"] + water["iou"]) / 2)


def test_a_class_that_is_absent_has_no_figures(schema: ClassSchema) -> None:
    road = evaluate_blocks(counted(30), schema).as_dict()["classes"][2]
    assert [road[key] for key in OF_A_CLASS[2:]] == [None] * 8 + [0, 0]


def test_images_add_up_to_the_whole(schema: ClassSchema) -> None:
    blocks = counted(7)
    told = evaluate_blocks(blocks, schema)
    assert [image.pixels for image in told.images] == [int(own.sum()) for _, own in blocks.by_image()]
    assert sum(image.pixels for image in told.images) == told.pixels == blocks.counts.sum()
    hits = sum(image.accuracy * image.pixels for image in told.images)
    assert told.accuracy == pytest.approx(hits / told.pixels)


def test_only_what_was_trained_can_be_missing_from_the_validation(schema: ClassSchema) -> None:
    assert evaluate_blocks(counted(30), schema).warnings != ()
    assert evaluate_blocks(counted(30), schema, [True, True, False]).warnings == ()


def test_without_labels_there_are_no_figures(schema: ClassSchema) -> None:
    nothing = BlockCounts(np.zeros((0, 3, 3), np.int64), np.zeros(0, np.int64), ("a",), 256)
    told = evaluate_blocks(nothing, schema).as_dict()
    assert (told["pixels"], told["accuracy"], told["miou"], told["images"]) == (0, None, None, [])


def test_the_record_of_a_model_leaves_out_what_is_large(schema: ClassSchema, monkeypatch: pytest.MonkeyPatch) -> None:
    told = evaluate_blocks(counted(30), schema)
    assert told.as_record() == told.as_dict()
    monkeypatch.setattr(evaluation, "MOST_IMAGES", 1)
    monkeypatch.setattr(evaluation, "LARGEST_MATRIX", 2)
    assert list(told.as_record()) == [key for key in KEYS if key not in {"images", "confusion"}]
