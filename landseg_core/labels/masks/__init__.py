"""Masks of class values: how their pixels are interpreted and read."""
