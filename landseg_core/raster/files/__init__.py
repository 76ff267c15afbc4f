"""The files of a raster: which are opened, with which GDAL settings, and whether they are complete."""
