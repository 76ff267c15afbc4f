"""The random forest that suggestions are compared with."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from benchmarks.assistant.another_image import forest_on_another_image
from benchmarks.assistant.forest import Forest, pixel_features
from benchmarks.assistant.line import Case
from benchmarks.assistant.scenes import DataSet
from benchmarks.simulated_user import Effort


def striped(side: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Return an image (S, S, 3) whose left half is dark and whose right half is bright, with noise, and its classes."""
    truth = np.repeat(np.repeat([[3, 1]], side, 0), side // 2, 1).astype(np.uint8)
    noise = np.random.default_rng(0).integers(0, 40, (side, side, 3))
    return (np.where(truth == 1, 180, 60)[..., None] + noise).astype(np.uint8), truth


def test_features_do_not_depend_on_the_brightness_of_the_image() -> None:
    rgb, _ = striped()
    np.testing.assert_allclose(pixel_features(rgb), pixel_features(rgb // 2 * 2 + 1), atol=0.1)
    assert pixel_features(rgb).shape[1:] == rgb.shape[:2]


def test_a_few_labels_are_enough_for_two_halves() -> None:
    rgb, truth = striped()
    labels = np.full_like(truth, 255)
    labels[10:20, 10:20], labels[40:50, 40:50] = 3, 1
    forest = Forest(seed=0)
    forest.fit([pixel_features(rgb)], [labels])
    found = forest.predict(pixel_features(rgb))
    assert found.dtype == np.uint8
    assert (found == truth).mean() > 0.9


def test_strokes_on_three_images_and_the_map_of_a_fourth(tmp_path: Path) -> None:
    rgb, truth = striped()
    stems = [f"here_{number}" for number in range(4)]
    for kind, pixels in (("images", rgb), ("masks", truth)):
        (tmp_path / kind).mkdir()
        for stem in stems:
            cv2.imwrite(str(tmp_path / kind / f"{stem}.png"), pixels)
    (tmp_path / "train.txt").write_text("".join(f"{stem}\n" for stem in stems))
    (tmp_path / "val.txt").write_text("elsewhere\n")
    data = DataSet(tmp_path)
    done = forest_on_another_image(Case(data, data.scene("here"), 0, tmp_path))
    assert done.effort == Effort(strokes=30, looks=3)
    assert done.values["accuracy"] > 0.9
    assert done.computer_s > 0
