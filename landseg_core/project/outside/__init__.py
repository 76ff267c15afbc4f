"""What changed outside a project, and what becomes of its labels then."""
