"""One file per format, in and out: maps and labels as files of other programs."""
