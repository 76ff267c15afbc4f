"""The commands of the menus and panels, by subject."""
