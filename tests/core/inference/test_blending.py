"""Overlapping windows become rows; only rows that are still overlapped are kept."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from landseg_core.geo.window import PixelWindow
from landseg_core.inference import blending
from landseg_core.inference.blending import ArgmaxAccumulator, Rows, ScoreAccumulator, StripBlender, strongest
from landseg_core.inference.layout import ReceptiveField, axis_windows, plan_strips


@settings(deadline=None)
@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_the_strongest_class_is_that_of_argmax(classes: int, seed: int) -> None:
    scores = np.random.default_rng(seed).integers(0, 4, (classes, 5, 7)).astype(np.float32)
    index, score = strongest(scores)
    assert np.array_equal(index, scores.argmax(axis=0))
    assert np.array_equal(score, scores.max(axis=0))


@settings(deadline=None)
@given(
    st.integers(1, 90),
    st.integers(1, 90),
    st.integers(1, 6),
    st.integers(0, 30),
    st.integers(0, 12),
    st.integers(1, 60),
    st.randoms(use_true_random=False),
)
def test_windows_of_one_picture_blend_to_that_picture(
    width: int, height: int, steps: int, overlap: int, radius: int, max_width: int, random: object
) -> None:
    field, size = ReceptiveField(2, radius), (-(-overlap // 2) + steps) * 2
    generator = np.random.default_rng(width * 91 + height)
    picture = generator.random((3, height, width), np.float32)
    there = generator.random((height, width)) > 0.1
    rows, columns = axis_windows(height, size, overlap, field), axis_windows(width, size, overlap, field)
    index, score = np.full((height, width), 9), np.zeros((height, width))
    for strip in plan_strips(PixelWindow(0, 0, width, height), rows, columns, field, max_width):
        blender, scorer = StripBlender(3, strip, ArgmaxAccumulator), StripBlender(3, strip, ScoreAccumulator)
        for row, end in strip.finished_rows():
            shuffled = list(strip.columns)
            random.shuffle(shuffled)  # type: ignore[attr-defined]
            for column in shuffled:
                seen = slice(row.start, row.stop), slice(column.start, column.stop)
                for each in (blender, scorer):
                    each.add(row, column, picture[:, *seen].copy(), there[seen])
            for done, scored in zip(_finished(blender, end), _finished(scorer, end), strict=True):
                place = slice(done.top, done.top + len(done.index)), slice(strip.first, strip.last)
                index[place], score[place] = done.index, done.score
                assert done.top == scored.top
                assert np.allclose(scored.scores, picture[:, *place], atol=1e-5)
                assert np.array_equal(done.valid, there[place])
                assert np.array_equal(scored.valid, there[place])
    assert np.allclose(score, picture.max(axis=0), atol=1e-5)
    clear = np.diff(np.sort(picture, axis=0)[1:], axis=0)[0] > 1e-5
    assert np.array_equal(index[clear], picture.argmax(axis=0)[clear])


def _finished(blender: StripBlender[Rows], end: int) -> list[Rows]:
    with patch.object(blending, "_BATCH_ROWS", 7):
        return list(blender.finished(end))


def test_a_window_without_data_adds_no_scores() -> None:
    field = ReceptiveField(1, 0)
    spans = axis_windows(8, 8, 0, field)
    (strip,) = plan_strips(PixelWindow(0, 0, 8, 8), spans, spans, field, 100)
    blender = StripBlender(2, strip, ArgmaxAccumulator)
    blender.add(spans[0], spans[0], None, np.zeros((8, 8), np.bool_))
    (rows,) = blender.finished(8)
    assert not rows.valid.any()
    assert not rows.score.any()
