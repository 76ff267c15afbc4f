"""Core functions moved to a QThread."""
