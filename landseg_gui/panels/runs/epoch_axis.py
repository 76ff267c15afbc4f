"""The position of a training step on an axis of epochs, while the length of the current epoch is still unknown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Squeeze:
    """What is drawn of an epoch is too wide or too narrow: x beyond `start` moves to start + (x - start) * factor."""

    start: float
    factor: float


class EpochAxis:
    """Counts the steps of every epoch, so that epoch n ends at exactly n, however many steps it took.

    An epoch of a run by minutes may be several passes over the data, or a part of one: its length is known only once it
    is over. Until then it is taken to be as long as the one before; where it grows longer, what is drawn of it is
    squeezed. Both methods return the x, and how to move what is drawn already, or None.
    """

    def __init__(self, steps_per_epoch: int = 1) -> None:
        """Begin with `steps_per_epoch`, the steps of a pass over the data, as the length of the first epoch."""
        self._length = max(1, steps_per_epoch)
        self._epoch = 0
        self._starts: dict[int, int] = {}
        self._last_step = 0

    def at_step(self, epoch: int, step: int) -> tuple[float, Squeeze | None]:
        """Return the position of a step in epoch 1, 2, ...; both numbers decrease where a run rolls back."""
        squeeze = self._turn_to(epoch, step) if epoch != self._epoch else None
        self._last_step = step
        done = step - self._starts[epoch]
        if done > self._length:
            squeeze = self._stretch_to(max(done, 2 * self._length))
        return epoch - 1 + done / self._length, squeeze

    def at_end(self, epoch: int, step: int) -> tuple[float, Squeeze | None]:
        """Return the position of the end of an epoch, at this step: its number."""
        squeeze = None
        if epoch == self._epoch and step > self._starts[epoch]:
            squeeze = self._stretch_to(step - self._starts[epoch])
        self._starts[epoch + 1] = step
        return float(epoch), squeeze

    def _turn_to(self, epoch: int, step: int) -> Squeeze | None:
        """Begin an epoch; the one before, if its end was not reported, ended with the last step."""
        squeeze = None
        if epoch == self._epoch + 1 and epoch not in self._starts and self._epoch:
            _, squeeze = self.at_end(self._epoch, self._last_step)
        self._epoch = epoch
        first = 0 if epoch == 1 else step - 1
        self._starts.setdefault(epoch, first)
        for later in [number for number in self._starts if number > epoch]:  # they will be trained again
            del self._starts[later]
        return squeeze

    def _stretch_to(self, length: int) -> Squeeze | None:
        factor, self._length = self._length / length, length
        return Squeeze(self._epoch - 1.0, factor) if factor != 1 else None
