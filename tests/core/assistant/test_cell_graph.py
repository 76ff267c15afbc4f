from __future__ import annotations

import numpy as np

from landseg_core.assistant.cell_graph import Borders, SimilarNeighbours, TileOutline, borders_of
from landseg_core.geo.tiling import TileKey

IDS = np.array([[0, 0, 1], [0, 2, 1], [2, 2, -1]], np.int32)


def as_dict(borders: Borders) -> dict[tuple[int, int], int]:
    found: dict[tuple[int, int], int] = {}
    for one, other, length in zip(*borders.pairs.tolist(), borders.lengths.tolist(), strict=True):
        found[one, other] = found.get((one, other), 0) + length
    return found


def counted(ids: np.ndarray) -> dict[tuple[int, int], int]:
    """Return the borders by looking at every pair of pixels."""
    found: dict[tuple[int, int], int] = {}
    for row, column in np.ndindex(*ids.shape):
        for beside in ((row + 1, column), (row, column + 1)):
            if beside[0] < ids.shape[0] and beside[1] < ids.shape[1]:
                pair = tuple(sorted((int(ids[row, column]), int(ids[beside]))))
                if pair[0] != pair[1] and pair[0] >= 0:
                    found[pair] = found.get(pair, 0) + 1
    return found


def test_borders_are_counted_in_px() -> None:
    assert as_dict(TileOutline.of(IDS).borders) == counted(IDS) == {(0, 1): 1, (0, 2): 3, (1, 2): 1}


def test_tiles_side_by_side_are_one_graph() -> None:
    """Four tiles have the borders of the whole, whatever their cells are called."""
    whole = np.random.default_rng(0).integers(0, 6, (8, 10)).astype(np.int32)
    whole[2:4, 3] = -1
    ids, outlines, starts, names = whole.copy(), {}, {}, []
    for row in range(2):
        for column in range(2):
            part = np.s_[row * 5 : row * 5 + 5, column * 6 : column * 6 + 6]
            known = np.unique(whole[part][whole[part] >= 0])
            own = np.where(whole[part] < 0, -1, np.searchsorted(known, whole[part])).astype(np.int32)
            key = TileKey(0, row, column)
            outlines[key], starts[key] = TileOutline.of(own), len(names)
            ids[part] = np.where(own < 0, -1, own + len(names))
            names += known.tolist()
    assert as_dict(borders_of(outlines, starts)) == counted(ids)


def test_a_mean_weighs_border_and_likeness() -> None:
    looks = np.array([[0.0], [0.0], [3.0]], np.float32)
    values = np.array([[0.0], [6.0], [12.0]], np.float32)
    found = SimilarNeighbours(TileOutline.of(IDS).borders, looks, 1e6).mean(values)
    np.testing.assert_allclose(
        found.ravel(), [(6 * 1 + 12 * 3) / 4, (0 * 1 + 12 * 1) / 2, (0 * 3 + 6 * 1) / 4], rtol=1e-4
    )
    alike = SimilarNeighbours(TileOutline.of(IDS).borders, looks, 0.5).mean(values)
    np.testing.assert_allclose(alike.ravel()[:2], [6, 0], atol=1e-4)


def test_a_cell_alone_keeps_its_value() -> None:
    alone = SimilarNeighbours(TileOutline.of(np.zeros((2, 2), np.int32)).borders, np.zeros((1, 1), np.float32), 1)
    assert alone.mean(np.array([[5.0]], np.float32)).tolist() == [[5.0]]
