"""Classes and painted labels."""
