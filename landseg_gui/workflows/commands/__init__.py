"""What a click in the menus and panels does, by what it has to do with."""
