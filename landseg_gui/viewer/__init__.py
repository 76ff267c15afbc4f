"""The view of the image: layers drawn tile by tile."""
