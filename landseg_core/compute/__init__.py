"""Where a network runs, in which arithmetic, and with how much memory: shared by training and inference."""
