"""Layers that run faster on a CPU."""
