"""Lays a raster out side by side as a VRT: a gigapixel picture at the price of one text file.

python scripts/repeat_vrt.py SOURCE COLUMNS ROWS OUT.vrt
"""

from __future__ import annotations

import sys
from pathlib import Path
from xml.sax.saxutils import escape

import rasterio

_SOURCE = """    <SimpleSource>
      <SourceFilename relativeToVRT="0">{path}</SourceFilename><SourceBand>{band}</SourceBand>
      <SrcRect xOff="0" yOff="0" xSize="{width}" ySize="{height}"/>
      <DstRect xOff="{x}" yOff="{y}" xSize="{width}" ySize="{height}"/>
    </SimpleSource>
"""


def repeated(source: Path, columns: int, rows: int) -> str:
    """Return the VRT's text: `columns` x `rows` copies of `source`, with its place and bands."""
    with rasterio.open(source) as dataset:
        width, height, crs = dataset.width, dataset.height, dataset.crs
        transform = ", ".join(map(repr, dataset.transform.to_gdal()))
        bands = [
            (band, kind.name.capitalize()) for band, kind in zip(dataset.indexes, dataset.colorinterp, strict=True)
        ]
    places = [(column * width, row * height) for row in range(rows) for column in range(columns)]
    path = escape(str(source.absolute()))
    lines = [f'<VRTDataset rasterXSize="{columns * width}" rasterYSize="{rows * height}">\n']
    lines += [f"  <SRS>{escape(crs.to_wkt())}</SRS>\n"] if crs else []
    lines += [f"  <GeoTransform>{transform}</GeoTransform>\n"]
    for band, kind in bands:
        lines += [f'  <VRTRasterBand dataType="Byte" band="{band}">\n    <ColorInterp>{kind}</ColorInterp>\n']
        lines += [_SOURCE.format(path=path, band=band, width=width, height=height, x=x, y=y) for x, y in places]
        lines += ["  </VRTRasterBand>\n"]
    return "".join([*lines, "</VRTDataset>\n"])


if __name__ == "__main__":
    Path(sys.argv[4]).write_text(repeated(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
