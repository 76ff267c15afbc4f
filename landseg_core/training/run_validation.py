"""The validations of a run: within the time of a run by minutes, and within the available memory."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from landseg_core.compute.device_names import DeviceError
from landseg_core.compute.memory import Answer, retry_on_out_of_memory
from landseg_core.data.label_coverage import are_few, label_coverage, spread_windows, whole_images
from landseg_core.data.reader import AreaReader
from landseg_core.data.training_data import TrainingData
from landseg_core.errors import TrainingError
from landseg_core.events import Notice
from landseg_core.messages import N_
from landseg_core.metrics.map_estimate import estimate_map
from landseg_core.models.header import BundleHeader
from landseg_core.runs.parent_model import ALL_TRAINED, held_out_validation
from landseg_core.runs.provenance import trained_classes
from landseg_core.training.network import Network
from landseg_core.training.schedule import RunPosition
from landseg_core.training.validation import ValidationMetrics, Validator

PROBE_SHARE = 0.01
"""The share of a run by minutes that may go into finding out how long a validation will take."""
MAP_WINDOWS, MAP_SIDE = 32, 160
"""How many windows of the whole images are looked at where labels are few, and their side in px."""
LONGEST_VALIDATION, SAMPLED_VALIDATION = 0.5, 0.25
"""If a validation would take more than the first share of a run by minutes, it is limited to about the second."""


@dataclass(frozen=True)
class ValidationStarted:
    """A validation of `pixels` px begins; `ValidatedWindow`s follow, and all of them again after a lack of memory."""

    pixels: int


class RunValidation:
    """Validates a run's network, with smaller windows where memory runs out.

    `notices` say what is counted, `halvings` is how often the windows were halved. Where labels are few, each
    validation also looks at a sample of the whole images; see `estimate_map`.
    """

    def __init__(
        self,
        network: Network,
        data: TrainingData,
        reader: AreaReader,
        emit: Callable[[object], None],
        checkpoint: Callable[[], None],
        parent: BundleHeader | None = None,
        beside: float = 0.0,
        label_weight: float = 1.0,
    ) -> None:
        """Leave out what the parent model was trained on; `parent` is its header, `label_weight` see `estimate_map`.

        `beside` are the seconds that listeners to a validation take at most. `checkpoint` is called before every
        window that is searched for labels.

        Raises:
            TrainingError: no label is left.
            RasterError: an image cannot be read.
            JobStopped: `checkpoint` raised it.
        """
        self._emit, self._trained = emit, np.array(trained_classes(data), np.bool_)
        rest = held_out_validation(data, parent)
        few = are_few(rest.areas)
        images = whole_images((*data.train, *data.val)) if few else []
        self._coverage = label_coverage((*data.train, *data.val), images, reader, checkpoint) if few else None
        sample = spread_windows(images, MAP_SIDE, MAP_WINDOWS)
        self._whole = self._validator = Validator(network, len(data.schema), rest.areas, reader, rest.left_out, sample)
        self.notices, self.halvings, self._beside = rest.notices, 0, beside
        self._label_weight = label_weight
        if rest.left_out and not self._validator.any_labelled(checkpoint):
            raise TrainingError(ALL_TRAINED)

    @property
    def pixels(self) -> int:
        """Return the pixels that are counted if they are labelled."""
        return self._validator.pixels

    def reserve(self, position: RunPosition, total: float) -> None:
        """Measure how long validating takes, and count fewer windows where a run of `total` s has no time for all.

        A resumed run keeps to its first measurement.
        """
        if position.validation_seconds:
            self._count_only(position.validated_share, position.window_halvings)
            return
        seconds, share = self._in_memory(lambda validator: validator.probe(PROBE_SHARE * total)), 1.0
        if seconds > LONGEST_VALIDATION * total:
            share = SAMPLED_VALIDATION * total / seconds
            self._count_only(share, self.halvings)
            self._emit(
                Notice(
                    N_(
                        "validating everything would take too long for a run of {minutes:g} min: its metrics are of "
                        "about {share:.1%} of the validation areas; evaluate the model for those of all",
                        minutes=total / 60,
                        share=share,
                    )
                )
            )
        position.validation_seconds, position.validated_share = share * seconds + self._beside, share
        position.window_halvings = self.halvings

    def _count_only(self, share: float, halvings: int) -> None:
        """Count about `share` of the windows, and halve them as often as memory required.

        They are chosen before any is halved, so that a resumed run counts the same pixels.
        """
        self._validator, self.halvings = self._whole.sampled(share) if share < 1 else self._whole, halvings
        with suppress(DeviceError):  # those chosen may be smaller than the largest one, which had to be halved
            for _ in range(halvings):
                self._validator = self._validator.halved()

    def measure(self, checkpoint: Callable[[], None]) -> ValidationMetrics:
        """Return the metrics of the network as it is, and emit every window; errors as of `Validator.measure`.

        Raises:
            DeviceError: memory does not suffice, however small the windows are.
        """
        return self._in_memory(lambda validator: self._measured(validator, checkpoint))

    def _measured(self, validator: Validator, checkpoint: Callable[[], None]) -> ValidationMetrics:
        self._emit(ValidationStarted(validator.pixels))
        metrics = validator.measure("validation", self._emit, checkpoint, self._emit)
        if metrics.calibration is None:
            return metrics
        known = self._trained | (metrics.matrix.counts.sum(axis=1) > 0)
        estimate = estimate_map(metrics.calibration, self._label_weight).of_classes(known)
        return replace(metrics, estimate=estimate, coverage=self._coverage)

    def _in_memory(self, work: Callable[[Validator], Answer]) -> Answer:
        """Return what `work` gives, retried with windows of half the size while memory runs out."""
        return retry_on_out_of_memory(lambda: work(self._validator), self._halve)

    def _halve(self) -> None:
        self._validator, self.halvings = self._validator.halved(self._emit), self.halvings + 1
