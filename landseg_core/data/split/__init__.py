"""What trains and what validates, apart in space."""
