"""Speed and memory of landseg, side by side with a baseline in the same run."""
