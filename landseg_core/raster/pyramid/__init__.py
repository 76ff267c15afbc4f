"""Coarser levels of a raster: from its file, from the cache folder, or computed when needed."""
