"""The metrics of a classification: counts, rates, their intervals, and warnings about them."""
