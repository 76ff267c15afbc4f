"""Brings layers up to date whose files have changed on disk, or says that they have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from landseg_core.events import JobControl
from landseg_core.file_identity import FileIdentity
from landseg_gui.jobs.file_watch import FileWatch, Watched
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.session.files import opening
from landseg_gui.text import tr
from landseg_gui.viewer.layer import FileLayer, ImageLayer, MaskLayer

if TYPE_CHECKING:
    from landseg_gui.session.session import Session

_GONE, _CHANGED = "not on disk any more", "changed on disk"
_Attempt = tuple[FileIdentity | None, ...]


@dataclass(frozen=True)
class _Way:
    """How the file behind a layer is opened again, and how what comes of it takes the layer's place."""

    open: Callable[[JobControl], opening.Opened]
    show: Callable[[opening.Opened], None]


class LayerReloader(QObject):
    """Watches the files behind the layers of a session.

    A file that can be read again takes its former layer's place. One that cannot is tried again when it changes once
    more; if it stays as it is until the next look, the user is told, and the layer's name says so.
    """

    def __init__(self, session: Session, runner: JobRunner) -> None:
        super().__init__(session)
        self._session, self._runner = session, runner
        self._busy: set[FileLayer] = set()
        self._failed: dict[FileLayer, tuple[_Attempt, str]] = {}
        self._told: dict[FileLayer, _Attempt] = {}
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
        for known in (self._failed, self._told):
            for layer in [layer for layer in known if layer not in present]:
                del known[layer]

    def _follow(self, changed: Sequence[FileLayer]) -> None:
        image = self._session.layers.image
        if image and image in changed:
            self._reload(image, self._picture_way(image))
        for mask in self._session.layers.masks:
            if mask in changed:
                self._reload(mask, self._mask_way(mask))
        for layer in self._present():
            if layer.note and layer not in changed:
                self._clear_note(layer)

    def _picture_way(self, image: ImageLayer) -> _Way:
        def show(opened: opening.Opened) -> None:
            if opened.picture:
                self._session.rasters.replace_picture(opened.picture)

        return _Way(partial(opening.open_picture_again, image.path, image.rendering, image.reader), show)

    def _mask_way(self, mask: MaskLayer) -> _Way:
        def show(opened: opening.Opened) -> None:
            for again in opened.masks:
                self._session.rasters.replace_mask(mask, again)

        place = mask.placement.window if mask.placement else None
        known = opening.KnownMask(mask.path, place, mask.schema, mask.name)
        return _Way(partial(opening.open_mask_again, known, mask.grid), show)

    def _clear_note(self, layer: FileLayer) -> None:
        """The file is back as it was: read what could not be read meanwhile."""
        layer.note = ""
        self._told.pop(layer, None)
        layer.reread.emit()
        self._session.layers.changed.emit()

    def _reload(self, layer: FileLayer, way: _Way) -> None:
        now = tuple(map(FileIdentity.of, layer.source.files))
        if layer in self._busy or self._told.get(layer) == now:
            return
        former = self._failed.pop(layer, None)
        if former and former[0] == now:
            self._tell(layer, *former)
        else:
            self._try(layer, way, now)

    def _try(self, layer: FileLayer, way: _Way, now: _Attempt) -> None:
        """Open the file anew, in the background."""
        self._busy.add(layer)
        job = self._runner.start(tr("Open {path}", path=layer.path.name), lambda _on_event, control: way.open(control))
        job.finished.connect(lambda opened: way.show(opened) if layer in self._present() else None)
        job.failed.connect(lambda sentence: self._failed.update({layer: (now, sentence)}))
        job.ended.connect(lambda: self._busy.discard(layer))

    def _tell(self, layer: FileLayer, now: _Attempt, sentence: str) -> None:
        self._told[layer] = now
        is_gone = None in now
        layer.note = _GONE if is_gone else _CHANGED
        why = f"{layer.path} was deleted, moved or renamed; what is shown may be incomplete" if is_gone else sentence
        self._session.notifier.error(f"{layer.name} ({layer.note}): {why}")
        self._session.layers.changed.emit()
