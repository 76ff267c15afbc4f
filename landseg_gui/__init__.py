"""The landseg window."""
