"""The orthophoto and the masks over it: put in place as they have been opened, with overviews where they have none."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from landseg_core.geo.grid import RasterGrid
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource
from landseg_gui.jobs.runner import Job, JobRunner
from landseg_gui.notifier import Notifier
from landseg_gui.session.files import opening
from landseg_gui.text import capitalised, pixels
from landseg_gui.viewer.layer import FileLayer, ImageLayer, MaskLayer
from landseg_gui.viewer.layers import LayerStack


def _layer_of(picture: opening.Picture) -> ImageLayer:
    return ImageLayer(picture.reader, picture.rendering, picture.ground_resolution, picture.crs_name)


class Rasters(QObject):
    """What is in the window of files: the orthophoto, and masks on its grid.

    `leaving` comes just before another orthophoto, or none, takes the place of the present one, which `changed` ends;
    `renewed` once the same one has been read anew. `file_changed`: the file of the orthophoto is another by now.
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
        """Return the orthophoto, or None while the window is empty."""
        return self._layers.image.source if self._layers.image else None

    def show(self, picture: opening.Picture) -> None:
        """Show another orthophoto; what lay over the former one goes."""
        layer = _layer_of(picture)
        self._change_to(layer)
        self._finish(layer, picture)

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

    def replace_picture(self, picture: opening.Picture) -> None:
        """Show what has become of the orthophoto's file: another size or place makes it another picture."""
        assert self.current is not None
        name = picture.reader.source.path.name
        self.file_changed.emit()
        if picture.reader.grid != self.current.file_grid:
            self.show(picture)
            self._notifier.error(f"{name} has changed on disk, its size or place too: what lay over it has been closed")
            return
        self.put_in_place(picture, self.current.grid)  # where the project says that it lies
        self._notifier.info(f"{name} has changed on disk and has been read again")

    def put_in_place(self, picture: opening.Picture, grid: RasterGrid) -> None:
        """Show the same orthophoto, read anew, on the same grid, below all that lies over it."""
        layer = _layer_of(picture)
        layer.set_grid(grid)
        self._layers.replace_image(layer)
        self.renewed.emit(layer)
        self._finish(layer, picture)

    def _finish(self, layer: ImageLayer, picture: opening.Picture) -> None:
        if picture.doubt:
            self._notifier.info(capitalised(picture.doubt))
        self._build_overviews(layer)

    def lay_mask(self, mask: opening.Mask, owner: Path | None) -> None:
        """Lay a mask of the project `owner`, or of none, over the orthophoto if it lies on its grid."""
        if self.current is None or not mask.reader.grid.matches(self.current.grid):
            self._notifier.error(f"{mask.reader.source.path.name} does not fit the picture that is open by now")
            return
        layer = MaskLayer(mask.reader, mask.schema, mask.name)
        layer.owner = owner
        self._layers.add_mask(layer)
        self._build_overviews(layer)
        if mask.guessed:
            hint = "choose them in the layer's menu"
            unshown = f". 255 in {pixels(mask.unshown)} counts as unlabelled and is not shown" if mask.unshown else ""
            self._notifier.info(f"{layer.name} does not tell its classes: {hint}{unshown}")

    def replace_mask(self, former: MaskLayer, mask: opening.Mask) -> None:
        """Show what has become of a mask's file, in the place of its layer."""
        layer = MaskLayer(mask.reader, mask.schema, mask.name)
        layer.owner = former.owner
        self._layers.replace_mask(former, layer)
        self._build_overviews(layer)

    def drop_masks_of_others(self, owner: Path | None) -> None:
        """Take away the masks that belong to another project than `owner`."""
        for mask in [mask for mask in self._layers.masks if mask.owner not in (None, owner)]:
            self._layers.remove_mask(mask)

    def _build_overviews(self, layer: FileLayer) -> None:
        """Make the small pictures of a raster that has none, in the background; the layer then reads those."""
        reader = layer.reader
        if not (isinstance(reader, PyramidReader) and reader.needs_pyramid):
            return
        job = self._runner.start(f"Overviews of {layer.name}", opening.overviews_work(reader), background=True)
        self._overviews.append(job)
        job.finished.connect(layer.reread)
        job.failed.connect(self._notifier.error)
        job.too_large.connect(
            lambda work: self._notifier.info(f"{capitalised(work.objection)}; make them with gdaladdo")
        )
        job.ended.connect(lambda: self._overviews.remove(job))
