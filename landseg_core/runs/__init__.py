"""The record of a training run: its folder, history, metrics, samples and report. Loads no torch."""
