"""What dialogs are made of: fields, checks, and editors of settings."""
