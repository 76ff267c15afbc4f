"""The dialog that chooses the model for segmenting by clicks: two ONNX files, which are checked at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtWidgets import QWidget

from landseg_core.assistant.click_segment.model import ClickModel
from landseg_core.assistant.click_segment.runtime import require_runtime
from landseg_core.errors import LandsegError
from landseg_core.events import JobControl, OnEvent
from landseg_core.messages import N_
from landseg_gui.dialogs.forms.checks import FieldError
from landseg_gui.dialogs.forms.fields import PathField, pick_file
from landseg_gui.dialogs.forms.file_kinds import ONNX_FILES
from landseg_gui.dialogs.forms.form import FormDialog
from landseg_gui.jobs.runner import Job, JobRunner, Work, while_alive
from landseg_gui.paths import is_there
from landseg_gui.plain_text import PlainLabel
from landseg_gui.session.assistant.click_segmenter import ModelFiles
from landseg_gui.text import as_sentence, tr, translated

_EXPLANATION = N_(
    "landseg comes without such a model. It works with those of the interfaces SAM and SAM 2, exported to ONNX as an "
    "encoder and a decoder, for example by samexporter; their licences are yours to check."
)


def open_work(files: ModelFiles) -> Work:
    """Return the work that opens the two files; its result is a `ClickModel`."""

    def work(_on_event: OnEvent, _control: JobControl) -> ClickModel:
        return ClickModel(files.encoder, files.decoder)

    return work


class AssistantModelDialog(FormDialog):
    """Asks for the two files; `answer` is them, and the model, opened."""

    def __init__(self, files: ModelFiles | None, runner: JobRunner, parent: QWidget | None = None) -> None:
        super().__init__("assistant_model", tr("Assistant Model"), tr("Use"), parent)
        self._runner = runner
        self._job: Job | None = None
        self._files: ModelFiles | None = None
        self._model: ClickModel | None = None
        self._failure = ""
        self._add_fields()
        self.complete()
        if files:
            self._encoder.set_path(files.encoder)
            self._decoder.set_path(files.decoder)
        for field in (self._encoder, self._decoder):
            field.changed.connect(self._read)
        self.finished.connect(self._stop)
        self._read()
        self.resize(600, self.sizeHint().height())

    def _add_fields(self) -> None:
        form = self.add_section(tr("Segment by Clicks"))
        self._encoder = self._path_field("assistant_model_encoder", tr("Encoder"))
        self._decoder = self._path_field("assistant_model_decoder", tr("Decoder"))
        self._status = PlainLabel(objectName="assistant_model_status", wordWrap=True)
        explanation = PlainLabel(translated(_EXPLANATION), objectName="assistant_model_explanation", wordWrap=True)
        explanation.setProperty("muted", True)  # noqa: FBT003
        add = self.add_field
        tip = tr("The ONNX file that looks at the view once, such as sam.encoder.onnx")
        add(form, "assistant_model_encoder", tr("&Encoder"), self._encoder, tip)
        tip = tr("The ONNX file that answers each click, such as sam.decoder.onnx")
        add(form, "assistant_model_decoder", tr("&Decoder"), self._decoder, tip).add_below(self._status)
        form.addRow(explanation)

    def _path_field(self, name: str, title: str) -> PathField:
        return PathField(name, pick_file(title, translated(ONNX_FILES)), tr("ONNX file"))

    # --- what is checked

    def _read(self) -> None:
        """Open the files, where both are there, instead of those before."""
        self._stop()
        self._model, self._failure = None, _missing_runtime()
        self._files = self._chosen()
        if self._files and not self._failure:
            self._job = job = self._runner.start(tr("Check the assistant model"), open_work(self._files))
            job.finished.connect(while_alive(self, lambda model: self._take(job, model)))
            job.failed.connect(while_alive(self, lambda sentence: self._take(job, None, sentence)))
            job.stopped.connect(while_alive(self, lambda: self._take(job, None, tr("The check was cancelled."))))
        self.check()

    def _chosen(self) -> ModelFiles | None:
        encoder, decoder = self._encoder.path(), self._decoder.path()
        if encoder is None or decoder is None or not (is_there(encoder.is_file) and is_there(decoder.is_file)):
            return None
        return ModelFiles(encoder.absolute(), decoder.absolute())

    def _take(self, job: Job, model: ClickModel | None, failure: str = "") -> None:
        if job is self._job:
            self._job, self._model, self._failure = None, model, failure
            self.check()

    def _stop(self) -> None:
        if self._job is not None:
            job, self._job = self._job, None
            job.stop()

    def find_errors(self) -> Mapping[str, FieldError]:
        """Return the error of every field that has one; the action waits for the check."""
        self._show_status()
        candidates = {
            "assistant_model_encoder": _file_error(self._encoder.path(), tr("Choose the encoder.")),
            "assistant_model_decoder": FieldError(as_sentence(self._failure))
            if self._failure
            else _file_error(self._decoder.path(), tr("Choose the decoder.")),
            "assistant_model_check": FieldError("", missing=True) if self._job else None,
        }
        return {name: error for name, error in candidates.items() if error}

    def _show_status(self) -> None:
        text = tr("Checking the files…") if self._job else ""
        if self._model is not None:
            title, side = self._model.title, self._model.pair.side
            text = tr("{interface}, {side} x {side} px", interface=title, side=side)
        self._status.setText(text)
        self._status.setVisible(bool(text))

    # --- the answer

    def answer(self) -> tuple[ModelFiles, ClickModel]:
        """Return the files and the model; call it only after the dialog was accepted."""
        assert self._files is not None
        assert self._model is not None
        return self._files, self._model


def _missing_runtime() -> str:
    """Return the sentence that says what to install, where nothing is installed that runs ONNX files."""
    try:
        require_runtime()
    except LandsegError as error:
        return str(error)
    return ""


def _file_error(path: Path | None, missing: str) -> FieldError | None:
    if path is None:
        return FieldError(missing, missing=True)
    return None if is_there(path.is_file) else FieldError(tr("There is no such file."))
