"""Splits into training and validation areas, separated in space."""
