"""One file per workflow: a dialog, a job and what becomes of the result."""
