"""The sources of training data that a user can name, one file each. Importing them loads nothing that reads rasters."""
