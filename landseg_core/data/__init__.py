"""Training windows read straight from the rasters."""
