"""Reading, viewing and writing rasters of any size."""
