"""Training in the window: the run under way, all runs, their curves and samples."""
