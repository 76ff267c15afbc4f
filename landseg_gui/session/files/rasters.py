"""The image and the masks over it: shown as they have been opened, and given overviews where they have none."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from landseg_core.geo.grid import RasterGrid
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource
from landseg_gui.jobs.runner import Job, JobRunner
from landseg_gui.notifier import Notifier
from landseg_gui.session.files import opening
from landseg_gui.text import as_sentence, pixels, tr
from landseg_gui.viewer.layer import FileLayer, ImageLayer, MaskLayer
from landseg_gui.viewer.layers import LayerStack


def _guessed_text(layer: str, unshown: int) -> str:
    """Return what to say of a mask without class definitions, of which `unshown` px are not shown."""
    if not unshown:
        return tr("{layer} does not define its classes: choose them in the layer options.", layer=layer)
    return tr(
        "{layer} does not define its classes: choose them in the layer options. {pixels} with the value 255 count as "
        "unlabelled and are not shown.",
        layer=layer,
        pixels=pixels(unshown),
    )


def _layer_of(image: opening.OpenedImage) -> ImageLayer:
    return ImageLayer(image.reader, image.rendering, image.ground_resolution, image.crs_name)


class Rasters(QObject):
    """The files in the window: the image, and masks on its grid.

    `leaving` comes just before another image, or none, replaces the present one, and `changed` after it; `renewed` once
    the same one has been read again. `file_changed`: the file of the image has been replaced.
    """

    leaving = Signal()
    changed = Signal()
    renewed = Signal(object)
    file_changed = Signal()

    def __init__(
        self, layers: LayerStack, runner: JobRunner, notifier: Notifier, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._layers, self._runner, self._notifier = layers, runner, notifier
        self._overviews: list[Job] = []

    @property
    def current(self) -> RasterSource | None:
        """Return the image, or None while the window is empty."""
        return self._layers.image.source if self._layers.image else None

    def show(self, image: opening.OpenedImage) -> None:
        """Show another image; what lay over the former one is closed."""
        layer = _layer_of(image)
        self._change_to(layer)
        self._finish(layer, image)

    def close(self) -> None:
        """Leave the window empty."""
        self._change_to(None)

    def _change_to(self, layer: ImageLayer | None) -> None:
        # Whoever still reads the former raster (a tile thread, a prediction) keeps it open by holding it.
        for job in self._overviews:
            job.stop()
        self.leaving.emit()
        self._layers.set_image(layer)
        self.changed.emit()

    def replace_image(self, image: opening.OpenedImage) -> None:
        """Show the changed file of the image: another size or position makes it another image."""
        assert self.current is not None
        name = image.reader.source.path.name
        self.file_changed.emit()
        if image.reader.grid != self.current.file_grid:
            self.show(image)
            self._notifier.error(
                tr(
                    "{image} has changed on disk, with its size or position: the layers above it were closed.",
                    image=name,
                )
            )
            return
        self.show_again(image, self.current.grid)  # the grid that the project gives it
        self._notifier.info(tr("{image} has changed on disk and was reloaded.", image=name))

    def show_again(self, image: opening.OpenedImage, grid: RasterGrid) -> None:
        """Show the same image, read again, on the same grid, below all that lies over it."""
        layer = _layer_of(image)
        layer.set_grid(grid)
        self._layers.replace_image(layer)
        self.renewed.emit(layer)
        self._finish(layer, image)

    def _finish(self, layer: ImageLayer, image: opening.OpenedImage) -> None:
        if image.doubt:
            self._notifier.info(image.doubt)
        self._build_overviews(layer)

    def show_mask(self, mask: opening.OpenedMask, owner: Path | None) -> None:
        """Overlay a mask of the project `owner`, or of none, on the image if it lies on its grid."""
        if self.current is None or not mask.reader.grid.matches(self.current.grid):
            name = mask.reader.source.path.name
            self._notifier.error(tr("The grid of mask {mask} does not match the image that is open now.", mask=name))
            return
        layer = MaskLayer(mask.reader, mask.schema, mask.name)
        layer.owner = owner
        self._layers.add_mask(layer)
        self._build_overviews(layer)
        if mask.guessed:
            self._notifier.info(_guessed_text(layer.name, mask.unshown))

    def replace_mask(self, former: MaskLayer, mask: opening.OpenedMask) -> None:
        """Show the changed file of a mask instead of its layer."""
        layer = MaskLayer(mask.reader, mask.schema, mask.name)
        layer.owner = former.owner
        self._layers.replace_mask(former, layer)
        self._build_overviews(layer)

    def drop_masks_of_others(self, owner: Path | None) -> None:
        """Remove the masks that belong to another project than `owner`."""
        for mask in [mask for mask in self._layers.masks if mask.owner not in (None, owner)]:
            self._layers.remove_mask(mask)

    def _build_overviews(self, layer: FileLayer) -> None:
        """Build the overviews of a raster that has none, in the background; the layer then reads those."""
        reader = layer.reader
        if not (isinstance(reader, PyramidReader) and reader.needs_pyramid):
            return
        job = self._runner.start(
            tr("Build overviews of {layer}", layer=layer.name), opening.overviews_work(reader), background=True
        )
        self._overviews.append(job)
        job.finished.connect(layer.reread)
        job.failed.connect(self._notifier.error)
        job.too_large.connect(
            lambda work: self._notifier.info(
                tr("{objection} Build the overviews with gdaladdo.", objection=as_sentence(work.objection))
            )
        )
        job.ended.connect(lambda: self._overviews.remove(job))
