"""Training from the window: the run, what it would cost, and what shows while it goes on."""
