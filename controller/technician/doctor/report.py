"""How findings are shown: a coloured table for people, line by line as they come; one JSON object for programs."""

from collections import Counter
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from controller.technician.doctor.findings import Finding
from controller.technician.terminal import print_json

_STYLES = {"pass": "green", "warn": "yellow", "fail": "bold red"}


def report(bank: str, findings: Iterable[Finding], as_json: bool) -> bool:
    """Show them all; whether any of them failed."""
    counts: Counter[str] = Counter()
    shown = []
    console = Console(highlight=False, markup=False)
    for finding in findings:
        counts[finding.level] += 1
        if as_json:
            shown.append(finding.as_dict())
        else:
            console.print(_row(finding))
    failed = counts["fail"] > 0
    if as_json:
        print_json({"ok": not failed, "bank": bank, "counts": dict(counts), "checks": shown})
    else:
        words = ", ".join(f"{counts[level]} {level}" for level in ("fail", "warn", "pass"))
        console.print(f"{bank}: {words}.", style="bold red" if failed else "bold")
    return failed


def _row(finding: Finding) -> Table:
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(width=4)
    table.add_column(width=34)
    table.add_column(ratio=1)
    text = f"{finding.text}\n-> {finding.mend}" if finding.mend else finding.text
    table.add_row(finding.level, finding.what, text, style="")
    table.columns[0].style = _STYLES[finding.level]
    return table
