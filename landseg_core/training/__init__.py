"""The trainer: configuration, loop and checkpoints."""
