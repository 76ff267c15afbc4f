"""Which teacher a run has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from landseg_core.assistant.encoder import EncoderFeatures, pretrained_features
from landseg_core.data.class_locations import ClassLocations
from landseg_core.data.label_coverage import labelled_share, spread_windows, whole_images
from landseg_core.data.reader import AreaReader, Labels
from landseg_core.data.training_data import TrainingData
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED
from landseg_core.messages import N_
from landseg_core.models.catalog import CATALOG
from landseg_core.models.starter import STARTER
from landseg_core.runs.config import TrainConfig
from landseg_core.training.corrected_parent import CorrectedParent
from landseg_core.training.pixel_features import PixelFeatures
from landseg_core.training.start import start_from_model
from landseg_core.training.state import RunState
from landseg_core.training.teacher import Teacher, Window, fitted_teacher

FEW_LABELS = 0.2
"""A teacher counts less and less up to this labelled share of the training areas, from which labels alone suffice."""
MOST_WINDOWS, SIDE = 128, 192
"""A teacher is fitted to the labels in so many windows at most, of so many px across and down."""
REPLAY_WINDOWS = 24
"""The windows, spread over the images, in which the parent's opinion is replayed."""
_MARGIN = 48
"""Px around a window that its features depend on."""


def teacher_weight(config: TrainConfig, data: TrainingData) -> float:
    """Return how much the teacher's predictions count beside the labels; 0 where the run has none, for it has many."""
    return config.teacher_weight * max(0.0, 1 - labelled_share(data.train) / FEW_LABELS)


def teacher_notices(state: RunState, teacher: Teacher) -> list[str]:
    """Return the sentences about where a run with a teacher learns what."""
    share, model = labelled_share(state.data.train), state.config.start_model
    if teacher.has_parent:
        return [
            N_(
                "{share:.1%} of the training areas is labelled: elsewhere the run keeps to what {model} predicts, "
                "corrected for the labels",
                share=share,
                model=model,
            )
        ]
    of_forest = N_(
        "{share:.1%} of the training areas is labelled: elsewhere the run is trained on the predictions of a random "
        "forest fitted to the labels",
        share=share,
    )
    if state.parent is None:
        return [of_forest]
    contradicted = N_(
        "the labels are predicted better without {model} than with it: the run begins with its weights, but does not "
        "keep to its predictions",
        model=model,
    )
    return [contradicted, of_forest]


def run_teacher(state: RunState, reader: AreaReader, parent: Path, checkpoint: Callable[[], None]) -> Teacher | None:
    """Return the teacher of a run, fitted to its labels; the same run always has the same. None if it finds none.

    `parent` is the file of the model that the run fine-tunes, if it does; `checkpoint` is called before each read.

    Raises:
        ModelError: that file is missing or damaged.
        RasterError: an image cannot be read.
        DatasetError: a mask holds a value that no class has.
        JobStopped: `checkpoint` raised it.
    """
    config, data, network = state.config, state.data, state.learner.network
    features = PixelFeatures(len(data.bands), _encoder(config, data))
    corrected = _parent(state, parent) if state.parent is not None else None
    windows = [*_labelled_windows(data, reader, config.seed, checkpoint)]
    if corrected:
        windows += _replay_windows(data, reader, checkpoint)
    # Nobody has seen the map of the starter model before labelling: labels are no corrections of it, but a test.
    doubted = config.start_model == STARTER
    return fitted_teacher(network, features, corrected, windows, len(data.schema), config.seed, doubted=doubted)


def _parent(state: RunState, path: Path) -> CorrectedParent:
    assert state.parent is not None
    model = start_from_model(str(path), state.config.model, state.data).model
    known = state.parent.schema.names
    new = [index for index, name in enumerate(state.data.schema.names) if name not in known]
    return CorrectedParent(state.learner.network.with_model(model), new)


def _encoder(config: TrainConfig, data: TrainingData) -> EncoderFeatures | None:
    """Return the pretrained encoder; None where it is not installed, or not wanted."""
    pretraining = CATALOG["lite0"].pretraining
    if not config.pretrained or pretraining is None or not pretraining.installed():
        return None
    return pretrained_features(len(data.bands))


def _labelled_windows(
    data: TrainingData, reader: AreaReader, seed: int, checkpoint: Callable[[], None]
) -> Iterator[Window]:
    """Yield windows with labels of the training areas, a random choice of too many, with pixels around them."""
    located = ClassLocations.found(data.train, reader, len(data.schema), checkpoint)
    corners = np.unique(located.cells // [1, SIDE, SIDE], axis=0)
    whole = {area.image: area for area in whole_images(data.train)}
    for number, column, row in np.random.default_rng(seed).permutation(corners)[:MOST_WINDOWS].tolist():
        checkpoint()
        area, side = data.train[number], SIDE + 2 * _MARGIN
        window = PixelWindow(column * SIDE - _MARGIN, row * SIDE - _MARGIN, side, side)
        pixels, _ = reader.read_image(whole[area.image], window)
        yield pixels, _inner(reader.read(area, window)[1])


def _inner(labels: Labels) -> Labels:
    """Return the labels of a window without those of the margin: they belong to another window."""
    kept = np.full_like(labels, UNLABELLED)
    kept[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN] = labels[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
    return kept


def _replay_windows(data: TrainingData, reader: AreaReader, checkpoint: Callable[[], None]) -> Iterator[Window]:
    """Yield windows without their labels, spread over the images."""
    for image, window in spread_windows(whole_images(data.train), SIDE, REPLAY_WINDOWS):
        checkpoint()
        pixels, _ = reader.read_image(image, window)
        yield pixels, np.full(pixels.shape[1:], UNLABELLED, np.uint8)
