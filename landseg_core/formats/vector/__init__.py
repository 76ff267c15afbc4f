"""Polygons: read, rasterized and outlined."""
