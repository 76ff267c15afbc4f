"""The images of a project, each with a thumbnail and how much of it is labelled."""
