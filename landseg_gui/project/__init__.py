"""The project behind the window: its file, the image in sight, its edits and its history."""
