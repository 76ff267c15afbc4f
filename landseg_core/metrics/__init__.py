"""The figures of a classification: counts, rates, their intervals, and what to be warned of."""
