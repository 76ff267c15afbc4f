"""The raster formats that are read, and their marks: all hold their own pixels, in files of this computer."""

from __future__ import annotations

READABLE_DRIVERS = (
    *("GTiff", "COG", "VRT", "PNG", "JPEG", "JP2OpenJPEG", "JP2KAK", "JPEGXL", "WEBP", "GIF", "BIGGIF", "BMP", "HFA"),
    *("ENVI", "EHdr", "NITF", "RMF", "RST", "SAGA", "PNM", "TGA", "SGI", "XPM", "GPKG", "MBTiles", "LAN", "CALS"),
    *("netCDF", "HDF5", "HDF5Image", "GRIB", "PCRaster", "AAIGrid", "GRASSASCIIGrid", "XYZ", "USGSDEM", "DTED"),
    *("SRTMHGT", "GSAG", "GSBG", "GS7BG", "BT", "ROI_PAC", "Terragen", "Leveller", "HF2", "ZMap", "GTX", "FIT"),
)
"""GDAL's names of the drivers that may open a file.

Left out is what fetches its pixels from an address or through a file that names others (WMS, WCS, WMTS, GTI, MRF,
STACIT ...): whoever sends such a file would learn who opens it. A VRT is one too; `vrt` checks each.
"""

PIXEL_MARKS = (
    *(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"\xff\x4f\xff\x51"),
    *(b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"EHFA_HEADER_TAG", b"GIF8"),
)
"""The first bytes of formats that hold pixels: GDAL takes a file that begins so for nothing else."""

SIDE_MARKS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"EHFA_HEADER_TAG")
"""The first bytes of overviews and masks in a file of their own."""
