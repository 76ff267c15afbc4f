"""Every text that a person reads is marked where it stands in the source, so that it can be translated."""

from __future__ import annotations

import ast

import pytest
from support import text_marks
from support.text_marks import Module

CORE, WINDOW = text_marks.modules_of("landseg_core"), text_marks.modules_of("landseg_gui")


def test_marks_have_a_literal_template_and_the_values_that_it_names() -> None:
    assert [fault for module in CORE + WINDOW for fault in text_marks.faulty_marks(module)] == []


def test_errors_and_notices_are_made_with_marked_sentences() -> None:
    errors = text_marks.error_names(CORE + WINDOW)
    assert {"RasterError", "RasterChangedError"} <= errors
    assert [bare for module in CORE + WINDOW for bare in text_marks.bare_carriers(module, errors)] == []


def test_what_the_window_shows_is_marked() -> None:
    assert [bare for module in WINDOW for bare in text_marks.bare_setters(module)] == []


def module(source: str) -> Module:
    return Module("a.py", ast.parse(source))


@pytest.mark.parametrize(
    "mark",
    [
        'tr("Close")',
        'tr("{a} and {b.name}", a=1, b=2)',
        'N_("%n bands in {a}", n=2, one="one band in {a}", a=3)',
        'N_("{share:.0%} of {{it}}", share=0.5)',
    ],
)
def test_a_good_mark(mark: str) -> None:
    assert list(text_marks.faulty_marks(module(mark))) == []


@pytest.mark.parametrize(
    "mark",
    [
        'tr(f"{a}")',
        "tr(text)",
        'tr("a" + b)',
        'tr("{a}")',
        'tr("a", a=1)',
        'tr("%n bands")',
        'tr("bands", n=2)',
        'tr("band", one="bands")',
        'N_("%n bands", n=2, one=f"{a}", a=1)',
        'N_("{a}", **values)',
    ],
)
def test_a_faulty_mark(mark: str) -> None:
    assert len(list(text_marks.faulty_marks(module(mark)))) == 1


@pytest.mark.parametrize("text", ['"No file"', 'f"{a} is wrong"', '"a" + b', '"{} is wrong".format(a)'])
def test_a_sentence_that_is_not_marked(text: str) -> None:
    assert len(list(text_marks.bare_carriers(module(f"raise OddError({text})"), {"OddError"}))) == 1
    assert len(list(text_marks.bare_setters(module(f"label.setText({text})")))) == 1
    assert len(list(text_marks.bare_setters(module(f"QLineEdit(toolTip={text})")))) == 1


@pytest.mark.parametrize(
    "text", ['N_("No file")', 'tr("No file")', "text", '""', 'f"{a} / {b}"', '"landseg"', '"#1c2420"']
)
def test_texts_that_are_marked_or_have_no_words(text: str) -> None:
    assert list(text_marks.bare_carriers(module(f"raise OddError({text})"), {"OddError"})) == []
    assert list(text_marks.bare_setters(module(f"label.setText({text})"))) == []
