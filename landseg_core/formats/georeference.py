"""The small files that georeference an image whose format cannot do so itself, such as PNG."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from rasterio.crs import CRS

from landseg_core.events import Notice
from landseg_core.geo.grid import RasterGrid
from landseg_core.messages import N_
from landseg_core.output_files import OutputFiles, cannot_finish


def write_georeference(outputs: OutputFiles, image: Path, grid: RasterGrid, world_suffix: str) -> None:
    """Add the world file of `image`, and an `.aux.xml` with its CRS; older ones that no longer apply are deleted.

    Raises:
        OutputError: they exist already or cannot be written.
    """
    auxiliary = image.with_name(f"{image.name}.aux.xml")
    contents = {
        image.with_suffix(world_suffix): world_file(grid).encode() if grid.is_georeferenced else None,
        auxiliary: crs_file(grid.crs) if grid.crs else None,
    }
    for path, content in contents.items():
        if content is None:
            outputs.drop(path)
        else:
            _write(outputs, path, content)


def control_notice(out: Path, grid: RasterGrid) -> Notice | None:
    """Return the notice for a file `out` whose format cannot store the georeference of an image without a transform."""
    if grid.control is None or grid.is_georeferenced:
        return None
    return Notice(
        N_(
            "{path} is in pixel coordinates: its format cannot store the image's {control}; write a GeoTIFF to keep "
            "them",
            path=out,
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
    """Return the XML in which GDAL and QGIS look for the CRS, which a world file cannot hold."""
    root = ET.Element("PAMDataset")
    ET.SubElement(root, "SRS").text = crs.to_wkt()
    return ET.tostring(root)
