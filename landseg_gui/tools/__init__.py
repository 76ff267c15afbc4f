"""The tools that paint labels: one small class each."""
