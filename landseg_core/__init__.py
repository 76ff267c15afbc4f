"""The landseg engine: rasters, labels, models, training, prediction and export. Knows no window."""
