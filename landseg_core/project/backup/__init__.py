"""Copies of a project: dated backups, restoring, rescue and saving as."""
