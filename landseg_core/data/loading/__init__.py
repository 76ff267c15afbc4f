"""Reads each kind of data set that a run can be trained on: checked areas to train and to validate on."""
