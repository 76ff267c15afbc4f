"""Lines of labels that help on another image: strokes on three images of a scene, and the map of a fourth."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.assistant.forest import Forest, pixel_features
from benchmarks.assistant.line import Case, Goal, Line, Measured
from benchmarks.assistant.scenes import View, read_rgb, read_values, view_of
from benchmarks.assistant.scoring import score
from benchmarks.assistant.suggesting import LabelledImage
from benchmarks.scribbles import Mask
from benchmarks.simulated_user import Effort, labels_of, strokes_on_images
from landseg_core.assistant.suggestion import RowGroup

LABELLED_IMAGES, STROKES = 3, 30


@dataclass(frozen=True)
class Labelled:
    """Images with strokes on them, (H, W) class values each, and a view of another image of the scene."""

    images: list[Path]
    labels: list[Mask]
    view: View

    @classmethod
    def of(cls, case: Case) -> Labelled:
        """Return which images, strokes and view a case is about: the same for every line."""
        rng = case.rng("another image")
        *chosen, last = rng.permutation(len(case.scene.images))[: LABELLED_IMAGES + 1].tolist()
        truth = [read_values(case.scene.masks[number]) for number in chosen]
        drawn = strokes_on_images(truth, STROKES, rng)
        labels = [labels_of(strokes, mask.shape) for strokes, mask in zip(drawn, truth, strict=True)]
        images = [case.scene.images[number] for number in chosen]
        return cls(images, labels, view_of(case.scene.images[last], case.scene.masks[last], rng))

    def measured(self, found: Mask, seconds: float) -> Measured:
        """Return how good the (H, W) map of the view is."""
        values = score([self.view.truth], [found], [labels_of([], found.shape)])
        return Measured(asdict(values), Effort(strokes=STROKES, looks=LABELLED_IMAGES), seconds)


def forest_on_another_image(case: Case) -> Measured:
    """Measure a forest that was fitted to the strokes."""
    labelled, start = Labelled.of(case), time.monotonic()
    forest = Forest(case.seed)
    forest.fit([pixel_features(read_rgb(image)) for image in labelled.images], labelled.labels)
    found = forest.predict(pixel_features(labelled.view.rgb))
    return labelled.measured(found, time.monotonic() - start)


def suggestion_on_another_image(case: Case) -> Measured:
    """Measure what the strokes suggest for the view."""
    labelled, start = Labelled.of(case), time.monotonic()
    groups: list[RowGroup] = []
    for path, labels in zip(labelled.images, labelled.labels, strict=True):
        with LabelledImage(path) as image:
            image.label(image.window, labels)
            groups += image.row_groups()
    with LabelledImage(labelled.view.image) as image:
        found = image.suggest(labelled.view.window, groups)
    return labelled.measured(found, time.monotonic() - start)


QUALITY = (Goal("miou", "mIoU of the view"), Goal("accuracy", "accuracy of the view"))
TITLE = f"{STROKES} strokes on {LABELLED_IMAGES} images, the view of another"

LINES = {
    "another-image-forest": Line(
        f"{TITLE}, random forest",
        forest_on_another_image,
        QUALITY,
    ),
    "another-image": Line(
        f"{TITLE}, suggestion",
        suggestion_on_another_image,
        (
            *QUALITY,
            Goal("miou", "gain in mIoU over the forest", over="another-image-forest"),
            Goal("accuracy", "gain in accuracy over the forest", over="another-image-forest"),
        ),
    ),
}
