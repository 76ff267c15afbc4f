"""The dialog checks two files at once, and says in a sentence what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QLineEdit
from pytestqt.qtbot import QtBot
from support.click_models import sam2_pair, sam_pair

from landseg_core.assistant.click_segment import runtime
from landseg_gui.dialogs.assistant_model import AssistantModelDialog
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.session.assistant.click_segmenter import ModelFiles

SECONDS = 20_000
Make = Callable[..., AssistantModelDialog]


@pytest.fixture
def make(qtbot: QtBot, runner: JobRunner) -> Make:
    def dialog(files: tuple[Path, Path] | None = None) -> AssistantModelDialog:
        dialog = AssistantModelDialog(ModelFiles(*files) if files else None, runner)
        qtbot.addWidget(dialog)
        dialog.show()
        qtbot.waitUntil(lambda: not runner.running, timeout=SECONDS)
        return dialog

    return dialog


def choose(dialog: AssistantModelDialog, qtbot: QtBot, runner: JobRunner, **paths: Path | str) -> None:
    for name, path in paths.items():
        dialog.findChild(QLineEdit, f"assistant_model_{name}").setText(str(path))
    qtbot.waitUntil(lambda: not runner.running, timeout=SECONDS)


def said(dialog: AssistantModelDialog, name: str) -> str:
    label = dialog.findChild(QLabel, f"assistant_model_{name}")
    return label.text() if label.isVisible() else ""


def test_two_good_files_can_be_used(make: Make, qtbot: QtBot, runner: JobRunner, tmp_path: Path) -> None:
    dialog = make()
    assert not dialog.action_button.isEnabled()
    assert said(dialog, "encoder_problem") == "Choose the encoder."
    assert said(dialog, "decoder_problem") == "Choose the decoder."
    encoder, decoder = sam_pair(tmp_path)
    choose(dialog, qtbot, runner, encoder=encoder)
    assert said(dialog, "encoder_problem") == ""
    choose(dialog, qtbot, runner, decoder=decoder)
    assert said(dialog, "status") == "SAM, 128 x 128 px"
    assert dialog.action_button.isEnabled()
    files, model = dialog.answer()
    assert files == ModelFiles(encoder, decoder)
    assert model.title == "SAM"


def test_the_present_model_is_shown_and_can_be_replaced(
    make: Make, qtbot: QtBot, runner: JobRunner, tmp_path: Path
) -> None:
    dialog = make(sam_pair(tmp_path))
    assert dialog.action_button.isEnabled()
    encoder, decoder = sam2_pair(tmp_path)
    choose(dialog, qtbot, runner, encoder=encoder)
    assert not dialog.action_button.isEnabled()
    assert "sam2.encoder.onnx is not an encoder of SAM" in said(dialog, "decoder_problem")
    assert said(dialog, "status") == ""
    choose(dialog, qtbot, runner, decoder=decoder)
    assert said(dialog, "status") == "SAM 2, 128 x 128 px"
    assert dialog.answer()[0] == ModelFiles(encoder, decoder)


def test_what_is_wrong_stands_in_the_dialog(make: Make, qtbot: QtBot, runner: JobRunner, tmp_path: Path) -> None:
    encoder, decoder = sam_pair(tmp_path)
    dialog = make((encoder, decoder))
    choose(dialog, qtbot, runner, encoder=tmp_path / "gone.onnx")
    assert said(dialog, "encoder_problem") == "There is no such file."
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"nothing")
    choose(dialog, qtbot, runner, encoder=broken)
    assert "broken.onnx is not an ONNX model" in said(dialog, "decoder_problem")
    assert not dialog.action_button.isEnabled()
    choose(dialog, qtbot, runner, encoder=decoder, decoder=encoder)
    assert "sam.encoder.onnx is not a decoder of SAM or SAM 2" in said(dialog, "decoder_problem")


def test_without_a_runtime_the_dialog_says_what_to_install(make: Make, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(runtime, "find_spec", lambda _name: None)
    dialog = make(sam_pair(tmp_path))
    assert said(dialog, "decoder_problem").endswith("run: pip install 'landseg[fast]'.")
    assert not dialog.action_button.isEnabled()


def test_closing_during_the_check_stops_it(qtbot: QtBot, runner: JobRunner, tmp_path: Path) -> None:
    dialog = AssistantModelDialog(ModelFiles(*sam_pair(tmp_path)), runner)
    qtbot.addWidget(dialog)
    dialog.reject()
    qtbot.waitUntil(lambda: not runner.running, timeout=SECONDS)
    assert not dialog.action_button.isEnabled()
