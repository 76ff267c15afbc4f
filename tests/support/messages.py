"""What the window tells the user, as lists of sentences."""

from __future__ import annotations

from landseg_gui.notifier import Level, Message, Notifier


def collect_news(notifier: Notifier, texts: list[str]) -> None:
    """Add to `texts` what is good to know from now on: infos and warnings."""
    _collect(notifier, texts, Level.INFO, Level.WARNING)


def collect_errors(notifier: Notifier, texts: list[str]) -> None:
    """Add to `texts` what fails from now on."""
    _collect(notifier, texts, Level.ERROR)


def _collect(notifier: Notifier, texts: list[str], *levels: Level) -> None:
    def take(message: Message) -> None:
        if message.level in levels:
            texts.append(message.text)

    notifier.posted.connect(take)
