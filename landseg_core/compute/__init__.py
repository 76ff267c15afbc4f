"""On which device a network runs, in which precision, and with how much memory: shared by training and inference."""
