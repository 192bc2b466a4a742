"""`make bench`: measure the real code as processes; a table, and build/bench.json; non-zero if a limit is missed."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

from rich.console import Console

from tests.bench import (
    backlog,
    badge_to_coil,
    command_to_coil,
    deciding,
    framing,
    ingest,
    machine,
    process,
    report,
    revoke,
    scale,
    world,
)
from tests.bench.figures import DEFINITIONS, Figure

TABLE_WIDTH = 120
# The simulated boards share this process with the side that receives entries, and must not wait for it.
SWITCH_EVERY_S = 0.0002
ROOT = Path(__file__).resolve().parents[2]
GROUPS: tuple[ModuleType, ...] = (
    badge_to_coil,
    command_to_coil,
    revoke,
    process,
    backlog,
    ingest,
    deciding,
    framing,
    scale,
    world,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Answers the exit code: 0 if every figure measured keeps to its limit."""
    parser = argparse.ArgumentParser(prog="run.py", description=__doc__)
    parser.add_argument("--only", action="append", metavar="NAME", help="this figure alone (may be given again)")
    wanted = parser.parse_args(arguments).only
    names = [definition.name for definition in DEFINITIONS]
    unknown = sorted(set(wanted or ()) - set(names))
    if unknown:
        parser.error(f"no figure is called {', '.join(unknown)}; there are {', '.join(names)}")
    sys.setswitchinterval(SWITCH_EVERY_S)
    console = Console() if sys.stdout.isatty() else Console(width=TABLE_WIDTH)
    place = ROOT / "build"
    on = machine.describe(place)
    figures = _measure(set(wanted or names), place, console)
    report.write(place / "bench.json", report.document(figures, on, machine.commit(ROOT)))
    report.show(figures, console)
    missed = [figure.name for figure in figures if not figure.ok]
    if missed:
        console.print(f"missed: {', '.join(missed)}")
    return 1 if missed else 0


def _measure(wanted: set[str], disk: Path, console: Console) -> list[Figure]:
    """The wanted figures in the order of their definitions; a group is measured if any of its figures is wanted."""
    found: dict[str, Figure] = {}
    say = _say(console)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=disk) as folder:
        for group in GROUPS:
            if wanted & set(group.FIGURES):
                found |= {figure.name: figure for figure in group.measure(Path(folder), say)}
    return [found[definition.name] for definition in DEFINITIONS if definition.name in wanted & found.keys()]


def _say(console: Console) -> Callable[[str], None]:
    """Progress, with the seconds since the start."""
    began = time.monotonic()
    return lambda text: console.print(f"[dim]{time.monotonic() - began:6.1f} s  {text}[/]", highlight=False)


if __name__ == "__main__":
    sys.exit(main())
