"""The rules for names of classes: one line that looks different from the others."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Sequence

from landseg_core.messages import N_, Text
from landseg_core.plain_text import is_plain, plain_text

MOST_LETTERS = 80
_SHOWN = "LNPS"  # Unicode's letters, numbers, punctuation and symbols


def name_problem(names: Sequence[str], kept: Collection[str] = ()) -> Text | None:
    """Return what is wrong with the first of the `names` of all classes that breaks the rules, for a sentence.

    A name is one visible line of at most `MOST_LETTERS`, without control characters, that differs from all others by
    more than `name_key` ignores. Blanks around it do not count; they are trimmed when it is stored. Names in `kept` are
    older than the rules and may break them. None if nothing is wrong.
    """
    used: dict[str, str] = {}
    for name in sorted(names, key=lambda name: name not in kept):  # kept ones first: a new one is to be changed
        twin = used.get(name_key(name))
        used.setdefault(name_key(name), name)
        problem = _own_problem(name) or (_likeness(twin, name) if twin is not None else None)
        if problem and (name not in kept or name == twin):
            return problem
    return None


def name_notices(names: Sequence[str]) -> Iterator[Text]:
    """Yield the sentence about classes already in use that break the rules, or nothing."""
    if problem := name_problem(names):
        yield N_("{problem}; this works, but another name would be better", problem=problem)


def name_key(name: str) -> str:
    """Return a key that is the same for names that look alike: it ignores case, blanks, and forms of a letter."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).split())


def _own_problem(name: str) -> Text | None:
    if not any(unicodedata.category(letter)[0] in _SHOWN for letter in name):
        return N_("the name of a class is empty")
    shown = plain_text(name.strip())
    if len(shown) > MOST_LETTERS:
        return N_(
            "the class name {start}\N{HORIZONTAL ELLIPSIS} is longer than {most} characters",
            start=shown[:MOST_LETTERS],
            most=MOST_LETTERS,
        )
    if is_plain(name.strip()):
        return None
    return N_("the class name {name} contains a line break or a control character", name=shown)


def _likeness(one: str, other: str) -> Text:
    if one.strip() == other.strip():
        return N_("two classes are called {name}", name=plain_text(one.strip()))
    return N_("the class names {name} and {other} look alike", name=plain_text(one), other=plain_text(other))
