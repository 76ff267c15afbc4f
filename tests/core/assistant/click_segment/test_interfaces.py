"""Two files are an encoder and a decoder of a known interface, or refused in one sentence."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from landseg_core.assistant.click_segment.interfaces import ImageInput, ModelPair
from landseg_core.assistant.click_segment.runtime import Graph, Tensor
from landseg_core.errors import ModelError

FLOAT = np.dtype(np.float32)
PROMPTS = {
    "point_coords": (1, None, 2),
    "point_labels": (1, None),
    "mask_input": (1, 1, 256, 256),
    "has_mask_input": (1,),
}
SAM = (
    ({"input_image": (None, None, 3)}, {"image_embeddings": (1, 256, 64, 64)}),
    (
        {"image_embeddings": (1, 256, 64, 64), **PROMPTS, "orig_im_size": (2,)},
        {"masks": (1, None, None, None), "iou_predictions": (1, 1), "low_res_masks": (1, 1, 256, 256)},
    ),
)
FEATURES = {
    "high_res_feats_0": (1, 32, 256, 256),
    "high_res_feats_1": (1, 64, 128, 128),
    "image_embed": (1, 256, 64, 64),
}
SAM2 = (
    ({"image": (1, 3, 1024, 1024)}, FEATURES),
    ({**FEATURES, **PROMPTS}, {"masks": (1, 3, 256, 256), "iou_predictions": (1, 3)}),
)

LAST = ImageInput("x", channels_last=True, batched=False, whole_numbers=False, size=(None, None))
FIRST = ImageInput("x", channels_last=False, batched=True, whole_numbers=False, size=(128, 128))


def graph(name: str, inputs: dict, outputs: dict) -> Graph:
    def tensors(shapes: dict) -> dict[str, Tensor]:
        return {name: Tensor(shape, FLOAT) for name, shape in shapes.items()}

    return Graph(Path(f"{name}.onnx"), "ONNX Runtime", tensors(inputs), tensors(outputs), lambda *_: {})


def pair_of(encoder: tuple[dict, dict], decoder: tuple[dict, dict]) -> ModelPair:
    return ModelPair.of(graph("encoder", *encoder), graph("decoder", *decoder))


def test_sam_as_samexporter_writes_it() -> None:
    pair = pair_of(*SAM)
    assert (pair.interface.title, pair.side, pair.cells) == ("SAM", 1024, 256)
    assert pair.image == replace(LAST, name="input_image")
    assert pair.features == {"image_embeddings": "image_embeddings"}
    assert pair.frame((1600, 900)).size == (1024, 576)


def test_sam_without_preprocessing_in_the_file() -> None:
    encoder = ({"x": (1, 3, 1024, 1024)}, {"output": (1, 256, 64, 64)})
    pair = pair_of(encoder, SAM[1])
    assert pair.image == replace(FIRST, size=(1024, 1024))
    assert pair.features == {"image_embeddings": "output"}  # its only one, whatever its name


def test_sam_2_as_samexporter_writes_it() -> None:
    pair = pair_of(*SAM2)
    assert (pair.interface.title, pair.side) == ("SAM 2", 1024)
    assert pair.features == {name: name for name in FEATURES}
    assert pair.frame((1600, 900)).size == (1024, 1024)


def test_an_encoder_of_fixed_size_that_is_not_square() -> None:
    pair = pair_of(({"input_image": (684, 1024, 3)}, SAM[0][1]), SAM[1])
    assert pair.frame((1600, 900)).size == (1024, 576)
    assert pair.frame((900, 1600)).size == (385, 684)
    assert pair.image.array(np.full((576, 1024, 3), 7, np.uint8), 1024).shape == (684, 1024, 3)


def changed(shapes: dict, **changes: tuple | None) -> dict:
    return {name: shape for name, shape in {**shapes, **changes}.items() if shape is not None}


REFUSED = {
    "swapped": (SAM[1], SAM[0], "decoder.onnx is not a decoder.*point_coords"),
    "another decoder": (SAM[0], (changed(SAM[1][0], mask_input=None), SAM[1][1]), "decoder.onnx is not.*mask_input"),
    "no embedding": (SAM[0], (changed(SAM[1][0], image_embeddings=None), SAM[1][1]), "decoder.onnx is not"),
    "half of SAM 2": (SAM2[0], (changed(SAM2[1][0], high_res_feats_1=None), SAM2[1][1]), "decoder.onnx is not"),
    "no scores": (SAM[0], (SAM[1][0], changed(SAM[1][1], iou_predictions=None)), "decoder.onnx.*iou_predictions"),
    "scores as masks": (SAM[0], (SAM[1][0], changed(SAM[1][1], low_res_masks=(1, 4))), "decoder.onnx.*low_res_masks"),
    "encoders of two kinds": (SAM[0], SAM2[1], "encoder.onnx is not an encoder"),
    "no image": (({"x": (1, 77)}, SAM[0][1]), SAM[1], "encoder.onnx is not an encoder"),
    "four bands": (({"x": (1, 4, 1024, 1024)}, SAM[0][1]), SAM[1], "encoder.onnx is not an encoder"),
    "two inputs": (({"x": (1, 3, 8, 8), "y": (1,)}, SAM[0][1]), SAM[1], "encoder.onnx is not an encoder"),
    "another size": (({"x": (1, 3, 512, 512)}, SAM[0][1]), SAM[1], "of different sizes"),
    "another embedding": ((SAM[0][0], {"image_embeddings": (1, 256, 32, 32)}), SAM[1], "of different sizes"),
    "no size": (SAM[0], (changed(SAM[1][0], mask_input=(1, 1, None, None)), SAM[1][1]), "of different sizes"),
    "not square": (SAM[0], (changed(SAM[1][0], mask_input=(1, 1, 256, 128)), SAM[1][1]), "of different sizes"),
}


@pytest.mark.parametrize(("encoder", "decoder", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_pair_is_refused_in_a_sentence(encoder: tuple, decoder: tuple, words: str) -> None:
    with pytest.raises(ModelError) as caught:
        pair_of(encoder, decoder)
    assert re.search(words, str(caught.value))
    assert "choose" in str(caught.value)


def test_channels_last_means_that_the_file_prepares_pixels_itself() -> None:
    pixels = np.arange(60 * 128 * 3, dtype=np.uint8).reshape(60, 128, 3)
    assert (LAST.array(pixels, 128) == pixels).all()
    assert LAST.array(pixels, 128).shape == (60, 128, 3)
    assert replace(LAST, batched=True).array(pixels, 128).shape == (1, 60, 128, 3)


def test_channels_first_are_normalised_as_sam_was_trained_and_padded_with_zeros() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (60, 128, 3), np.uint8)
    found = FIRST.array(pixels, 128)
    assert found.shape == (1, 3, 128, 128)
    assert found.dtype == np.float32
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])  # of ImageNet, as SAM 2 has them
    expected = ((pixels / 255 - mean) / deviation).transpose(2, 0, 1)
    assert np.abs(found[0, :, :60] - expected).max() < 1e-4
    assert not found[0, :, 60:].any()


def test_whole_numbers_are_passed_on_as_they_are() -> None:
    pixels = np.full((128, 128, 3), 9, np.uint8)
    assert (replace(FIRST, whole_numbers=True).array(pixels, 128) == 9).all()
