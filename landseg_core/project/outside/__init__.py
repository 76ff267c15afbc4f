"""What changed outside a project, and what that means for its labels."""
