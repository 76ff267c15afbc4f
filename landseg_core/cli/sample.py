"""`landseg sample`: a generated landscape to try things on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from landseg_core.cli.options import Overwrite
from landseg_core.cli.output import say


def sample(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write to.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same landscape.")] = 0,
    overwrite: Overwrite = False,
) -> None:
    """Write a generated landscape: georeferenced orthophotos and their true masks."""
    from landseg_core.sample import write_sample

    write_sample(out, seed=seed, overwrite=overwrite)
    say(f"{out}: images/, masks/, train.txt, val.txt and classes.json; next: landseg train --images {out}/images ...")
