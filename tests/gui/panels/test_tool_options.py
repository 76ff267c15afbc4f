from __future__ import annotations

import pytest
import rasterio
from affine import Affine
from PySide6.QtCore import QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QLabel, QPushButton, QSpinBox
from support.rasters import coordinate_pixels
from support.tool_context import PaperToolContext
from support.viewing import image_layer

from landseg_core.labels.label_raster import LabelRaster
from landseg_gui.panels.tool_options import ToolOptions
from landseg_gui.tools.manager import ToolManager


@pytest.fixture
def make_options(qtbot, shown, schema):
    """Return what makes the options bar and its manager."""

    def make() -> tuple[ToolOptions, ToolManager, PaperToolContext]:
        context = PaperToolContext(shown, LabelRaster(1500, 1100), schema)
        manager = ToolManager(context)
        options = ToolOptions(manager)
        qtbot.addWidget(options)
        options.show()
        return options, manager, context

    return make


def box(options) -> QDoubleSpinBox:
    return options.findChild(QDoubleSpinBox, "tool_size")


def unit(options) -> QComboBox:
    return options.findChild(QComboBox, "tool_unit")


def type_in(spin, text: str) -> None:
    spin.selectAll()
    QTest.keyClicks(spin, text)
    QTest.keyClick(spin, Qt.Key.Key_Return)


def choose(combo: QComboBox, text: str) -> None:
    combo.setCurrentText(text)
    combo.textActivated.emit(text)


@pytest.mark.parametrize(
    ("tool", "widgets"),
    [
        ("brush", {"tool_size"}),
        ("eraser", {"tool_size"}),
        ("edge_brush", {"edge_size", "edge_tolerance"}),
        ("line", {"tool_width"}),
        ("wand", {"tool_tolerance"}),
        ("superpixel", {"tool_cell_size"}),
        ("area", {"tool_rest"}),
    ],
)
def test_each_tool_shows_what_it_needs(make_options, tool: str, widgets: set[str]) -> None:
    options, manager, _ = make_options()
    manager.select(tool)
    names = {"tool_size", "tool_width", "tool_tolerance", "tool_rest", "tool_cell_size", "edge_size", "edge_tolerance"}
    seen = {child.objectName() for child in options.findChildren(QObject) if child.objectName() in names}
    assert seen == names
    visible = {name for name in seen if options.findChild(QObject, name).isVisibleTo(options)}
    assert visible == widgets


def test_the_size_of_cells_follows_the_list_and_the_wheel(make_options) -> None:
    options, manager, _ = make_options()
    manager.select("superpixel")
    sizes = options.findChild(QComboBox, "tool_cell_size")
    assert [sizes.itemText(index) for index in range(sizes.count())] == ["16 px", "24 px", "32 px"]
    manager.wheel(1)
    assert sizes.currentText() == "32 px"
    sizes.setCurrentIndex(0)
    sizes.activated.emit(0)
    assert manager.settings.cell_size == 0


def test_every_tool_says_what_to_do_with_it(make_options) -> None:
    options, manager, _ = make_options()
    hint = options.findChild(QLabel, "tool_hint")
    for spec in manager.specs:
        manager.select(spec.name)
        assert hint.text() == hint.toolTip() == spec.hint


def test_nothing_moves_from_one_painting_tool_to_the_next(make_options) -> None:
    options, manager, _ = make_options()
    only = options.findChild(QCheckBox, "tool_only_unlabelled")
    geometries = set()
    for spec in (spec for spec in manager.specs if spec.paints):
        manager.select(spec.name)
        geometries.add((options.sizeHint().width(), options.sizeHint().height(), only.x(), only.y()))
    assert len(geometries) == 1


def test_a_typed_size_counts_when_it_is_complete_and_the_keys_go_back_to_the_picture(make_options, shown) -> None:
    options, manager, _ = make_options()
    manager.select("brush")
    manager.settings.size = 20
    box(options).setFocus()
    box(options).selectAll()
    QTest.keyClicks(box(options), "120")
    assert manager.settings.diameter == 20
    QTest.keyClick(box(options), Qt.Key.Key_Return)
    assert manager.settings.diameter == 120
    assert shown.hasFocus() or not shown.isActiveWindow()


def test_the_arrows_step_as_the_keys_do(make_options) -> None:
    options, manager, _ = make_options()
    manager.settings.size = 100
    box(options).stepUp()
    stepped = manager.settings.diameter
    assert stepped > 105
    assert box(options).value() == stepped
    manager.settings.size = 100
    manager.settings.step_size(1)
    assert manager.settings.diameter == stepped


def test_a_size_in_metres(make_options, shown) -> None:
    options, manager, _ = make_options()
    resolution = shown.image.ground_resolution
    manager.settings.size = 40
    choose(unit(options), "m")
    assert box(options).value() == pytest.approx(40 * resolution, abs=0.01)
    assert manager.settings.diameter == 40
    type_in(box(options), "7.5")
    assert manager.settings.diameter == round(7.5 / resolution) == 15
    choose(unit(options), "px")
    assert (box(options).value(), box(options).text()) == (15, "15")


