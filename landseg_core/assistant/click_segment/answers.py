"""The answers to clicks on one crop, each of which builds on that to the clicks before."""

from __future__ import annotations

from landseg_core.assistant.click_segment.model import Click, ClickModel, EncodedCrop, Segment

Clicks = tuple[Click, ...]


class ClickAnswers:
    """Answers growing and shrinking lists of clicks without asking the decoder twice; for one thread at a time."""

    def __init__(self, model: ClickModel, encoded: EncodedCrop) -> None:
        self._model, self._encoded = model, encoded
        self._known: dict[Clicks, Segment | None] = {}

    def answer(self, clicks: Clicks) -> Segment | None:
        """Return what is segmented by some clicks; None where no click on the object lies inside the crop.

        Raises:
            ModelError: the decoder cannot answer.
        """
        beginnings = [clicks[:count] for count in range(1, len(clicks) + 1)]
        self._known = {known: self._known[known] for known in beginnings if known in self._known}
        segment = None
        for beginning in beginnings:
            if beginning not in self._known:
                self._known[beginning] = self._model.segment(self._encoded, beginning, segment)
            segment = self._known[beginning]
        return segment
