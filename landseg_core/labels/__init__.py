"""Classes and painted truth."""
