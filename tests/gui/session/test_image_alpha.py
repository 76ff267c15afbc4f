"""Which band of an image is its alpha is chosen in the window, and kept by the project."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from landseg_core.labels.classes import ClassSchema
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.session.project_session import ProjectSession
from landseg_gui.session.session import Session


def test_a_choice_is_kept_and_the_image_opened_with_it(
    qtbot: QtBot,
    empty: ProjectSession,
    session: Session,
    runner: JobRunner,
    project_path: Path,
    flight: Path,
    images: tuple[Path, Path],
    schema: ClassSchema,
) -> None:
    empty.lifecycle.create(project_path, schema, [flight, images[0]])
    qtbot.waitUntil(lambda: empty.image is not None and session.rasters.current is not None and not runner.running)
    assert session.rasters.current.alpha == "auto"
    with qtbot.waitSignal(session.rasters.renewed):
        session.files.choose_alpha("none")
    qtbot.waitUntil(lambda: not runner.running)
    assert session.rasters.current.all_valid
    assert session.layers.labels is not None
    assert empty.image.alpha == "none"
    assert empty.project.images[0].alpha == "none"
    empty.images.show(2)
    qtbot.waitUntil(lambda: session.rasters.current.path == images[0] and not runner.running)
    empty.images.show(1)
    qtbot.waitUntil(lambda: session.rasters.current.path == flight and not runner.running)
    assert session.rasters.current.alpha == "none"
    assert empty.lifecycle.close()
    empty.lifecycle.open(project_path)
    qtbot.waitUntil(lambda: empty.project is not None and session.rasters.current is not None and not runner.running)
    assert empty.project.images[0].alpha == "none"
