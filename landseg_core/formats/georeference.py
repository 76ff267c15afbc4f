"""The small files that place a picture without a georeference of its own, such as a PNG, on the ground."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from rasterio.crs import CRS

from landseg_core.events import Notice
from landseg_core.geo.grid import RasterGrid
from landseg_core.messages import N_
from landseg_core.output_files import OutputFiles, cannot_finish


def write_georeference(outputs: OutputFiles, picture: Path, grid: RasterGrid, world_suffix: str) -> None:
    """Add the world file of `picture`, and an `.aux.xml` with its CRS; older ones that no longer hold are dropped.

    Raises:
        OutputError: they exist already or cannot be written.
    """
    auxiliary = picture.with_name(f"{picture.name}.aux.xml")
    contents = {
        picture.with_suffix(world_suffix): world_file(grid).encode() if grid.is_georeferenced else None,
        auxiliary: crs_file(grid.crs) if grid.crs else None,
    }
    for path, content in contents.items():
        if content is None:
            outputs.drop(path)
        else:
            _write(outputs, path, content)


def control_notice(out: Path, grid: RasterGrid) -> Notice | None:
    """Return what to say of `out`, a file that cannot carry what places an image without a transform."""
    if grid.control is None or grid.is_georeferenced:
        return None
    return Notice(
        N_(
            "{out} is in pixel coordinates: this format cannot carry the image's {control}; a GeoTIFF keeps them",
            out=out,
            control=grid.control.name,
        )
    )


def _write(outputs: OutputFiles, path: Path, content: bytes) -> None:
    unfinished = outputs.add(path)
    try:
        unfinished.write_bytes(content)
    except OSError as error:
        raise cannot_finish(path, error) from error


def world_file(grid: RasterGrid) -> str:
    """Return the six lines of a world file: the transform's A, D, B, E, and the centre of the upper left pixel."""
    transform = grid.transform
    centre = grid.to_crs(0.5, 0.5)
    numbers = (transform.a, transform.d, transform.b, transform.e, *centre)
    return "".join(f"{number!r}\n" for number in numbers)


def crs_file(crs: CRS) -> bytes:
    """Return the XML in which GDAL and QGIS look for a CRS that a world file cannot tell."""
    root = ET.Element("PAMDataset")
    ET.SubElement(root, "SRS").text = crs.to_wkt()
    return ET.tostring(root)
