"""The undo history against a plain model: images that come and go, all kinds of steps, opening in between."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema, LandClass
from landseg_core.labels.regions import RectangleRegion
from landseg_core.project import history
from landseg_core.project.check import check_project
from landseg_core.project.project import Project
from landseg_core.raster.files.gdal import open_dataset

SIZES = {"one": (1100, 600), "two": (500, 1030), "three": (90, 70)}
COLOUR = "#0072b2"

images = st.integers(0, len(SIZES) - 1)
values = st.sampled_from([1, 4, 0, 255])
points = st.tuples(st.integers(-50, 1150), st.integers(-50, 1150))


@dataclass(frozen=True)
class Model:
    """What the project should hold; `image` is that of the step which has led there, if it was about one."""

    schema: ClassSchema
    names: dict[int, str]
    labels: dict[int, Any]
    areas: dict[int, Any]
    image: int | None = None

    def painted(self, image: int, labels: Any) -> Model:
        return replace(self, labels=self.labels | {image: labels}, image=image)

    def with_images(self, names: dict[int, str]) -> Model:
        labels = {image: np.full(SIZES[name][::-1], 255, np.uint8) for image, name in names.items()}
        areas = dict.fromkeys(names, ())
        image = None if len(names) > 1 else next(iter(names))
        return Model(self.schema, self.names | names, self.labels | labels, self.areas | areas, image)

    def without_image(self, gone: int) -> Model:
        parts = (
            {image: part[image] for image in part if image != gone} for part in (self.names, self.labels, self.areas)
        )
        return Model(self.schema, *parts, self.image)


class ProjectMachine(RuleBasedStateMachine):
    """Does the same to a project and to a list of models, the undo history."""

    def __init__(self, schema: ClassSchema) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "a project.landseg"
        self.project = Project.create(self.path, schema)
        self.states, self.position = [Model(schema, {}, {}, {})], 0

    @initialize(several=st.booleans())
    def begin(self, several: bool) -> None:
        for name, (width, height) in SIZES.items():
            profile = {"driver": "GTiff", "count": 1, "dtype": "uint8", "width": width, "height": height}
            with rasterio.Env(GDAL_PAM_ENABLED="NO"), open_dataset(self.file(name), mode="w", **profile) as dataset:
                dataset.write(np.zeros((1, height, width), np.uint8))
        added = self.added(["one", "two"] if several else ["one"], as_step=False)
        self.states = [self.now.with_images(added)]

    def file(self, name: str) -> Path:
        return self.path.with_name(f"{name}.tif")

    def added(self, names: list[str], **options: Any) -> dict[int, str]:
        """Add images to the project, and return their names by id."""
        found = [self.project.examine_image(self.file(name)) for name in names]
        return {entry.id: entry.name for entry in self.project.add_images(found, **options)}

    def stored_images(self) -> set[int]:
        """Return the ids of the images in the file."""
        with closing(sqlite3.connect(self.path)) as connection:
            return {image for (image,) in connection.execute("SELECT id FROM images")}

    def reachable_images(self) -> set[int]:
        """Return the ids of the images that are there, or are by undoing or redoing."""
        return set().union(*(state.names for state in self.states))

    def some(self, image: int) -> int:
        """Return the id of an image that is there."""
        return sorted(self.now.names)[image % len(self.now.names)]

    @property
    def now(self) -> Model:
        return self.states[self.position]

    def step(self, model: Model) -> None:
        """Add a step; the oldest goes beyond the limit."""
        self.states = [*self.states[: self.position + 1], model][-(history.MOST_STEPS + 1) :]
        self.position = len(self.states) - 1

    @precondition(lambda self: len(self.now.names) < len(SIZES))
    @rule(several=st.booleans())
    def add(self, several: bool) -> None:
        names = [name for name in SIZES if name not in self.now.names.values()][: 2 if several else 1]
        self.step(self.now.with_images(self.added(names)))

    @rule(image=images)
    def remove(self, image: int) -> None:
        gone = self.some(image)
        if any(state.names.keys() == {gone} for state in self.states):
            return  # the other rules take it that there is always an image
        self.project.remove_image(gone)
        kept = [index for index, state in enumerate(self.states) if index == 0 or state.image != gone]
        self.position = sum(index <= self.position for index in kept) - 1
        self.states = [self.states[index].without_image(gone) for index in kept]

    @rule(image=images, start=points, end=points, value=values)
    def paint(self, image: int, start: tuple[int, int], end: tuple[int, int], value: int) -> None:
        image = self.some(image)
        edit = self.project.labels(image).begin()
        region = RectangleRegion(start, end)
        count = edit.paint(region, value)
        finished = edit.finish()
        labels = self.now.labels[image].copy()
        x, y, right, bottom = *np.maximum(np.minimum(start, end), 0), *np.maximum(np.maximum(start, end), 0)
        labels[y:bottom, x:right] = value
        assert count == np.count_nonzero(labels != self.now.labels[image])
        assert (finished is None) == (count == 0)
        if finished is not None:
            self.project.record(image, finished, "Rectangle")
            self.step(self.now.painted(image, labels))

    @rule(image=images, corner=points, old=values, new=values, painted_only=st.booleans())
    def edit_tiles(self, image: int, corner: tuple[int, int], old: int, new: int, painted_only: bool) -> None:
        image, window = self.some(image), PixelWindow(*corner, 600, 300)
        labels = self.now.labels[image].copy()
        inside = np.zeros(labels.shape, bool)
        inside[max(0, window.y) : max(0, window.bottom), max(0, window.x) : max(0, window.right)] = True

        def change(_key: Any, part: PixelWindow, tile: Any) -> Any:
            return np.where(inside[part.slices()] & (tile == old), np.uint8(new), tile)

        touched = [
            tile
            for tile in self.project.labels(image).pyramid.tiles_in(0, window)
            if not painted_only or (labels[self.project.labels(image).pyramid.tile_window(tile).slices()] != 255).any()
        ]
        for tile in touched:
            part = self.project.labels(image).pyramid.tile_window(tile)
            labels[part.slices()] = change(tile, part, labels[part.slices()])
        count = self.project.edit_tiles(image, "Reassign", change, window, painted_only)
        assert count == np.count_nonzero(labels != self.now.labels[image])
        if count:
            self.step(self.now.painted(image, labels))

    @rule(image=images, corner=points)
    def set_area(self, image: int, corner: tuple[int, int]) -> None:
        image, area = self.some(image), ((0.5, 0.5), (10.0, 0.25), (float(corner[0]), float(corner[1])))
        self.project.set_areas(image, [area], "Area")
        self.step(replace(self.now, areas=self.now.areas | {image: (area,)}, image=image))

    @rule(name=st.text("äb' %", min_size=1, max_size=4).map(lambda text: f"n{text}n"))
    def rename_class(self, name: str) -> None:
        first, *rest = self.now.schema.classes
        schema = ClassSchema(classes=(LandClass(value=first.value, name=name, colour=COLOUR), *rest))
        self.project.change_schema(schema, "Rename")
        self.step(replace(self.now, schema=schema, image=None))

    @precondition(lambda self: len(self.now.schema) > 2)
    @rule(heir=st.sampled_from([4, 255]))
    def delete_class(self, heir: int) -> None:
        gone = next(item.value for item in self.now.schema.classes if item.value != 4)
        schema = ClassSchema(classes=tuple(item for item in self.now.schema.classes if item.value != gone))
        labels = {image: np.where(each == gone, np.uint8(heir), each) for image, each in self.now.labels.items()}
        if any((each == value).any() for each in labels.values() for value in {0, 1, 4} - set(schema.values)):
            return  # painted with a class that is gone: the project would refuse
        self.project.change_schema(schema, "Delete", {gone: heir})
        self.step(replace(self.now, schema=schema, labels=labels, image=None))

    @rule()
    def undo(self) -> None:
        done = self.project.undo()
        assert (done is not None) == (self.position > 0)
        self.position = max(0, self.position - 1)

    @rule()
    def redo(self) -> None:
        done = self.project.redo()
        assert (done is not None) == (self.position < len(self.states) - 1)
        self.position = min(len(self.states) - 1, self.position + 1)

    @rule()
    def forget(self) -> None:
        for image in self.now.names:
            self.project.labels(image).reload()

    @rule()
    def open_again(self) -> None:
        state = self.project.history.state
        self.project.close()
        assert sorted(path.suffix for path in self.path.parent.iterdir()) == [".landseg", *[".tif"] * len(SIZES)]
        assert self.stored_images() == self.reachable_images()
        self.project = Project.open(self.path)
        assert not self.project.read_only
        assert self.project.history.state == state

    @invariant()
    def is_as_the_model(self) -> None:
        assert (self.project.history.position, len(self.project.history.steps)) == (self.position, len(self.states) - 1)
        assert self.project.schema == self.now.schema
        assert {entry.id: entry.name for entry in self.project.images} == self.now.names
        for entry in self.project.images:
            labels = self.now.labels[entry.id]
            np.testing.assert_array_equal(self.project.labels(entry.id).read(entry.grid.window), labels)
            found, counts = np.unique(labels[labels != 255], return_counts=True)
            assert self.project.class_pixels(entry.id) == dict(zip(found.tolist(), counts.tolist(), strict=True))
            assert self.project.areas(entry.id) == self.now.areas[entry.id]

    def teardown(self) -> None:
        self.project.close()
        problems = [problem for problem in check_project(self.path) if "no class has" not in problem]
        stored = self.stored_images()
        self.folder.cleanup()
        assert (problems, stored) == ([], self.reachable_images())


def test_any_sequence_of_edits_undo_redo_and_restarts_is_as_a_plain_model(
    schema: ClassSchema, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST_STEPS", 8)
    monkeypatch.setattr(history, "LARGE_PATCHES", 2)
    run_state_machine_as_test(
        lambda: ProjectMachine(schema),
        settings=settings(
            max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
