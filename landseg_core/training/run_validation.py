"""The validations of a run: in the time that a run by minutes has for them, and in the memory that there is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from landseg_core.compute.device_names import DeviceError
from landseg_core.compute.memory import Answer, retry_on_out_of_memory
from landseg_core.data.reader import AreaReader
from landseg_core.data.training_data import TrainingData
from landseg_core.errors import TrainingError
from landseg_core.events import Notice, OnEvent
from landseg_core.models.header import BundleHeader
from landseg_core.runs.parent_model import ALL_TRAINED, judging_areas
from landseg_core.runs.samples import PictureChooser
from landseg_core.training.network import Network
from landseg_core.training.schedule import RunPosition
from landseg_core.training.validation import Figures, Validator

PROBE_SHARE = 0.01
"""The share of a run by minutes that may go into finding out how long a validation will take."""
LONGEST_VALIDATION, SAMPLED_VALIDATION = 0.5, 0.25
"""Where one validation would take more of a run by minutes than the first, only about the second is spent on it."""


class RunValidation:
    """Validates a run's network, with smaller windows where memory asks for it.

    `notices` are what there is to know of what is counted, `halvings` how often the windows were made smaller.
    """

    def __init__(
        self,
        network: Network,
        data: TrainingData,
        reader: AreaReader,
        on_event: OnEvent,
        checkpoint: Callable[[], None],
        before: BundleHeader | None = None,
    ) -> None:
        """Leave out what the model learnt from that the run started from; `before` is what it tells.

        `checkpoint` is called before every window that is looked at for labels.

        Raises:
            TrainingError: no label is left.
            RasterError: an image cannot be read.
            JobStopped: `checkpoint` raised it.
        """
        self._network, self._classes, self._on_event = network, len(data.schema), on_event
        rest = judging_areas(data, before)
        self._whole = self._validator = Validator(network, self._classes, rest.areas, reader, rest.left_out)
        self.notices, self.halvings = rest.notices, 0
        if rest.left_out and not self._validator.any_labelled(checkpoint):
            raise TrainingError(ALL_TRAINED)

    @property
    def pixels(self) -> int:
        """Return the pixels that are counted if they are labelled."""
        return self._validator.pixels

    def reserve(self, position: RunPosition, total: float, beside: float) -> None:
        """Find out how long validating takes, and count fewer windows where a run of `total` s has no time for all.

        `beside` are the seconds that what comes with a validation takes. A run that goes on keeps to what it found out
        before.
        """
        if position.validation_seconds:
            self._count_only(position.validated_share, position.window_halvings)
            return
        seconds, share = self._in_memory(lambda validator: validator.probe(PROBE_SHARE * total)), 1.0
        if seconds > LONGEST_VALIDATION * total:
            share = SAMPLED_VALIDATION * total / seconds
            self._count_only(share, self.halvings)
            self._on_event(
                Notice(
                    f"validating everything would take too long for a run of {total / 60:g} min: its figures count "
                    f"about {share:.1%} of the validation areas, evaluate the model for those of all"
                )
            )
        position.validation_seconds, position.validated_share = share * seconds + beside, share
        position.window_halvings = self.halvings

    def _count_only(self, share: float, halvings: int) -> None:
        """Count about `share` of the windows, and cut them as often as memory asked for.

        They are chosen before any is cut, so that a run that goes on counts the same pixels.
        """
        self._validator, self.halvings = self._whole.sampled(share) if share < 1 else self._whole, halvings
        with suppress(DeviceError):  # those chosen may be smaller than the largest one, which had to be cut
            for _ in range(halvings):
                self._validator = self._validator.halved()

    def measure(self, checkpoint: Callable[[], None]) -> tuple[Figures, PictureChooser]:
        """Return the figures of the network as it is, and what it looked like; errors as of `Validator.measure`.

        Raises:
            DeviceError: memory does not suffice, however small the windows are.
        """
        return self._in_memory(lambda validator: self._measured(validator, checkpoint))

    def _measured(self, validator: Validator, checkpoint: Callable[[], None]) -> tuple[Figures, PictureChooser]:
        pictures = PictureChooser(self._classes, validator.pixels)
        return validator.measure("validation", self._on_event, checkpoint, pictures.look), pictures

    def _in_memory(self, work: Callable[[Validator], Answer]) -> Answer:
        """Return what `work` gives, tried again with windows of half the size until memory suffices for them."""
        return retry_on_out_of_memory(lambda: work(self._validator), self._halve)

    def _halve(self) -> None:
        self._validator, self.halvings = self._validator.halved(self._on_event), self.halvings + 1
