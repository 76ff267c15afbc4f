"""What the tests of the window share: rasters, a viewport, a window, and no tolerance for complaints."""

from __future__ import annotations

import gc
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QLocale
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from rasterio.enums import ColorInterp as C
from support.rasters import HEIGHT, UTM_GRID, WIDTH, coordinate_pixels, write_raster
from support.viewing import image_layer, wait_until_sharp

from landseg_core.labels.classes import ClassSchema, load_classes
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.jobs.runner import _Worker as Worker
from landseg_gui.main_window.window import MainWindow
from landseg_gui.session.session import Session
from landseg_gui.settings import Settings
from landseg_gui.theme import ThemeManager
from landseg_gui.viewer.frame import ViewFrame
from landseg_gui.viewer.layers import LayerStack
from landseg_gui.viewer.viewport import Viewport

_HARMLESS = "This plugin does not support"  # the offscreen platform cannot raise a window
MakeRaster = Callable[..., Path]


@pytest.fixture(autouse=True)
def _no_complaints(qtlog, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test in which Qt warns or landseg logs an error that the test does not take care of itself."""
    yield
    quiet = ("QtDebugMsg", "QtInfoMsg")
    warned = [record.message for record in qtlog.records if record.type.name not in quiet]
    logged = [
        record.getMessage()
        for record in caplog.get_records("call")
        if record.name == "landseg" and record.levelno >= logging.WARNING
    ]
    assert [message for message in warned + logged if _HARMLESS not in message] == []


@pytest.fixture(autouse=True)
def _no_window_is_left() -> Iterator[None]:
    """Fail a test after which a window, a dialog or a menu of it lives on."""
    before = _windows()
    yield
    if _windows().keys() - before.keys():
        gc.collect()  # what is left may only refer to itself
    assert [name for address, name in _windows().items() if address not in before] == []


def _windows() -> dict[int, str]:
    """Return the address and the name of every widget without a parent, without those that are about to be deleted."""
    if QApplication.instance() is None:
        return {}
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    tip = "QTipLabel"  # Qt's own, of the last tool tip
    return {
        shiboken6.getCppPointer(widget)[0]: f"{type(widget).__name__} {widget.objectName()!r}"
        for widget in QApplication.topLevelWidgets()
        if widget.parent() is None and widget.metaObject().className() != tip
    }


@pytest.fixture(autouse=True, scope="session")
def _one_language() -> None:
    """Have numbers written the same way on every computer."""
    QLocale.setDefault(QLocale.c())


@pytest.fixture(autouse=True, scope="session")
def _coverage_follows_jobs() -> Iterator[None]:
    """Have coverage, where it measures, follow the threads of Qt as it follows those of Python."""
    trace, run = threading.gettrace(), Worker.run

    def traced(worker: Worker) -> None:
        sys.settrace(trace)
        run(worker)

    with pytest.MonkeyPatch.context() as patch:
        if trace is not None:
            patch.setattr(Worker, "run", traced)
        yield


@pytest.fixture
def make_raster(tmp_path: Path) -> MakeRaster:
    """Return what writes (C, H, W) pixels as a GeoTIFF with half-metre pixels."""

    def make(name: str, pixels: np.ndarray, **options: object) -> Path:
        tiles = {"tiled": True, "blockxsize": 256, "blockysize": 256}
        return write_raster(tmp_path / name, pixels, **(UTM_GRID | tiles | options))

    return make


@pytest.fixture
def flight(make_raster: MakeRaster) -> Path:
    """Return four colours and alpha, 300 x 200 px, where nothing was flown on the left of column 100."""
    pixels = np.concatenate([coordinate_pixels(300, 200), np.full((2, 200, 300), 99, np.uint8)])
    pixels[4] = 255
    pixels[4, :, :100] = 0
    return make_raster("flight.tif", pixels, colours=(C.red, C.green, C.blue, C.nir, C.alpha))


@pytest.fixture
def picture(make_raster: MakeRaster) -> Path:
    """Return an orthophoto of 1500 x 1100 px whose pixels encode their position."""
    return make_raster("picture.tif", coordinate_pixels())


@pytest.fixture
def wide_picture(make_raster: MakeRaster) -> Path:
    """Return an orthophoto of 2200 x 300 px: just so large that it wants overviews."""
    return make_raster("wide.tif", coordinate_pixels(2200, 300))


@pytest.fixture
def schema() -> ClassSchema:
    return load_classes("landcover-dubai")


@pytest.fixture
def mask_values() -> np.ndarray:
    """Return (1, 1100, 1500) values: 1 in the upper half, 3 in the lower, unlabelled in the left 100 columns."""
    values = np.full((1, HEIGHT, WIDTH), 3, np.uint8)
    values[:, : HEIGHT // 2] = 1
    values[:, :, :100] = 255
    return values


@pytest.fixture
def own_map(make_raster: MakeRaster, mask_values: np.ndarray, schema: ClassSchema) -> Path:
    """Return a map of landseg: it defines its classes."""
    return make_raster("map.tif", mask_values, nodata=255, tags={"LANDSEG_CLASSES": schema.to_json()})


@pytest.fixture
def plain_mask(make_raster: MakeRaster, mask_values: np.ndarray) -> Path:
    """Return a mask that does not define its classes."""
    return make_raster("plain.tif", mask_values, nodata=255)


@pytest.fixture
def layers(qapp: QApplication) -> LayerStack:
    return LayerStack()


@pytest.fixture
def viewport(qtbot: QtBot, layers: LayerStack) -> Iterator[Viewport]:
    """Return an empty viewport of 700 x 500 px without scale bar: nothing lies over the picture."""
    viewport = Viewport(layers)
    qtbot.addWidget(viewport)
    viewport.resize(700, 500)
    with qtbot.waitExposed(viewport):
        viewport.show()
    yield viewport
    viewport.canvas.close()


@pytest.fixture
def shown(qtbot: QtBot, layers: LayerStack, viewport: Viewport, picture: Path) -> Viewport:
    """Return a viewport that shows the picture, sharp."""
    layers.set_image(image_layer(picture))
    wait_until_sharp(qtbot, viewport)
    return viewport


@pytest.fixture
def runner(qapp: QApplication) -> Iterator[JobRunner]:
    runner = JobRunner()
    yield runner
    assert runner.shut_down(30)


@pytest.fixture
def frames() -> list[ViewFrame]:
    """Return what the session takes as shown by its viewport: the last one, or all of the picture."""
    return []


@pytest.fixture
def session(runner: JobRunner, frames: list[ViewFrame]) -> Iterator[Session]:
    """Return a session without a window; its project is closed at the end."""
    session = Session(runner, frame=lambda: frames[-1] if frames else None)
    yield session
    assert runner.shut_down(30)
    project = session.project_session.project
    if project is not None:
        project.close()
    session.suggestions.close()
    session.cells.close()
    session.segmenter.close()
    shiboken6.delete(session)  # here: the garbage collector may do it in whatever thread


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "settings.ini")


@pytest.fixture
def make_window(qtbot: QtBot, qapp: QApplication, settings: Settings) -> Callable[[], MainWindow]:
    """Return what makes a main window, as at the start of the program."""

    def end(window: MainWindow) -> None:
        assert window.runner.shut_down(20)
        window.close()
        window.viewport.canvas.close()

    def make() -> MainWindow:
        runner = JobRunner()
        window = MainWindow(runner, settings, ThemeManager(qapp, "light"))
        qtbot.addWidget(window, before_close_func=end)
        window.resize(1100, 700)
        with qtbot.waitExposed(window):
            window.show()
        return window

    return make


@pytest.fixture
def window(make_window: Callable[[], MainWindow]) -> MainWindow:
    return make_window()
