"""Training from the window: the run, the estimate of its duration, and what is shown during it."""
