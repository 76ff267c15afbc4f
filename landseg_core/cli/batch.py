"""How a command on several things ends."""

from __future__ import annotations

import typer


def end_of_batch(failed: int) -> None:
    """End the command with exit code 1 where `failed` things could not be done.

    Raises:
        typer.Exit: so it is.
    """
    if failed:
        raise typer.Exit(1)
