"""What a label is worth: lines that a simulated user is measured by, `python -m benchmarks assistant --line NAME`."""
