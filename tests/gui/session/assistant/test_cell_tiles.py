"""The cells of the image in the view: cut in threads, dropped with the image."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from support.rasters import write_raster
from support.viewing import image_layer

from landseg_core.assistant.cells import cut_cells
from landseg_core.errors import RasterError
from landseg_core.geo.tiling import TileKey
from landseg_gui.session.assistant import cell_tiles
from landseg_gui.session.assistant.cell_tiles import CellTiles
from landseg_gui.viewer.layers import LayerStack

FIRST, SECOND = TileKey(0, 0, 0), TileKey(0, 0, 1)


def image(tmp_path: Path, name: str, seed: int) -> Path:
    blocks = np.random.default_rng(seed).integers(0, 255, (3, 10, 20), np.uint8)
    return write_raster(tmp_path / name, blocks.repeat(40, 1).repeat(40, 2))


@pytest.fixture
def service(qtbot: QtBot, tmp_path: Path) -> Iterator[CellTiles]:
    layers = LayerStack()
    layers.set_image(image_layer(image(tmp_path, "a.tif", 1)))
    service = CellTiles(layers)
    service.layers = layers
    yield service
    service.close()


def test_cells_come_in_the_background(qtbot: QtBot, service: CellTiles, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []

    def cut(rgb, valid, finer):
        threads.append(threading.current_thread())
        return cut_cells(rgb, valid, finer)

    monkeypatch.setattr(cell_tiles, "cut_cells", cut)
    assert service.cells(FIRST) is None
    with qtbot.waitSignal(service.ready, timeout=20_000) as signal:
        service.request([FIRST])
        assert service.is_coming(FIRST)
    assert signal.args == [FIRST]
    assert service.cells(FIRST).ids.shape == (400, 512)
    assert not service.is_coming(FIRST)
    assert threading.main_thread() not in threads


def test_a_tile_is_cut_once(qtbot: QtBot, service: CellTiles, monkeypatch: pytest.MonkeyPatch) -> None:
    with qtbot.waitSignal(service.ready, timeout=20_000):
        service.request([FIRST])
    monkeypatch.setattr(cell_tiles, "cut_cells", lambda *_: pytest.fail("cut again"))
    first = service.cells(FIRST)
    service.request([FIRST])
    assert service.cells(FIRST) is first
    assert service.image_cells.of(FIRST) is first


def test_each_part_keeps_what_it_has_asked_for_and_the_last_comes_first(qtbot: QtBot, service: CellTiles) -> None:
    order = []
    service.ready.connect(order.append)
    with service._threads.changed:  # nothing begins before both have asked
        service.request([FIRST], by="suggestion")
        service.request([SECOND], by="tool")
    qtbot.waitUntil(lambda: len(order) == 2, timeout=20_000)
    assert order == [SECOND, FIRST]


def test_cells_of_another_image_are_dropped_even_where_they_are_being_cut(
    qtbot: QtBot, service: CellTiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, may_end = threading.Event(), threading.Event()

    def cut(rgb, valid, finer):
        began.set()
        assert may_end.wait(20)
        return cut_cells(rgb, valid, finer)

    monkeypatch.setattr(cell_tiles, "cut_cells", cut)
    came = []
    service.ready.connect(came.append)
    service.request([FIRST])
    assert began.wait(20)
    with qtbot.waitSignal(service.emptied):
        service.layers.set_image(image_layer(image(tmp_path, "b.tif", 2)))
    assert not service.is_coming(FIRST)
    may_end.set()
    monkeypatch.setattr(cell_tiles, "cut_cells", cut_cells)
    service.request([SECOND])
    qtbot.waitUntil(lambda: service.cells(SECOND) is not None, timeout=20_000)
    assert FIRST not in came
    assert service.cells(FIRST) is None


def test_better_overviews_cut_anew(qtbot: QtBot, service: CellTiles) -> None:
    with qtbot.waitSignal(service.ready, timeout=20_000):
        service.request([FIRST])
    with qtbot.waitSignal(service.emptied):
        service.layers.image.reread.emit()
    assert service.cells(FIRST) is None


def test_bands_and_contrast_of_the_view_change_nothing(qtbot: QtBot, service: CellTiles) -> None:
    with qtbot.waitSignal(service.ready, timeout=20_000):
        service.request([FIRST])
    first = service.cells(FIRST)
    rendering = service.layers.image.rendering
    service.layers.image.set_rendering(type(rendering)((3, 2, 1), rendering.stretch))
    assert service.cells(FIRST) is first
    assert np.array_equal(service.image_cells._cut(FIRST).ids, first.ids)


def test_a_tile_that_cannot_be_read_is_not_waited_for(
    qtbot: QtBot, service: CellTiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_):
        raise RasterError("it cannot be read")

    monkeypatch.setattr(cell_tiles, "read_tile_image", fail)
    with qtbot.waitSignal(service.ready, timeout=20_000):
        service.request([FIRST])
    assert service.cells(FIRST) is None
    assert not service.is_coming(FIRST)


def test_without_an_image_there_is_nothing(qtbot: QtBot) -> None:
    service = CellTiles(LayerStack())
    service.request([FIRST])
    assert service.cells(FIRST) is None
    assert not service.is_coming(FIRST)
    assert service.image_cells is None
    service.close()


def test_finer_cells_are_cut_beside_the_others(qtbot: QtBot, service: CellTiles) -> None:
    with qtbot.waitSignal(service.ready, timeout=20_000):
        service.request([FIRST], finer=True)
        assert service.is_coming(FIRST, finer=True)
        assert not service.is_coming(FIRST)
    assert service.cells(FIRST) is None
    finer = service.cells(FIRST, finer=True)
    with qtbot.waitSignal(service.ready, timeout=20_000):
        service.request([FIRST])
    assert service.cells(FIRST, finer=True) is finer
    assert finer.count() == pytest.approx(4 * service.cells(FIRST).count(), rel=0.05)
    service.layers.image.reread.emit()
    assert service.cells(FIRST, finer=True) is None
