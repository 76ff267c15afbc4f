"""Exit code of a command that processes several items."""

from __future__ import annotations

import typer


def end_of_batch(failed: int) -> None:
    """End the command with exit code 1 if `failed` items could not be processed.

    Raises:
        typer.Exit: some failed.
    """
    if failed:
        raise typer.Exit(1)
