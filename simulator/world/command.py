"""`casier-sim world`: lives whole towns through their faults, seed by seed, and says what did not hold."""

import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import starmap
from typing import Annotated

import typer

from simulator.world.faults.families import FAULTS
from simulator.world.outcome import Outcome
from simulator.world.run import run
from simulator.world.shrink import shrink as shrunk
from simulator.world.timeline import timeline as told

EXIT_VIOLATED = 1
EXIT_USAGE = 2
# What a shell says of a program whose reader has gone: 128 + SIGPIPE.
EXIT_CUT_OFF = 141
_A_FAULT_NEEDS_DAYS = 2


def world(
    seeds: Annotated[str, typer.Option(help="One seed, or the first and the last: 1-100.")] = "1-10",
    days: Annotated[int, typer.Option(min=1, help="Simulated days of each.")] = 30,
    faults: Annotated[str, typer.Option(help="all, none, or names with commas between.")] = "all",
    skip: Annotated[str, typer.Option(help="Numbers of faults of the plan that are left out: 3,7.")] = "",
    only: Annotated[str, typer.Option(help="The only numbers of the plan that happen: 3,7 (none: nothing).")] = "",
    jobs: Annotated[int, typer.Option(min=1, help="Processes side by side.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a seed, its timeline included.")] = False,
    timeline: Annotated[bool, typer.Option("--timeline", help="Print all that happened, readable.")] = False,
    shrink: Annotated[bool, typer.Option("--shrink", help="Find fewer days and faults with which it fails.")] = False,
) -> None:
    """Run towns of three banks in virtual time; exit 1 if anything did not hold."""
    names, left_out, alone = _names(faults), _numbers("--skip", skip), _numbers("--only", only)
    if names and days < _A_FAULT_NEEDS_DAYS and alone != frozenset():
        raise _misused(f"--days {days}: no fault begins within one day; say --days 2 or more, or --faults none")
    first, last = _range(seeds)
    works = [(seed, days, names, timeline, left_out or frozenset(), alone) for seed in range(first, last + 1)]
    failed = False
    try:
        for outcome in _outcomes(works, jobs):
            _print(outcome, as_json=as_json, timeline=timeline)
            if outcome.violations:
                failed = True
                typer.echo(f"replay: {replay(outcome, faults, skip, only)} --timeline", err=True)
                if shrink:
                    _print_smaller(outcome, names, faults)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left is for nobody
        raise typer.Exit(EXIT_CUT_OFF) from None
    if failed:
        raise typer.Exit(EXIT_VIOLATED)


def replay(outcome: Outcome, faults: str, skip: str = "", only: str = "") -> str:
    """The one command that does the same again."""
    parts = [f"casier-sim world --seeds {outcome.seed} --days {outcome.days} --faults {faults}"]
    parts += [f"--skip {skip}"] if skip else []
    parts += [f"--only {only}"] if only else []
    return " ".join(parts)


def spelled(names: frozenset[str]) -> str:
    """How `--faults` names exactly these."""
    if names == FAULTS.keys():
        return "all"
    return ",".join(sorted(names)) or "none"


def as_record(outcome: Outcome) -> dict[str, object]:
    """What `--json` prints; everything but `seconds` is the same each time."""
    return {
        "seed": outcome.seed,
        "days": outcome.days,
        "digest": outcome.digest,
        "counts": outcome.counts,
        "faults": [{"number": number, "name": name} for number, name in outcome.faults],
        "violations": [violation._asdict() for violation in outcome.violations],
        "seconds": round(outcome.seconds, 2),
    }


def summary(outcome: Outcome) -> str:
    """A line for each seed, and one for each violation."""
    counts = outcome.counts
    numbers = ", ".join(f"{counts.get(name, 0)} {name}" for name in ("releases", "entries", "receipts", "starts"))
    state = f"{len(outcome.violations)} violations" if outcome.violations else "holds"
    lines = [
        f"seed {outcome.seed}: {state}; {len(outcome.faults)} faults, {numbers}; "
        f"{outcome.days / outcome.seconds * 60:.0f} days a minute; {outcome.digest}"
    ]
    lines += [f"  {violation.invariant}: {violation.text}" for violation in outcome.violations]
    return "\n".join(lines)


def _print(outcome: Outcome, *, as_json: bool, timeline: bool) -> None:
    lines = list(told(outcome.lines)) if timeline else []
    if as_json:
        typer.echo(json.dumps(as_record(outcome) | ({"timeline": lines} if timeline else {})))
    else:
        typer.echo("\n".join([*lines, summary(outcome)]))
    for defect in outcome.defects:
        typer.echo(defect, err=True)


def _print_smaller(outcome: Outcome, names: frozenset[str], faults: str) -> None:
    fewer, numbers = shrunk(outcome, names, lambda line: typer.echo(f"  {line}", err=True))
    listed = ",".join(map(str, sorted(numbers))) or "none"
    smaller = f"casier-sim world --seeds {outcome.seed} --days {fewer} --faults {faults} --only {listed}"
    typer.echo(f"smaller: {smaller} --timeline", err=True)


def _outcomes(works: list[tuple[int, int, frozenset[str], bool, frozenset[int], frozenset[int] | None]], jobs: int) \
        -> Iterator[Outcome]:  # fmt: skip
    if jobs == 1:
        yield from starmap(_one, works)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(_one, *zip(*works, strict=True))


def _one(
    seed: int, days: int, names: frozenset[str], keep: bool, skip: frozenset[int], only: frozenset[int] | None
) -> Outcome:
    return run(seed, days, names, keep_trace=keep, skip=skip, only=only)


def _names(faults: str) -> frozenset[str]:
    if faults in ("all", "none"):
        return frozenset(FAULTS) if faults == "all" else frozenset()
    names = frozenset(name.strip() for name in faults.split(","))
    if unknown := names - FAULTS.keys():
        missing = ", ".join(repr(name) for name in sorted(unknown))
        raise _misused(f"--faults: there is no {missing}; say all, none, or of these: {', '.join(sorted(FAULTS))}")
    return names


def _range(seeds: str) -> tuple[int, int]:
    first, dash, last = seeds.partition("-")
    last = last if dash else first
    if first.isdecimal() and last.isdecimal() and int(first) <= int(last):
        return int(first), int(last)
    raise _misused(f"--seeds {seeds!r} is no range: say 7, or 1-100")


def _numbers(option: str, listed: str) -> frozenset[int] | None:
    if not listed:
        return None
    numbers = [] if listed == "none" else [number.strip() for number in listed.split(",")]
    if not all(number.isdecimal() for number in numbers):
        raise _misused(f"{option} {listed!r} is no list of numbers: say 3,7, or none")
    return frozenset(map(int, numbers))


def _misused(text: str) -> typer.Exit:
    typer.echo(f"casier-sim: {text}", err=True)
    return typer.Exit(EXIT_USAGE)
