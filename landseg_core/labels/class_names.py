"""What a class may be called: one line that can be told from the others by eye."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Sequence

from landseg_core.plain_text import is_plain, plain_text

MOST_LETTERS = 80
_SHOWN = "LNPS"  # Unicode's letters, numbers, punctuation and symbols


def name_problem(names: Sequence[str], kept: Collection[str] = ()) -> str | None:
    """Return what is wrong with the first of the `names` of all classes that breaks the rule, for a sentence.

    A name is one line of at most `MOST_LETTERS`, without control characters, that shows something and differs from all
    others by more than `name_key` leaves out. Blanks around it do not count: whoever keeps it trims it. Names in `kept`
    are older than the rule and may break it. None where all is well.
    """
    used: dict[str, str] = {}
    for name in sorted(names, key=lambda name: name not in kept):  # kept ones first: it is the new one that is at fault
        twin = used.get(name_key(name))
        used.setdefault(name_key(name), name)
        problem = _own_problem(name) or (_likeness(twin, name) if twin is not None else None)
        if problem and (name not in kept or name == twin):
            return problem
    return None


def name_notices(names: Sequence[str]) -> Iterator[str]:
    """Yield what to say of classes that are in use already and break the rule: one sentence, or nothing."""
    if problem := name_problem(names):
        yield f"{problem}: that works, but better choose another name"


def name_key(name: str) -> str:
    """Return what is the same for names that look alike: without regard to case, blanks, and forms of a letter."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).split())


def _own_problem(name: str) -> str | None:
    if not any(unicodedata.category(letter)[0] in _SHOWN for letter in name):
        return "the name of a class is empty"
    shown = plain_text(name.strip())
    if len(shown) > MOST_LETTERS:
        return f"the class name {shown[:MOST_LETTERS]}\N{HORIZONTAL ELLIPSIS} is longer than {MOST_LETTERS} letters"
    return None if is_plain(name.strip()) else f"the class name {shown} has a line break or a control character"


def _likeness(one: str, other: str) -> str:
    if one.strip() == other.strip():
        return f"two classes are called {plain_text(one.strip())}"
    return f"the class names {plain_text(one)} and {plain_text(other)} differ only in how they are written"
