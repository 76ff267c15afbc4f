"""Imports a mask: an index or palette PNG, an image in class colours, a GeoTIFF on any grid.

The class of a pixel is decided by the first of these that applies:

- the mapping that the user gives: a value or a colour, and the name of its class;
- the classes that the file itself names, compared by name;
- colours (of a palette, or of the pixels) and values, by the rules of `landseg_core.labels.masks.coding`.

What the file declares as nodata stays unlabelled, unless the mapping says otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from landseg_core.errors import InterchangeError
from landseg_core.events import JobControl, Notice, OnEvent, ignore_event
from landseg_core.formats.class_mapping import unknown_values_error
from landseg_core.formats.mask_on_image import MaskOnImage
from landseg_core.geo.tiling import TileKey, TilePyramid
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.labels.masks.classes import mask_schema
from landseg_core.labels.masks.coding import MaskCode, mask_code, special_numbers, unknown_codes
from landseg_core.labels.masks.reader import MaskPart
from landseg_core.labels.masks.value_counts import ValueTally
from landseg_core.labels.masks.value_mapping import class_index
from landseg_core.limits import WorkSize, require_agreed
from landseg_core.messages import N_
from landseg_core.progress import ProgressMeter
from landseg_core.project.images import ImageEntry
from landseg_core.project.project import Project
from landseg_core.raster.source import RasterSource

Values = npt.NDArray[np.uint8]


def import_mask(
    project: Project,
    image_id: int,
    source: Path,
    mapping: Mapping[int, str] | None = None,
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
    *,
    large: bool = False,
) -> int:
    """Label the image with the mask `source`, in one undo step; return how many pixels changed.

    A mask without a georeference must have the size of the image. Pixels that it leaves unlabelled (255, nodata,
    transparent) or does not cover stay as they are.

    Args:
        project: the project of the image.
        image_id: the image to label.
        source: the mask.
        mapping: class names by code, as `mask_mapping` has them; "" or "unlabelled" leaves a value out.
        on_event: gets the `Progress`, first of a check of the values and then of the import, and a `Notice` of values
            that count as unlabelled.
        control: pauses or stops the work.
        large: the user agreed to a large job, see `landseg_core.limits`.

    Raises:
        LargeWorkError: the job is large, and the user has not agreed; nothing has changed.
        RasterError: the mask cannot be opened or read.
        DatasetError: it is not a mask, or its colours are ambiguous.
        InterchangeError: it does not overlap the image, holds a value that no class has, or only 0 and 255
            while the mapping does not say what 255 is.
        ProjectError: the project cannot take the labels.
        JobStopped: `control` asked for it; nothing has changed.
    """
    control = control or JobControl()
    image = project.image_by_id(image_id)
    with RasterSource(source) as raster:
        reader = MaskReader(MaskOnImage(raster, image.grid), mask_rule(raster, project.schema, mapping or {}))
        window = reader.mask.window
        subject = N_("the labels from {file}", file=source.name)
        work = WorkSize(subject, window.pixels, project.path.parent, bytes=window.pixels)
        require_agreed(work, large=large)
        reader.check_values(image, project.schema, on_event, control)
        table = project.schema.value_table()

        def change(_key: TileKey, window: PixelWindow, present: Values) -> Values | None:
            values = table[reader.read(window)]
            return np.where(values == UNLABELLED, present, values)

        name = N_("Import {file}", file=source.name)
        return project.edit_tiles(image_id, name, change, window, on_event=on_event, control=control)


def mask_rule(raster: RasterSource, schema: ClassSchema, mapping: Mapping[int, str]) -> MaskCode:
    """Return what the pixels of `raster` stand for, as indices of `schema`.

    Raises:
        RasterError, DatasetError: as `import_mask`.
        InterchangeError: `mapping` names a class that does not exist.
    """
    named = mask_schema(raster.path) if _is_index_mask(raster) else None
    code = mask_code(raster, schema) if named is None else _named_code(raster, named, schema)
    return code.mapped({value: class_index(schema, name) for value, name in mapping.items()})


def _is_index_mask(raster: RasterSource) -> bool:
    return len(raster.data_bands) == 1 and raster.dtype.kind in "iu"


def _named_code(raster: RasterSource, named: ClassSchema, schema: ClassSchema) -> MaskCode:
    """Return the code of a mask that names its classes: the names decide, whatever value or colour they have."""
    by_name = {name: index for index, name in enumerate(schema.names)}
    known = {item.value: by_name[item.name] for item in named.classes if item.name in by_name}
    names = dict(zip(named.values, named.names, strict=True))
    code = MaskCode(
        known,
        lambda pixels: pixels[0],
        lambda code: (
            N_("the value {value} ({name})", value=code, name=names[code])
            if code in names
            else N_("the value {value}", value=code)
        ),
        classes=names,
    )
    return code.with_special(special_numbers(raster))


@dataclass(frozen=True)
class MaskReader:
    """A mask on an image, read as class indices by a rule."""

    mask: MaskOnImage
    rule: MaskCode

    def read(self, window: PixelWindow) -> Values:
        """Return the (H, W) class indices of a `window` of the image, 255 where there is none, `UNKNOWN` included."""
        return self._part(window).labels

    def _part(self, window: PixelWindow) -> MaskPart:
        pixels, covered = self.mask.read(window)
        codes = self.rule.encode(pixels)
        labels = self.rule.labels(codes)
        labels[~covered] = UNLABELLED
        return MaskPart(labels, codes, None if covered.all() else covered)

    def check_values(self, image: ImageEntry, schema: ClassSchema, on_event: OnEvent, control: JobControl) -> None:
        """Raise unless every pixel that would be imported has a class: the import is all or nothing.

        A `Notice` names values that count as unlabelled.

        Raises:
            InterchangeError: a value has no class, or the mask holds only 0 and 255 and it is not said what 255 is.
        """
        path = self.mask.raster.path
        meter = ProgressMeter(N_("checking {file}", file=path.name), self.mask.window.pixels, on_event)
        unknown, tally = Counter[int](), ValueTally()
        for window in tiles_of(image, self.mask.window):
            control.checkpoint()
            part = self._part(window)
            unknown.update(unknown_codes(part.codes, part.labels))
            tally.add(self.rule, part)
            meter.add(window.pixels)
        if tally.is_binary:
            raise InterchangeError(tally.binary_sentence(str(path)))
        if unknown:
            raise self._unknown(unknown, tally.unknown_hint(unknown, schema))
        for notice in tally.notices(path.name, schema):
            on_event(Notice(notice))

    def _unknown(self, unknown: Mapping[int, int], hint: str) -> InterchangeError:
        raster = self.mask.raster
        found = {
            self.rule.key(code): (N_("{value} in {pixels} px", value=self.rule.describe(code), pixels=count), count)
            for code, count in unknown.items()
        }
        if raster.driver == "JPEG":
            hint = N_(" (JPEG blurs masks: save them as PNG or TIFF){hint}", hint=hint)
        return unknown_values_error(raster.path, found, hint)


def tiles_of(image: ImageEntry, window: PixelWindow) -> list[PixelWindow]:
    """Return the parts of `window` in the tiles of the image's labels."""
    pyramid = TilePyramid(image.grid.width, image.grid.height)
    parts = (pyramid.tile_window(key).intersection(window) for key in pyramid.tiles_in(0, window))
    return [part for part in parts if part is not None]
