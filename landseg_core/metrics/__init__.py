"""The figures of a classification: counts, rates, their intervals, and what to be warned of."""

from landseg_core.metrics.confusion import ConfusionMatrix

__all__ = ["ConfusionMatrix"]
