"""Reads each kind of data set that a run can learn from: checked areas to train and to validate on."""
