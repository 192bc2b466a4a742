"""What `make bench` leaves behind: a table for people and build/bench.json for programs."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.figures import Figure


def document(figures: Sequence[Figure], machine: Mapping[str, Any], commit: str) -> dict[str, Any]:
    """The whole report as it is written; a value that could not be measured is null."""
    return {
        "machine": dict(machine),
        "commit": commit,
        "figures": [
            {
                "name": figure.name,
                "value": None if math.isnan(figure.value) else round(figure.value, 4),
                "unit": figure.definition.unit,
                "limit": figure.definition.limit,
                "ok": figure.ok,
            }
            for figure in figures
        ],
    }


def write(path: Path, report: Mapping[str, Any]) -> None:
    """Write it whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(json.dumps(report, indent=1) + "\n")
    fresh.replace(path)


def show(figures: Sequence[Figure], console: Console) -> None:
    """Print the table: value, limit, whether it holds, and the peer's figure with how many times better ours is."""
    table = Table("figure", title_justify="left")
    for heading in ("value", "limit"):
        table.add_column(heading, justify="right")
    table.add_column("ok")
    table.add_column("peer")
    for figure in figures:
        definition = figure.definition
        sign = "≥" if definition.higher_is_better else "≤"
        limit = "" if definition.limit is None else f"{sign} {_number(definition.limit)}"
        ok = "" if definition.limit is None else "[green]yes[/]" if figure.ok else "[red]NO[/]"
        table.add_row(figure.name, f"{_number(figure.value)} {definition.unit}", limit, ok, _peer(figure))
    console.print(table)


def _peer(figure: Figure) -> str:
    peer, times = figure.definition.peer, figure.definition.better_than_peer(figure.value)
    if peer is None or times is None:
        return ""
    return f"{peer.name}: {_number(peer.value)} ({times:.1f} x)"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"
