"""Segments what somebody clicks on: the encoder looks at a crop once, the decoder answers each click."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from landseg_core.assistant.click_segment.frame import Crop, Logits, ModelFrame
from landseg_core.assistant.click_segment.interfaces import (
    COORDS,
    CROP_SIZE,
    FORMER,
    HAS_FORMER,
    LABELS,
    SCORES,
    ModelPair,
)
from landseg_core.assistant.click_segment.runtime import Array, Values, open_graph
from landseg_core.errors import ModelError
from landseg_core.events import JobControl
from landseg_core.input_files import AnyPath
from landseg_core.labels.outlines import Ring, outline
from landseg_core.labels.regions import CoarseRegion
from landseg_core.messages import N_

_PADDING = -1  # the label of a point without meaning
_MOST_CHOICES = 3  # masks for a click that may mean the part, the object or more; a mask before them is for many clicks


class Click(NamedTuple):
    """A click at (`x`, `y`) of the raster, in px: on the object, or (`on` is False) on what does not belong to it."""

    x: float
    y: float
    on: bool = True


@dataclass(frozen=True, eq=False)
class EncodedCrop:
    """A crop and what the encoder has made of it."""

    crop: Crop
    frame: ModelFrame
    features: Values


@dataclass(frozen=True, eq=False)
class Segment:
    """An answer: its pixels, None where there are none, its outline in raster px, and what the next answer builds on.

    `rings` are outer rings and holes, see `landseg_core.labels.outlines`; `logits` is (1, 1, side / 4, side / 4).
    """

    region: CoarseRegion | None
    rings: tuple[Ring, ...]
    logits: Logits


class ClickModel:
    """A pair of ONNX files, opened. Each method may run in any thread, one call at a time."""

    def __init__(self, encoder: AnyPath, decoder: AnyPath) -> None:
        """Open the two files.

        Raises:
            ModelError: one cannot be read, they are not of SAM's or SAM 2's interface, or no runtime is installed.
        """
        self._encoder, self._decoder = open_graph(encoder), open_graph(decoder)
        self.pair = ModelPair.of(self._encoder, self._decoder)

    @property
    def title(self) -> str:
        """Return the name of the interface, for users."""
        return self.pair.interface.title

    def encode(self, crop: Crop, control: JobControl | None = None) -> EncodedCrop:
        """Let the encoder look at a crop, which takes seconds.

        Raises:
            ModelError: the runtime cannot do it, for lack of memory for example.
            JobStopped: on request.
        """
        height, width = crop.rgb.shape[:2]
        frame = self.pair.frame((width, height))
        image = self.pair.image.array(frame.pixels(crop.rgb), self.pair.side)
        found = self._encoder.run({self.pair.image.name: image}, control)
        return EncodedCrop(crop, frame, {name: found[output] for name, output in self.pair.features.items()})

    def segment(
        self,
        encoded: EncodedCrop,
        clicks: Sequence[Click],
        former: Segment | None = None,
        control: JobControl | None = None,
    ) -> Segment | None:
        """Return what is segmented by `clicks`; None where no click on the object lies inside the crop.

        `former` is the answer to the clicks before the last one, on the same crop: the decoder refines it.

        Raises:
            ModelError: the runtime cannot do it, or gives an answer of another form.
            JobStopped: on request.
        """
        points = [(encoded.crop.inside((click.x, click.y)), click.on) for click in clicks]
        inside = [(position, on) for position, on in points if position is not None]
        if not any(on for _, on in inside):
            return None
        positions = np.array([encoded.frame.position(position) for position, _ in inside])
        prompt = self._prompt(positions, np.array([float(on) for _, on in inside]), former)
        found = self._decoder.run({**encoded.features, **prompt}, control)
        logits = self._chosen(found, len(inside))
        mask, corner = encoded.frame.mask(logits[0, 0])
        region = encoded.crop.region(mask, corner)
        return Segment(region, _rings(region) if region else (), logits)

    def _prompt(self, positions: npt.NDArray[np.float64], labels: Array, former: Segment | None) -> Values:
        """Return what the decoder is asked. Its coordinates count from the centre of the first pixel."""
        coords = positions - 0.5
        if self.pair.interface.pads_points:
            coords, labels = np.vstack([coords, [[0.0, 0.0]]]), np.append(labels, _PADDING)
        cells = self.pair.cells
        mask = former.logits if former else np.zeros((1, 1, cells, cells), np.float32)
        values = {COORDS: coords[np.newaxis], LABELS: labels[np.newaxis], FORMER: mask}
        values[HAS_FORMER] = np.array([float(former is not None)])
        if CROP_SIZE in self._decoder.inputs:
            values[CROP_SIZE] = np.array([cells, cells])  # of the masks in full size, which nobody looks at
        return values

    def _chosen(self, found: Values, clicks: int) -> Logits:
        """Return the decoder's best answer (1, 1, h, w) by its own score.

        Where a mask for many clicks comes before those for one, that is the answer to more than one click.
        """
        masks, scores = found[self.pair.interface.logits], found[SCORES].reshape(-1)
        cells = self.pair.cells
        if masks.ndim != 4 or masks.shape[2:] != (cells, cells) or masks.shape[1] != len(scores):
            raise self._odd_answer(masks)
        best = int(np.argmax(scores))
        if len(scores) > _MOST_CHOICES:
            best = 0 if clicks > 1 else 1 + int(np.argmax(scores[1:]))
        return np.ascontiguousarray(masks[:1, best : best + 1], np.float32)

    def _odd_answer(self, masks: Array) -> ModelError:
        return ModelError(
            N_(
                "{path} gives masks of another form than a decoder of {interface} ({shape}); choose another decoder",
                path=self._decoder.path,
                interface=self.title,
                shape=" x ".join(map(str, masks.shape)),
            )
        )


def _rings(region: CoarseRegion) -> tuple[Ring, ...]:
    return outline(region.pixels, (region.x, region.y), region.scale)
