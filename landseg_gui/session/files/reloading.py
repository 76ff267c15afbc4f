"""Reloads layers whose files have changed on disk, or reports that they cannot be reloaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from landseg_core.events import JobControl
from landseg_core.file_identity import FileIdentity
from landseg_core.messages import N_
from landseg_gui.jobs.file_watch import FileWatch, Watched
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.session.files import opening
from landseg_gui.text import tr, translated
from landseg_gui.viewer.layer import FileLayer, ImageLayer, MaskLayer

if TYPE_CHECKING:
    from landseg_gui.session.session import Session

_GONE, _CHANGED = N_("missing on disk"), N_("changed on disk")
_Attempt = tuple[FileIdentity | None, ...]


@dataclass(frozen=True)
class _Reopening:
    """How the file behind a layer is opened again, and how the result replaces the layer."""

    open: Callable[[JobControl], opening.Opened]
    show: Callable[[opening.Opened], None]


class LayerReloader(QObject):
    """Watches the files behind the layers of a session.

    A file that can be read again replaces its former layer. One that cannot is tried again when it changes once more;
    if it is still the same at the next check, the user is shown why, and the layer's name says so.
    """

    def __init__(self, session: Session, runner: JobRunner) -> None:
        super().__init__(session)
        self._session, self._runner = session, runner
        self._busy: set[FileLayer] = set()
        self._failed: dict[FileLayer, tuple[_Attempt, str]] = {}
        self._reported: dict[FileLayer, _Attempt] = {}
        self.watch = FileWatch(self._watched, self)
        self.watch.looked.connect(self._follow)
        session.layers.changed.connect(self._forget_gone)

    def _present(self) -> list[FileLayer]:
        image = self._session.layers.image
        return [*([image] if image else []), *self._session.layers.masks]

    def _watched(self) -> Watched:
        return {layer: layer.source.as_opened for layer in self._present()}

    def _forget_gone(self) -> None:
        present = self._present()
        for known in (self._failed, self._reported):
            for layer in [layer for layer in known if layer not in present]:
                del known[layer]

    def _follow(self, changed: Sequence[FileLayer]) -> None:
        image = self._session.layers.image
        if image and image in changed:
            self._reload(image, self._reopen_image(image))
        for mask in self._session.layers.masks:
            if mask in changed:
                self._reload(mask, self._reopen_mask(mask))
        for layer in self._present():
            if layer.note and layer not in changed:
                self._clear_note(layer)

    def _reopen_image(self, image: ImageLayer) -> _Reopening:
        def show(opened: opening.Opened) -> None:
            if opened.image:
                self._session.rasters.replace_image(opened.image)

        return _Reopening(partial(opening.reopen_image, image.path, image.rendering, image.reader), show)

    def _reopen_mask(self, mask: MaskLayer) -> _Reopening:
        def show(opened: opening.Opened) -> None:
            for again in opened.masks:
                self._session.rasters.replace_mask(mask, again)

        window = mask.placement.window if mask.placement else None
        known = opening.KnownMask(mask.path, window, mask.schema, mask.name)
        return _Reopening(partial(opening.reopen_mask, known, mask.grid), show)

    def _clear_note(self, layer: FileLayer) -> None:
        """The file is back as it was: read what could not be read meanwhile."""
        layer.note = ""
        self._reported.pop(layer, None)
        layer.reread.emit()
        self._session.layers.changed.emit()

    def _reload(self, layer: FileLayer, reopening: _Reopening) -> None:
        now = tuple(map(FileIdentity.of, layer.source.files))
        if layer in self._busy or self._reported.get(layer) == now:
            return
        former = self._failed.pop(layer, None)
        if former and former[0] == now:
            self._report(layer, *former)
        else:
            self._try(layer, reopening, now)

    def _try(self, layer: FileLayer, reopening: _Reopening, now: _Attempt) -> None:
        """Open the file again, in the background."""
        self._busy.add(layer)
        job = self._runner.start(
            tr("Open {file}", file=layer.path.name), lambda _on_event, control: reopening.open(control)
        )
        job.finished.connect(lambda opened: reopening.show(opened) if layer in self._present() else None)
        job.failed.connect(lambda sentence: self._failed.update({layer: (now, sentence)}))
        job.ended.connect(lambda: self._busy.discard(layer))

    def _report(self, layer: FileLayer, now: _Attempt, reason: str) -> None:
        self._reported[layer] = now
        if None in now:
            layer.note = translated(_GONE)
            message = tr(
                "{layer}: the file {path} was deleted, moved or renamed. What is shown may be incomplete.",
                layer=layer.name,
                path=layer.path,
            )
        else:
            layer.note = translated(_CHANGED)
            message = tr(
                "{layer} has changed on disk and cannot be reloaded. {reason}", layer=layer.name, reason=reason
            )
        self._session.notifier.error(message)
        self._session.layers.changed.emit()
