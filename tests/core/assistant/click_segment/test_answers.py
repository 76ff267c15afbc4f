"""Each answer builds on the one before, and none is computed twice."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from landseg_core.assistant.click_segment.answers import ClickAnswers
from landseg_core.assistant.click_segment.model import Click

A, B, C = Click(1, 1), Click(2, 2), Click(3, 3, on=False)


@pytest.fixture
def asked() -> list:
    return []


@pytest.fixture
def answers(asked: list) -> ClickAnswers:
    def segment(_encoded, clicks, former):
        asked.append((clicks, former))
        return f"answer {len(clicks)}"

    return ClickAnswers(SimpleNamespace(segment=segment), None)


def test_each_answer_builds_on_the_one_before(answers: ClickAnswers, asked: list) -> None:
    assert answers.answer((A, B, C)) == "answer 3"
    assert asked == [((A,), None), ((A, B), "answer 1"), ((A, B, C), "answer 2")]


def test_another_click_asks_once_and_one_taken_back_never(answers: ClickAnswers, asked: list) -> None:
    answers.answer((A,))
    answers.answer((A, B))
    assert len(asked) == 2
    assert answers.answer((A,)) == "answer 1"
    assert len(asked) == 2


def test_what_other_clicks_were_answered_is_dropped(answers: ClickAnswers, asked: list) -> None:
    answers.answer((A, B))
    answers.answer((B,))
    assert list(answers._known) == [(B,)]


def test_without_clicks_there_is_no_answer(answers: ClickAnswers, asked: list) -> None:
    assert answers.answer(()) is None
    assert asked == []
