"""Geometry of the pixel grid: windows, grids and tilings."""
