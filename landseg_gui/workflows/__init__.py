"""One file per workflow: a dialog, a job and the use of its result."""
