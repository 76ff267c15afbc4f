"""The model of the user that outlines what is clicked on: it encodes views and answers clicks in threads of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Qt, Signal

from landseg_core.assistant.click_segment.answers import ClickAnswers
from landseg_core.assistant.click_segment.frame import Crop
from landseg_core.assistant.click_segment.model import ClickModel, Segment
from landseg_core.errors import LandsegError
from landseg_core.events import JobControl
from landseg_gui.form_settings import FormSettings
from landseg_gui.notifier import Notifier
from landseg_gui.session.assistant.latest_work import LatestWork
from landseg_gui.tools.segmenter import Question, SegmenterState

_ENCODER, _DECODER = "encoder", "decoder"


@dataclass(frozen=True)
class ModelFiles:
    """The two ONNX files of a model."""

    encoder: Path
    decoder: Path


class _LazyModel:
    """A model that is opened when it is first needed, which takes seconds; for one thread at a time."""

    def __init__(self, files: ModelFiles, opened: ClickModel | None = None) -> None:
        self.files = files
        self._opened = opened

    def get(self) -> ClickModel:
        """Return the model; errors as of `ClickModel`."""
        if self._opened is None:
            self._opened = ClickModel(self.files.encoder, self.files.decoder)
        return self._opened


@dataclass(frozen=True, eq=False)
class _Encoded:
    """A view that has been encoded, and its answers."""

    crop: Crop
    answers: ClickAnswers

    def shows(self, crop: Crop) -> bool:
        """Return whether a view is the same, pixel by pixel."""
        own = self.crop
        same_corner = (own.x, own.y, own.scale) == (crop.x, crop.y, crop.scale)
        return same_corner and np.array_equal(own.rgb, crop.rgb)


class ClickSegmenter(QObject):
    """See `landseg_gui.tools.segmenter.Segmenter`. Its files are remembered from one start to the next."""

    changed = Signal()
    answered = Signal(object, object)

    _arrived = Signal(object, object)
    _failed = Signal(object, str)
    _segmented = Signal(object, object, object)

    def __init__(self, notifier: Notifier, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._notifier = notifier
        self._settings = FormSettings("assistant_model")
        self._encoding, self._answering = LatestWork("click-encode"), LatestWork("click-answer")
        self._wanted: object | None = None
        self._encoded: _Encoded | None = None
        self._has_failed = False
        files = self._saved_files()
        self._model = _LazyModel(files) if files else None
        queued = Qt.ConnectionType.QueuedConnection  # emitted in the threads
        self._arrived.connect(self._take_encoded, queued)
        self._failed.connect(self._take_failure, queued)
        self._segmented.connect(self._take_answer, queued)

    @property
    def files(self) -> ModelFiles | None:
        """Return the files of the model, or None where none is chosen."""
        return self._model.files if self._model else None

    def use(self, files: ModelFiles, opened: ClickModel | None = None) -> None:
        """Use another model from now on, and remember it; `opened` where it has been opened already."""
        self._settings.save({_ENCODER: str(files.encoder), _DECODER: str(files.decoder)})
        self._model, self._has_failed = _LazyModel(files, opened), False
        self.reset()

    def _saved_files(self) -> ModelFiles | None:
        encoder, decoder = self._settings.text(_ENCODER), self._settings.text(_DECODER)
        return ModelFiles(Path(encoder), Path(decoder)) if encoder and decoder else None

    @property
    def state(self) -> SegmenterState:
        """Return what it is doing."""
        if self._model is None:
            return SegmenterState.NO_MODEL
        if self._has_failed:
            return SegmenterState.FAILED
        if self._wanted is not None:
            return SegmenterState.ENCODING
        return SegmenterState.READY if self._encoded else SegmenterState.IDLE

    def encode(self, crop: Crop) -> None:
        """Encode a view instead of any other; the one before answers until that is done."""
        if self._model is None or self._has_failed:
            return
        if self._encoded is not None and self._encoded.shows(crop):
            self.pause()
            return
        model, ticket = self._model, object()

        def work(control: JobControl) -> None:
            opened = model.get()
            self._arrived.emit(ticket, _Encoded(crop, ClickAnswers(opened, opened.encode(crop, control))))

        self._wanted = ticket
        self._encoding.begin(self._reporting(ticket, work))
        self.changed.emit()

    def ask(self, question: Question) -> None:
        """Answer a question; of those that wait, only the newest is answered."""
        encoded = self._encoded
        if encoded is None or self._has_failed:
            return

        def work(_control: JobControl) -> None:  # not stopped: else nothing would be outlined while the mouse moves
            self._segmented.emit(encoded, question, encoded.answers.answer(question.clicks))

        self._answering.begin(self._reporting(encoded, work))

    def _reporting(self, source: object, work: Callable[[JobControl], None]) -> Callable[[JobControl], None]:
        """Return `work`, after which a failure is reported as one of `source`."""

        def reporting(control: JobControl) -> None:
            try:
                work(control)
            except LandsegError as error:
                self._failed.emit(source, str(error))

        return reporting

    def pause(self) -> None:
        """Stop encoding: nobody waits for it any more."""
        self._encoding.cancel()
        if self._wanted is not None:
            self._wanted = None
            self.changed.emit()

    def retry(self) -> None:
        """Forget that it has failed: what was wrong may have been put right."""
        if self._has_failed:
            self._has_failed = False
            self.changed.emit()

    def reset(self) -> None:
        """Drop what has been encoded: another image is shown, or another model chosen."""
        self._encoding.cancel()
        self._answering.cancel()
        self._wanted = self._encoded = None
        self.changed.emit()

    def close(self) -> None:
        """Stop, and wait for the threads."""
        self._encoding.close()
        self._answering.close()

    def _take_encoded(self, ticket: object, encoded: _Encoded) -> None:
        if ticket is self._wanted:
            self._wanted, self._encoded = None, encoded
            self.changed.emit()

    def _take_failure(self, source: object, sentence: str) -> None:
        """Show why it fails, once: what comes after it would fail as well."""
        if source is not self._wanted and source is not self._encoded:
            return
        self._has_failed = True
        self._wanted = self._encoded = None
        self._notifier.error(sentence)
        self.changed.emit()

    def _take_answer(self, encoded: _Encoded, question: Question, segment: Segment | None) -> None:
        if encoded is self._encoded:
            self.answered.emit(question, segment)