def test_a_metre_has_the_same_length_on_a_rotated_grid(make_options, layers, make_raster) -> None:
    rotated = Affine.translation(400_000, 5_000_000) @ Affine.rotation(30) @ Affine.scale(0.25, -0.25)
    layers.set_image(image_layer(make_raster("rotated.tif", coordinate_pixels(), transform=rotated)))
    options, manager, _ = make_options()
    choose(unit(options), "m")
    type_in(box(options), "10")
    assert manager.settings.diameter == 40


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_without_a_place_on_the_earth_sizes_are_in_pixels(make_options, layers, make_raster) -> None:
    options, manager, _ = make_options()
    choose(unit(options), "m")
    plain = make_raster("plain.tif", coordinate_pixels(), crs=None, transform=rasterio.Affine.identity())
    layers.set_image(image_layer(plain))
    assert not unit(options).isEnabled()
    assert "not georeferenced" in unit(options).toolTip()
    assert unit(options).currentText() == "px"
    assert box(options).value() == manager.settings.diameter


def width(options) -> QDoubleSpinBox:
    return options.findChild(QDoubleSpinBox, "tool_width")


def test_the_width_of_lines_is_in_metres_and_has_a_size_of_its_own(make_options) -> None:
    options, manager, _ = make_options()
    manager.settings.size = 40
    assert options.findChild(QLabel, "tool_width_unit").text() == "m"
    type_in(width(options), "7.3")
    assert manager.settings.line_width == pytest.approx(7.3 / 0.5, rel=1e-3)
    assert manager.settings.diameter == 40
    width(options).stepUp()
    assert width(options).value() == manager.settings.line > 8


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_without_a_place_on_the_earth_lines_are_in_pixels(make_options, layers, make_raster) -> None:
    options, manager, _ = make_options()
    plain = make_raster("plain.tif", coordinate_pixels(), crs=None, transform=rasterio.Affine.identity())
    layers.set_image(image_layer(plain))
    unit = options.findChild(QLabel, "tool_width_unit")
    assert (unit.text(), width(options).value()) == ("px", manager.settings.line_width)
    assert "not georeferenced" in unit.toolTip()


def test_the_tolerance_is_typed_or_dragged(make_options) -> None:
    options, manager, _ = make_options()
    tolerance = options.findChild(QSpinBox, "tool_tolerance")
    type_in(tolerance, "33")
    assert manager.settings.tolerance == 33
    manager.settings.tolerance = 50
    assert tolerance.value() == 50


def test_only_unlabelled_is_that_of_the_session(make_options) -> None:
    options, manager, context = make_options()
    only = options.findChild(QCheckBox, "tool_only_unlabelled")
    manager.select("brush")
    only.click()
    assert context.only_unlabelled
    context.only_unlabelled = False
    assert not only.isChecked()
    manager.select("eraser")
    assert not only.isVisibleTo(options)


def test_a_held_key_shows_as_only_unlabelled_and_in_the_hint(make_options) -> None:
    options, manager, context = make_options()
    only, hint = options.findChild(QCheckBox, "tool_only_unlabelled"), options.findChild(QLabel, "tool_hint")
    assert "(Q)" in only.toolTip()
    manager.select("brush")
    context.paints_behind = True
    assert only.isChecked()
    assert not context.only_unlabelled
    assert hint.text().startswith("Painting behind")
    context.paints_behind = False
    assert not only.isChecked()
    assert hint.text() == manager.hint


def test_the_switch_that_clips_is_there_where_there_is_a_working_area(make_options) -> None:
    options, manager, context = make_options()
    clip = options.findChild(QCheckBox, "tool_clip")
    manager.select("brush")
    assert not clip.isVisibleTo(options)
    context.project.drawn = (((10.0, 10.0), (60.0, 10.0), (60.0, 40.0), (10.0, 40.0)),)
    context.areas_changed.emit()
    clip.click()
    assert context.clips
    for tool, visible in (("eraser", True), ("accept", True), ("pick", False), ("area", False)):
        manager.select(tool)
        assert clip.isVisibleTo(options) == visible


def test_the_rest_of_the_area_is_one_click(make_options) -> None:
    options, manager, context = make_options()
    manager.select("area")
    rest = options.findChild(QPushButton, "tool_rest")
    assert not rest.isEnabled()
    context.project.drawn = (((10.0, 10.0), (60.0, 10.0), (60.0, 40.0), (10.0, 40.0)),)
    context.areas_changed.emit()
    context.active_value = 2
    name = context.schema.names[2]
    assert rest.isEnabled()
    assert name in rest.toolTip()
    rest.click()
    assert context.steps == [f"Fill rest: {name}"]


def test_the_active_class_is_in_sight_for_every_tool(make_options) -> None:
    options, manager, context = make_options()
    name = options.findChild(QLabel, "tool_class_name")
    for spec in manager.specs:
        manager.select(spec.name)
        assert name.isVisible(), spec.name
    context.active_value = context.schema.classes[2].value
    assert name.text() == context.schema.classes[2].name
