"""The two interfaces of encoder and decoder that are known: SAM's and SAM 2's, as the package samexporter writes them.

Nothing else is assumed of the files: sizes, types and the layout of the image are read from their inputs and outputs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from landseg_core.assistant.click_segment.frame import ModelFrame, Rgb
from landseg_core.assistant.click_segment.runtime import Array, Graph, Tensor
from landseg_core.errors import ModelError
from landseg_core.messages import N_

COORDS, LABELS, FORMER, HAS_FORMER = "point_coords", "point_labels", "mask_input", "has_mask_input"
CROP_SIZE, SCORES = "orig_im_size", "iou_predictions"
_PROMPTS = (COORDS, LABELS, FORMER, HAS_FORMER)
_MEAN = np.array([123.675, 116.28, 103.53], np.float32)
_DEVIATION = np.array([58.395, 57.12, 57.375], np.float32)
_FORMER_PX = 4  # a mask that is fed back has a value for so many px of the image, across and down
_BANDS = 3
_MASK_AXES = 4


@dataclass(frozen=True)
class Interface:
    """How the decoder of a kind of model is asked.

    Attributes:
        title: its name for users.
        features: the decoder's inputs that the encoder computes.
        logits: the decoder's output with the masks that can be fed back, (1, N, side / 4, side / 4).
        stretches: whether the image fills the square that the model sees; else its proportions stay, and the rest of
            the square is zero.
        pads_points: whether a point without meaning follows the clicks, as the decoder expects where there is no box.
    """

    title: str
    features: tuple[str, ...]
    logits: str
    stretches: bool
    pads_points: bool


INTERFACES = (
    Interface("SAM", ("image_embeddings",), "low_res_masks", stretches=False, pads_points=True),
    Interface(
        "SAM 2", ("image_embed", "high_res_feats_0", "high_res_feats_1"), "masks", stretches=True, pads_points=False
    ),
)


@dataclass(frozen=True)
class ImageInput:
    """How an encoder takes its image: `name`, layout, and `size` (width, height), None where it is free.

    An encoder that takes the channels last, or whole numbers, prepares pixel values itself; otherwise they are
    normalised here.
    """

    name: str
    channels_last: bool
    batched: bool
    whole_numbers: bool
    size: tuple[int | None, int | None]

    def array(self, pixels: Rgb, side: int) -> Array:
        """Return what the encoder takes for (H, W, 3) pixels that have the size of the frame."""
        normalised = not (self.channels_last or self.whole_numbers)
        values = (pixels.astype(np.float32) - _MEAN) / _DEVIATION if normalised else pixels
        padded = self._padded(values, side)
        ordered = padded if self.channels_last else padded.transpose(2, 0, 1)
        return ordered[np.newaxis] if self.batched else ordered

    def _padded(self, values: Array, side: int) -> Array:
        """Return the values with zeros right and below, where the encoder does not add them itself."""
        least = 0 if self.channels_last else side
        width, height = (size or least for size in self.size)
        rows, columns = max(0, height - values.shape[0]), max(0, width - values.shape[1])
        return np.pad(values, ((0, rows), (0, columns), (0, 0))) if rows or columns else values


@dataclass(frozen=True)
class ModelPair:
    """What is known of an encoder and a decoder that belong together; `side` is that of the square they see, in px.

    `features` maps the decoder's inputs to the encoder's outputs.
    """

    interface: Interface
    image: ImageInput
    side: int
    features: dict[str, str]

    @property
    def cells(self) -> int:
        """Return the side of a mask that is fed back, in its own values."""
        return self.side // _FORMER_PX

    @classmethod
    def of(cls, encoder: Graph, decoder: Graph) -> ModelPair:
        """Read it from the two files.

        Raises:
            ModelError: they have another interface, or do not belong together.
        """
        interface = _interface(decoder)
        image = _image_input(encoder)
        features = _features(encoder, decoder, interface)
        return cls(interface, image, _side(encoder, decoder, image), features)

    def frame(self, crop: tuple[int, int]) -> ModelFrame:
        """Return how a crop of (width, height) px lies in the square."""
        if self.interface.stretches:
            return ModelFrame.stretched(crop, self.side)
        width, height = self.image.size
        return ModelFrame.fitted(crop, (width or self.side, height or self.side), self.side)


def _interface(decoder: Graph) -> Interface:
    found = next((item for item in INTERFACES if all(name in decoder.inputs for name in item.features)), None)
    needed = found.features if found else ()
    lacking = [name for name in (*_PROMPTS, *needed) if name not in decoder.inputs]
    if found is None or lacking:
        names = lacking or [item.features[0] for item in INTERFACES]
        raise ModelError(
            N_(
                "{path} is not a decoder of SAM or SAM 2 (no input {names}); choose one as samexporter writes it",
                path=decoder.path,
                names=_listed(names),
            )
        )
    _require_outputs(decoder, found)
    return found


def _require_outputs(decoder: Graph, interface: Interface) -> None:
    lacking = [name for name in (interface.logits, SCORES) if name not in decoder.outputs]
    if not lacking and len(decoder.outputs[interface.logits].shape) == _MASK_AXES:
        return
    raise ModelError(
        N_(
            "{path} is not a decoder of {interface} as samexporter writes it (no masks as output {names}); "
            "choose another decoder",
            path=decoder.path,
            interface=interface.title,
            names=_listed(lacking or [interface.logits]),
        )
    )


def _image_input(encoder: Graph) -> ImageInput:
    """Return how the encoder takes its image: the channels are the axis of size 3, or else the first one."""
    inputs = list(encoder.inputs.items())
    shape = inputs[0][1].shape if len(inputs) == 1 else ()
    image, batched = (shape[1:], True) if len(shape) == _BANDS + 1 else (shape, False)
    if len(image) != _BANDS or _BANDS not in (image[0], image[-1]):
        raise _no_encoder(encoder)
    (name, tensor), channels_last = inputs[0], image[0] != _BANDS
    height, width = image[:2] if channels_last else image[1:]
    whole_numbers = tensor.dtype is not None and np.issubdtype(tensor.dtype, np.integer)
    return ImageInput(name, channels_last, batched, whole_numbers, (width, height))


def _features(encoder: Graph, decoder: Graph, interface: Interface) -> dict[str, str]:
    names = {name: name for name in interface.features}
    if len(names) == len(encoder.outputs) == 1:
        names = dict(zip(interface.features, encoder.outputs, strict=True))
    if any(output not in encoder.outputs for output in names.values()):
        raise _no_encoder(encoder)
    for name, output in names.items():
        if not _agree(encoder.outputs[output], decoder.inputs[name]):
            raise _not_together(encoder, decoder)
    return names


def _side(encoder: Graph, decoder: Graph, image: ImageInput) -> int:
    """Return the side of the square, which the mask that is fed back gives, or the encoder's image where that is free.

    Of the image, all that is fixed has to fit the square.
    """
    former = decoder.inputs[FORMER].shape[-2:]
    sizes = [size * _FORMER_PX for size in former if size is not None] or [size for size in image.size if size]
    if not sizes or any(size != sizes[0] for size in sizes):
        raise _not_together(encoder, decoder)
    side = sizes[0]
    fixed = [size for size in image.size if size is not None]
    fits = max(fixed, default=side) == side if image.channels_last else all(size == side for size in fixed)
    if not fits:
        raise _not_together(encoder, decoder)
    return side


def _agree(one: Tensor, other: Tensor) -> bool:
    """Return whether two shapes are the same as far as they are known."""
    if not one.shape or not other.shape:
        return True
    pairs = zip(one.shape, other.shape, strict=False)
    return len(one.shape) == len(other.shape) and all(None in pair or pair[0] == pair[1] for pair in pairs)


def _no_encoder(encoder: Graph) -> ModelError:
    return ModelError(
        N_(
            "{path} is not an encoder of SAM or SAM 2 that belongs to the decoder (it takes {inputs} and gives "
            "{outputs}); choose one as samexporter writes it",
            path=encoder.path,
            inputs=_listed(encoder.inputs),
            outputs=_listed(encoder.outputs),
        )
    )


def _not_together(encoder: Graph, decoder: Graph) -> ModelError:
    return ModelError(
        N_(
            "{encoder} and {decoder} are of different sizes; choose an encoder and a decoder of the same model",
            encoder=encoder.path,
            decoder=decoder.path,
        )
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
