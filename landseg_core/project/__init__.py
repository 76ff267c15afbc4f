"""The project file: images, classes, labels and their history in one SQLite database."""
