from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QListView, QPushButton, QStackedWidget
from support.open_project import make_project, paint_square
from support.viewing import to_rgb

from landseg_gui.panels.images.image_list import INFO, THUMBNAIL
from landseg_gui.panels.images.panel import ImagesPanel
from landseg_gui.session.view_state import hidden_images


@pytest.fixture
def panel(qtbot, empty) -> ImagesPanel:
    panel = ImagesPanel(empty)
    qtbot.addWidget(panel)
    panel.resize(320, 400)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def rows(panel: ImagesPanel) -> list:
    """Return the info of every row."""
    model = panel.findChild(QListView, "images_list").model()
    return [model.index(row).data(INFO) for row in range(model.rowCount())]


def click(panel: ImagesPanel, row: int) -> None:
    view = panel.findChild(QListView, "images_list")
    centre = view.visualRect(view.model().index(row)).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=centre)


def test_without_a_project_the_panel_says_what_it_is_for(panel) -> None:
    assert panel.findChild(QStackedWidget).currentIndex() == 0
    assert rows(panel) == []


def test_images_are_listed_with_what_is_labelled(panel, opened, schema) -> None:
    paint_square(opened, 100, value=schema.values[1])
    paint_square(opened, 50, value=schema.values[2])
    north, south = rows(panel)
    assert (north.entry.name, south.entry.name) == ("north", "south")
    assert [(item.name, item.pixels, item.share) for item in north.shares] == [
        (schema.names[1], 7500, 0.75),
        (schema.names[2], 2500, 0.25),
    ]
    assert north.summary() == "4.2\N{NO-BREAK SPACE}% labelled"
    assert south.summary() == "Not labelled yet"
    opened.editing.undo()
    assert rows(panel)[0].labelled == 10_000


def test_the_rows_are_drawn_again_after_every_stroke(qtbot, panel, opened) -> None:
    with qtbot.waitSignal(panel.findChild(QListView, "images_list").model().dataChanged):
        paint_square(opened, 10)


def test_the_tip_tells_the_area_of_each_class(qtbot, panel, opened, schema) -> None:
    paint_square(opened, 100, value=schema.values[1])
    qtbot.waitUntil(lambda: rows(panel)[0].ground_resolution is not None)
    tip = panel.findChild(QListView, "images_list").model().index(0).data(Qt.ItemDataRole.ToolTipRole)
    assert "north.tif" in tip
    plain = tip.replace("\N{NARROW NO-BREAK SPACE}", " ").replace("\N{NO-BREAK SPACE}", " ")
    assert f"{schema.names[1]}: 10,000 px, 2,501 m²" in plain


def test_thumbnails_come_and_are_drawn(qtbot, panel, opened) -> None:
    model = panel.findChild(QListView, "images_list").model()
    qtbot.waitUntil(lambda: all(model.index(row).data(THUMBNAIL) for row in range(2)))
    size = model.index(0).data(THUMBNAIL).size()
    assert (size.width(), size.height()) == (96, 64)
    drawn = to_rgb(panel.grab().toImage())
    for grey in (40, 60):  # the pixels of the two images
        assert (drawn == grey).all(axis=2).sum() > 500


def test_the_bar_shows_the_classes_in_their_colours(qtbot, panel, opened, schema) -> None:
    paint_square(opened, 100, value=schema.values[1])
    drawn = to_rgb(panel.grab().toImage())
    assert (drawn == np.array(schema.classes[1].rgb)).all(axis=2).sum() > 200


def test_a_click_shows_the_image(qtbot, panel, opened) -> None:
    click(panel, 1)
    qtbot.waitUntil(lambda: opened.image.name == "south")
    view = panel.findChild(QListView, "images_list")
    qtbot.waitUntil(lambda: view.currentIndex().row() == 1)
    opened.images.show_previous()
    qtbot.waitUntil(lambda: view.currentIndex().row() == 0)


def test_a_missing_image_can_be_found(qtbot, panel, empty, project_path, schema, make_image) -> None:
    gone = make_image("gone.tif")
    make_project(project_path, schema, [make_image("north.tif"), gone])
    gone.unlink()
    empty.lifecycle.open(project_path)
    qtbot.waitUntil(lambda: empty.image is not None)
    find = panel.findChild(QPushButton, "images_find")
    assert rows(panel)[1].summary() == "Missing: click to find it"
    assert find.isVisible()
    wanted = []
    panel.find_wanted.connect(wanted.append)
    click(panel, 1)
    find.click()
    assert wanted == [empty.project.image("gone").id, None]
    make_image("gone.tif")
    with qtbot.waitSignal(empty.editing.images_changed):
        empty.images.relink(wanted[0], gone)
    assert not find.isVisible()


def test_nothing_can_be_changed_in_a_read_only_project(qtbot, panel, empty, project_path, schema, images) -> None:
    from landseg_core.project.project import Project

    make_project(project_path, schema, images)
    with Project.open(project_path):
        empty.lifecycle.open(project_path)
        qtbot.waitUntil(lambda: empty.image is not None)
        assert not panel.findChild(QPushButton, "images_add").isEnabled()
        menu = panel.image_menu(empty.image)
        assert [action.isEnabled() for action in menu.actions() if action.text()] == [True, False, False, False]
        menu.close()
        assert empty.lifecycle.close()


def test_the_menu_asks_for_what_can_be_done(qtbot, panel, opened) -> None:
    asked = []
    panel.find_wanted.connect(lambda image_id: asked.append(("find", image_id)))
    panel.remove_wanted.connect(lambda image_id: asked.append(("remove", image_id)))
    panel.add_wanted.connect(lambda: asked.append("add"))
    south = opened.project.images[1]
    for word in ("Find", "Remove"):
        menu = panel.image_menu(south)
        next(action for action in menu.actions() if action.text().startswith(word)).trigger()
        menu.close()
    panel.findChild(QPushButton, "images_add").click()
    assert asked == [("find", south.id), ("remove", south.id), "add"]


def test_an_image_with_a_closed_eye_is_passed_by(qtbot, opened) -> None:
    first, second = opened.project.images[:2]
    opened.images.show(first.id)
    qtbot.waitUntil(lambda: opened.image is not None and opened.image.id == first.id)
    with qtbot.waitSignal(opened.editing.images_changed):
        opened.images.set_hidden(second.id, hidden=True)
    assert opened.images.is_hidden(second.id)
    opened.images.show_next()
    assert opened.image.id == first.id
    assert hidden_images(opened.project) == {second.id}
    opened.images.set_hidden(second.id, hidden=False)
    opened.images.show_next()
    qtbot.waitUntil(lambda: opened.image is not None and opened.image.id == second.id)
