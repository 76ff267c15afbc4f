"""Texts that a person reads: English sentences that remember how they were made, so that they can be translated.

The core writes English and knows no language. It marks a text with `N_`, as programs that use gettext do; the window
shows it through one function that looks the template up and fills in the values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Translate = Callable[[str, int | None], str]
"""Looks a template up, by the number that chooses its plural form; returns the template where there is no translation.

It may have put the number in already, as Qt does."""


class Text(str):
    """A text in English, made from a template and the values that stand in it; anywhere else it is that string.

    Attributes:
        template: the sentence with `{name}` where a value stands, and `%n` where the number stands.
        values: what stands there, by name; a `Text` among them is translated with the sentence.
        number: chooses between singular and plural; None where the sentence has only one form.
        singular: the template for a `number` of one.
    """

    template: str
    values: Mapping[str, Any]
    number: int | None
    singular: str

    def __new__(
        cls, template: str, values: Mapping[str, Any] | None = None, number: int | None = None, singular: str = ""
    ) -> Text:
        """Make the text; `KeyError` where the template names a value that is not there."""
        values = values or {}
        english = singular if singular and number == 1 else template
        text = super().__new__(cls, _filled(english, values, number))
        text.template, text.values, text.number, text.singular = template, values, number, singular
        return text

    def __str__(self) -> str:
        """Return the text itself: `str(error)` is what an error was made with, not a copy that cannot be translated."""
        return self

    def __getnewargs__(self) -> tuple[Any, ...]:
        """Return what a copy is made from."""
        return self.template, self.values, self.number, self.singular

    def in_language(self, translate: Translate) -> str:
        """Return the text as `translate` has it, with the values filled in."""
        template = translate(self.template, self.number)
        if self.singular and self.number == 1 and template in (self.template, _numbered(self.template, 1)):
            template = self.singular
        values = {name: _value_in_language(value, translate) for name, value in self.values.items()}
        return _filled(template, values, self.number)


def N_(template: str, /, *, n: int | None = None, one: str = "", **values: Any) -> Text:
    """Mark a text for translation: `N_("{path} has %n bands", n=3, one="{path} has one band", path=path)`.

    `template` is a literal, never an f-string: translators see what stands here. `n` is the number that `%n` shows and
    `one` the template for a single one.
    """
    return Text(template, values, n, one)


def listed(texts: Iterable[str]) -> Text:
    """Return texts with commas between them, each of which is translated with the whole."""
    values = {f"item_{number}": text for number, text in enumerate(texts, 1)}
    return Text(", ".join(f"{{{name}}}" for name in values), values)


def _filled(template: str, values: Mapping[str, Any], number: int | None) -> str:
    return _numbered(template, number).format_map(values)


def _numbered(template: str, number: int | None) -> str:
    return template if number is None else template.replace("%n", str(number))


def _value_in_language(value: Any, translate: Translate) -> Any:
    if isinstance(value, Exception):
        value = str(value)
    return value.in_language(translate) if isinstance(value, Text) else value
