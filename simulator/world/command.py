"""`casier-sim world`: lives whole towns through their faults, seed by seed, and says what did not hold."""

import json
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


def world(
    seeds: Annotated[str, typer.Option(help="One seed, or the first and the last: 1-100.")] = "1-10",
    days: Annotated[int, typer.Option(min=1, help="Simulated days of each.")] = 30,
    faults: Annotated[str, typer.Option(help="all, none, or names with commas between.")] = "all",
    skip: Annotated[str, typer.Option(help="Numbers of faults of the plan that are left out: 3,7.")] = "",
    only: Annotated[str, typer.Option(help="The only numbers of the plan that happen: 3,7 (none: nothing).")] = "",
    jobs: Annotated[int, typer.Option(min=1, help="Processes side by side.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a seed.")] = False,
    timeline: Annotated[bool, typer.Option("--timeline", help="Print all that happened, readable.")] = False,
    shrink: Annotated[bool, typer.Option("--shrink", help="Find fewer days and faults with which it fails.")] = False,
) -> None:
    """Run towns of three banks in virtual time; exit 1 if anything did not hold."""
    names = _names(faults)
    first, last = _range(seeds)
    works = [(seed, days, names, timeline, _numbers(skip) or frozenset(), _numbers(only)) for seed in
             range(first, last + 1)]  # fmt: skip
    failed = False
    for outcome in _outcomes(works, jobs):
        if timeline:
            typer.echo("\n".join(told(outcome.lines)))
        typer.echo(json.dumps(as_record(outcome)) if as_json else summary(outcome))
        if outcome.violations:
            failed = True
            typer.echo(f"replay: {replay(outcome, faults, skip, only)} --timeline", err=True)
            if shrink:
                fewer, numbers = shrunk(outcome, names, lambda line: typer.echo(f"  {line}", err=True))
                listed = ",".join(map(str, sorted(numbers))) or "none"
                smaller = f"casier-sim world --seeds {outcome.seed} --days {fewer} --faults {faults} --only {listed}"
                typer.echo(f"smaller: {smaller} --timeline", err=True)
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
    names = frozenset(faults.split(","))
    if unknown := names - FAULTS.keys():
        typer.echo(f"casier-sim: no such fault: {', '.join(sorted(unknown))}; there are {', '.join(sorted(FAULTS))}",
                   err=True)  # fmt: skip
        raise typer.Exit(EXIT_USAGE)
    return names


def _range(seeds: str) -> tuple[int, int]:
    first, _, last = seeds.partition("-")
    last = last or first
    if first.isdecimal() and last.isdecimal() and int(first) <= int(last):
        return int(first), int(last)
    typer.echo(f"casier-sim: --seeds {seeds!r} is no range: say 7, or 1-100", err=True)
    raise typer.Exit(EXIT_USAGE)


def _numbers(listed: str) -> frozenset[int] | None:
    if not listed:
        return None
    return frozenset() if listed == "none" else frozenset(int(number) for number in listed.split(","))
