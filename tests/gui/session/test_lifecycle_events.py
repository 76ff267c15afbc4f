"""Whatever happens in whatever order while projects come and go: nothing lands where it was not meant, or is lost."""

from __future__ import annotations

import itertools
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis.strategies as st
import pytest
import shiboken6
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from PySide6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot
from support.open_project import make_project

from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.edit import LabelEdit
from landseg_core.labels.regions import RectangleRegion
from landseg_core.project.project import Project
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.session.images import OpenAs
from landseg_gui.session.lifecycle import LifeCycle
from landseg_gui.session.session import Session

STROKE = 4  # px of each


class Gate:
    """Holds back whoever opens or makes a project until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._is_open = threading.Event()
        self.open_project = Project.open
        for name in ("open", "create"):
            monkeypatch.setattr(Project, name, self._slowly(getattr(Project, name)))

    def _slowly(self, make: Callable[..., Project]) -> Callable[..., Project]:
        def make_slowly(*arguments: object, **options: object) -> Project:
            assert self._is_open.wait(20)
            return make(*arguments, **options)

        return make_slowly

    def let_go(self) -> None:
        self._is_open.set()

    def hold(self) -> None:
        self._is_open.clear()


class Desk:
    """A session on a folder with two projects, a file that is none and a picture; and what is known about them.

    Every image that is dropped or added is a new file, so that it is known which project it was meant for.
    """

    def __init__(self, folder: Path, template: Path, gate: Gate, qtbot: QtBot, schema: ClassSchema) -> None:
        shutil.copytree(template, folder)
        self.folder, self.gate, self.qtbot, self.schema = folder, gate, qtbot, schema
        self.meant: dict[str, Path | None] = {}
        self.strokes: dict[Path, int] = {}
        self.stroke: LabelEdit | None = None
        self.made = 0
        gate.hold()
        self.start()

    def start(self) -> None:
        self.runner = JobRunner()
        self.session = Session(self.runner)
        self.projects = self.session.project_session

    def file(self, name: str) -> Path:
        return self.folder / f"{name}.landseg"

    def _new_image(self, owner: Path | None) -> Path:
        path = self.folder / f"x{len(self.meant)}.tif"
        shutil.copy(self.folder / "image.tif", path)
        self.meant[path.stem] = owner
        return path

    def _next_owner(self) -> Path | None:
        """Return the project that files belong to which are dropped without one."""
        opening = self.projects.lifecycle._opening
        return opening.path if opening else self.projects.owner

    def ask_to_add(self, images: list[Path], project: Path, _window: object) -> OpenAs | None:
        owners = {self.meant[image.stem] for image in images}
        assert owners <= {project, None}, f"{project.name} was offered {images}, meant for {owners}"
        return OpenAs.IMAGE_OF_PROJECT if owners == {project} else None

    def begin_with_project(self) -> None:
        self.new()
        self.go_on()

    # --- events

    def open_a(self) -> None:
        self.session.files.open([self.file("a")])

    def open_b(self) -> None:
        self.session.files.open([self.file("b")])

    def fail(self) -> None:
        self.session.files.open([self.file("bad")])

    def drop_b_and_image(self) -> None:
        self.session.files.open([self.file("b"), self._new_image(self.file("b"))])

    def drop_bad_and_image(self) -> None:
        self.session.files.open([self._new_image(self.file("bad")), self.file("bad")])

    def drop_image(self) -> None:
        self.session.files.open([self._new_image(self._next_owner())])

    def add_image(self) -> None:
        self.projects.images.add([self._new_image(self.projects.owner)])

    def new(self) -> None:
        self.made += 1
        path = self.file(f"new{self.made}")
        self.projects.lifecycle.create(path, self.schema, [self._new_image(path)])

    def begin_or_end_stroke(self) -> None:
        if self.stroke is None and self.projects.image and self.projects.editing.may_paint():
            self.stroke = self.projects.editing.begin()
        elif self.stroke is not None:
            self.end_stroke()

    def end_stroke(self) -> None:
        if self.stroke is None:
            return
        owner, stroke, self.stroke = self.projects.owner, self.stroke, None
        left = STROKE * self.strokes.get(owner, 0)
        stroke.paint(RectangleRegion((left, 0), (left + STROKE, 1)), self.schema.values[0])
        self.projects.editing.record(stroke, "Rectangle")
        self.strokes[owner] = self.strokes.get(owner, 0) + 1

    def close(self) -> None:
        if self.projects.lifecycle.close():
            assert self.projects.lifecycle.state is LifeCycle.CLOSED

    def quit(self) -> None:
        """End as the window does, and begin anew."""
        self.end_stroke()
        self.let_go()
        self.end()
        self.gate.hold()
        self.start()

    def go_on(self) -> None:
        """Let time go by: whoever is opened comes, and whatever follows from that."""
        self.let_go()
        self.gate.hold()

    def let_go(self) -> None:
        """Wait until nothing is under way any more, and let nobody be held meanwhile."""
        self.gate.let_go()
        at_rest = (LifeCycle.OPEN, LifeCycle.CLOSED)
        for _ in range(3):  # what has ended may begin something else with the next events
            QCoreApplication.processEvents()
            self.qtbot.waitUntil(
                lambda: not self.runner.running and self.projects.lifecycle.state in at_rest, timeout=20_000
            )

    # --- what must be so

    def check(self) -> None:
        """Check what is so at any time: the state and the texts of the window agree with the project."""
        projects, state = self.projects, self.projects.lifecycle.state
        assert (projects.project is None) == (projects.owner is None) == (projects.title() == "")
        assert (projects.saving.state.text == "") == (projects.project is None)
        assert projects.image is None or projects.project.find_image(projects.image.id) is not None
        assert {LifeCycle.OPEN: projects.project is not None, LifeCycle.CLOSED: projects.project is None}.get(
            state, True
        )
        assert projects.project is None or not projects.project.read_only

    def end(self) -> None:
        """Close all; every file is free, every image where it was meant to be, every stroke stored."""
        self.check()
        assert self.projects.lifecycle.close()
        self.let_go()
        assert (self.projects.lifecycle.state, self.projects.project) == (LifeCycle.CLOSED, None)
        assert self.runner.shut_down(20)
        shiboken6.delete(self.session)
        for path in self.folder.glob("*.landseg"):
            if path != self.file("bad"):
                self._check_file(path)

    def _check_file(self, path: Path) -> None:
        with self.gate.open_project(path) as project:
            assert not project.read_only
            strangers = [image.name for image in project.images if self.meant.get(image.name, path) != path]
            assert strangers == []
            labelled = sum(sum(project.class_pixels(image.id).values()) for image in project.images)
            assert labelled == STROKE * self.strokes.get(path, 0)


EVENTS: tuple[Callable[[Desk], None], ...] = (
    Desk.open_a,
    Desk.open_b,
    Desk.fail,
    Desk.drop_b_and_image,
    Desk.drop_bad_and_image,
    Desk.drop_image,
    Desk.add_image,
    Desk.new,
    Desk.begin_or_end_stroke,
    Desk.close,
    Desk.quit,
    Desk.go_on,
)


@pytest.fixture
def make_desk(tmp_path, qtbot, make_image, schema, monkeypatch) -> Iterator[Callable[[], Desk]]:
    """Return what lays out the files anew for a session without a project."""
    template = tmp_path / "template"
    template.mkdir()
    shutil.move(make_image("image.tif", 64, 48), template)
    for name in "ab":
        make_project(template / f"{name}.landseg", schema, [])
    (template / "bad.landseg").write_text("text")
    gate, numbers = Gate(monkeypatch), itertools.count()

    def make() -> Desk:
        desk = Desk(tmp_path / str(next(numbers)), template, gate, qtbot, schema)
        monkeypatch.setattr("landseg_gui.session.files.opener.ask_to_add", desk.ask_to_add)
        return desk

    yield make
    gate.let_go()


def marked(event: Callable[[Desk], None]) -> object:
    """Return an event as a parameter; all of the pairs take a minute."""
    return pytest.param(event, id=event.__name__, marks=[] if event is Desk.open_b else [pytest.mark.slow])


@pytest.mark.parametrize("first", [marked(event) for event in EVENTS])
def test_any_event_may_follow_any_other(first: Callable[[Desk], None], make_desk: Callable[[], Desk]) -> None:
    for begin, second in itertools.product((False, True), EVENTS):
        desk = make_desk()
        if begin:  # with a project whose image has been painted on
            desk.drop_b_and_image() if first is Desk.open_a else desk.new()
            desk.go_on()
        first(desk)
        desk.check()
        second(desk)
        desk.check()
        desk.end_stroke()
        desk.let_go()
        desk.end()


def machine(make_desk: Callable[[], Desk]) -> type[RuleBasedStateMachine]:
    class LifeCycleMachine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.desk = make_desk()

        @initialize(is_open=st.booleans())
        def begins(self, is_open: bool) -> None:
            if is_open:
                self.desk.begin_with_project()

        @rule(event=st.sampled_from(EVENTS))
        def happens(self, event: Callable[[Desk], None]) -> None:
            event(self.desk)

        @invariant()
        def all_agree(self) -> None:
            self.desk.check()

        def teardown(self) -> None:
            self.desk.end_stroke()
            self.desk.let_go()
            self.desk.end()

    return LifeCycleMachine


@pytest.mark.parametrize(
    ("examples", "steps"), [(12, 8), pytest.param(150, 25, marks=[pytest.mark.slow, pytest.mark.timeout(900)])]
)
def test_the_life_cycle_keeps_its_promises(examples: int, steps: int, make_desk: Callable[[], Desk]) -> None:
    run_state_machine_as_test(
        machine(make_desk),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=steps < 10,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
