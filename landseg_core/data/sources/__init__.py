"""The sources of training data that a user can choose, one file each. Importing them loads no reader of rasters."""
