"""The picture: layers drawn tile by tile."""
