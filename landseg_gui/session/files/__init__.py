"""Files in the window: opened, shown, and read again as they change."""
