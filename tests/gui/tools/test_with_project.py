"""The tools on a project in its file: gestures become steps, and steps come and go."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from PySide6.QtCore import Qt
from support.rasters import coordinate_pixels
from support.tool_user import ToolUser
from support.viewing import wait_until_sharp

from landseg_core.geo.tiling import TileKey
from landseg_core.labels.regions import PolygonRegion, RectangleRegion, StrokeRegion
from landseg_gui.main_window.tool_context import SessionToolContext

SECONDS = 20_000
RING = ((600.0, 400.0), (820.0, 430.0), (790.0, 640.0), (640.0, 600.0))


@pytest.fixture
def layers(session):
    """Return the layers of the session, for the viewport."""
    return session.layers


@pytest.fixture
def at_work(qtbot, session, viewport, picture: Path, schema, tmp_path):
    """Return somebody at work on a new project of one image, at 100 %."""
    project = session.project_session
    sitting = ToolUser(SessionToolContext(viewport, project, session.notifier, session.cells, session.segmenter))
    sitting.session = project
    project.lifecycle.create(tmp_path / "p.landseg", schema, [picture])
    qtbot.waitUntil(lambda: project.image is not None and viewport.image is not None, timeout=SECONDS)
    viewport.centre_on(750, 550, 1.0)
    wait_until_sharp(qtbot, viewport)
    return sitting


def steps(sitting) -> list[str]:
    return [step.name for step in sitting.session.project.history.steps]


def test_gestures_are_steps_that_can_be_undone_and_redone(at_work) -> None:
    tools, mouse, session = at_work.tools, at_work.mouse, at_work.session
    states = [at_work.labels()]
    tools.select("brush")
    mouse.drag((600, 400), (700, 450))
    states.append(at_work.labels())
    tools.select("polygon")
    session.paint.active_value = 2
    for position in RING:
        mouse.click(position)
    at_work.key(Qt.Key.Key_Return)
    states.append(at_work.labels())
    tools.select("rectangle")
    mouse.drag((650, 420), (700, 500), button=Qt.MouseButton.RightButton)
    states.append(at_work.labels())
    names = session.schema.names
    assert steps(at_work) == [f"Brush: {names[0]}", f"Polygon: {names[2]}", "Rectangle: erase"]
    stroke = at_work.expected(StrokeRegion([(600, 400), (700, 450)], tools.settings.diameter), 0)
    polygon = at_work.expected(PolygonRegion([RING]), 2, stroke)
    assert (states[-1] == at_work.expected(RectangleRegion((650, 420), (700, 500)), 255, polygon)).all()
    for state in states[-2::-1]:
        session.editing.undo()
        assert (at_work.labels() == state).all()
    for state in states[1:]:
        session.editing.redo()
        assert (at_work.labels() == state).all()


def test_an_undo_in_the_middle_of_a_stroke_does_no_harm(at_work) -> None:
    at_work.tools.select("brush")
    at_work.mouse.drag((600, 400), (700, 450))
    before = at_work.labels()
    at_work.mouse.press((800, 600))
    at_work.session.editing.undo()  # the session waits for the stroke: nothing happens
    assert at_work.tools.cancel()
    assert (at_work.labels() == before).all()
    at_work.session.editing.undo()
    at_work.mouse.release((820, 600))
    assert (at_work.labels() == 255).all()
    assert at_work.session.project.history.position == 0


def test_areas_are_steps_too(at_work) -> None:
    at_work.tools.select("area")
    for position in RING:
        at_work.mouse.click(position)
    at_work.key(Qt.Key.Key_Return)
    image = at_work.session.image.id
    assert at_work.session.project.areas(image) == (RING,)
    assert len(at_work.shapes("areas")) == 1
    at_work.mouse.click((700, 500))
    assert len(at_work.shapes("tool")) == 1
    at_work.tools.fill_rest()
    assert steps(at_work) == ["Working area", f"Fill rest: {at_work.session.schema.names[0]}"]
    assert (at_work.labels() == at_work.expected(PolygonRegion([RING]), 0)).all()
    at_work.session.editing.undo()
    at_work.session.editing.undo()
    assert at_work.session.project.areas(image) == ()
    assert at_work.shapes("areas") == at_work.shapes("tool") == []
    assert (at_work.labels() == 255).all()


def test_a_large_polygon_is_painted_by_a_job_in_one_step(at_work, qtbot, monkeypatch) -> None:
    monkeypatch.setattr("landseg_gui.tools.context.LARGE_PIXELS", 10_000)
    at_work.tools.select("polygon")
    for position in RING:
        at_work.mouse.click(position)
    at_work.key(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not at_work.session.editing.busy and steps(at_work) != [], timeout=SECONDS)
    assert (at_work.labels() == at_work.expected(PolygonRegion([RING]), 0)).all()
    assert len(steps(at_work)) == 1


def test_a_stroke_ends_when_another_image_comes(at_work, qtbot, make_raster) -> None:
    other = make_raster("other.tif", np.full((3, 300, 400), 90, np.uint8))
    session = at_work.session
    first = session.image.id
    session.images.add([other])
    qtbot.waitUntil(lambda: len(session.project.images) == 2 and not session.editing.busy, timeout=SECONDS)
    at_work.tools.select("brush")
    at_work.mouse.press((700, 500))
    session.images.show_next()
    qtbot.waitUntil(lambda: session.image is not None and session.image.id != first, timeout=SECONDS)
    at_work.mouse.release((720, 500))
    assert steps(at_work) == ["Add other"]
    at_work.viewport.centre_on(200, 150, 1.0)
    at_work.mouse.drag((100, 100), (150, 120))
    assert [step.image_id for step in session.project.history.steps[1:]] == [session.image.id]
    assert at_work.labels().shape == (300, 400)
    assert at_work.labels()[110, 125] == 0


def test_closing_the_project_takes_the_vertices_away(at_work) -> None:
    at_work.tools.select("polygon")
    for position in RING:
        at_work.mouse.click(position)
    assert at_work.session.lifecycle.close()
    assert at_work.shapes("tool") == []
    at_work.key(Qt.Key.Key_Return)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("grid", ["plain", "rotated"])
def test_tools_work_without_crs_and_on_rotated_grids(
    qtbot, session, viewport, make_raster, schema, tmp_path, grid: str
) -> None:
    rotated = Affine.translation(400_000, 5_000_000) @ Affine.rotation(30) @ Affine.scale(0.25, -0.25)
    options = {"plain": {"crs": None, "transform": Affine.identity()}, "rotated": {"transform": rotated}}[grid]
    path = make_raster(f"{grid}.tif", coordinate_pixels(), **options)
    sitting = ToolUser(
        SessionToolContext(viewport, session.project_session, session.notifier, session.cells, session.segmenter)
    )
    session.project_session.lifecycle.create(tmp_path / "p.landseg", schema, [path])
    qtbot.waitUntil(lambda: session.project_session.image is not None and viewport.image is not None, timeout=SECONDS)
    viewport.centre_on(750, 550, 1.0)
    sitting.tools.settings.unit = "m"
    sitting.tools.settings.size = 20
    diameter = sitting.tools.settings.diameter
    assert diameter == {"plain": 20, "rotated": 80}[grid]
    sitting.tools.select("brush")
    sitting.mouse.drag((600, 400), (700, 450))
    assert (sitting.labels() == sitting.expected(StrokeRegion([(600, 400), (700, 450)], diameter), 0)).all()


def test_a_superpixel_of_the_image_is_labelled_saved_and_undone(qtbot, at_work) -> None:
    """With the cells that the session cuts of the real pixels, in its own threads."""
    here, cells = (740.5, 500.5), at_work.context.cells
    at_work.tools.select("superpixel")
    at_work.mouse.move(here)
    key = TileKey(0, 0, 1)
    qtbot.waitUntil(lambda: cells.cells(key) is not None and bool(at_work.shapes("tool")), timeout=SECONDS)
    tile = cells.cells(key)
    number = tile.cell_at(500, 740 - 512, at_work.tools.settings.cell_size)
    at_work.mouse.click(here)
    expected = tile.mask(number, at_work.tools.settings.cell_size)
    assert expected.any()
    assert np.array_equal(at_work.labels()[:512, 512:1024] != 255, expected)
    assert np.count_nonzero(at_work.labels() != 255) == np.count_nonzero(expected)
    at_work.session.editing.undo()
    assert (at_work.labels() == 255).all()
