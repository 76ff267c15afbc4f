"""The kinds of data sets that a run can learn from, one file each."""
