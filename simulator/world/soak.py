"""`make soak`: ten thousand seeds of thirty days with faults; what held is kept, what failed is told at once and again
at the end.

Every second seed has all faults at once, the others a random half of their families: some faults hide what others do
(Groce and others, "Swarm Testing", ISSTA 2012).

python -m simulator.world.soak [SEEDS [DAYS [JOBS]]]
"""

import math
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import typer

from simulator.world.chance import Chance
from simulator.world.command import replay, spelled, summary
from simulator.world.faults.families import FAMILIES, FAULTS
from simulator.world.invariants.violation import Violation
from simulator.world.outcome import Outcome
from simulator.world.run import run
from simulator.world.tree import tree_version

SEEDS, DAYS = 10_000, 30
ENOUGH = 20  # so many seeds that fail say what they have to say: the rest of the night would add nothing
_ROOT = Path(__file__).parents[2]


def faults_of(seed: int) -> frozenset[str]:
    """All of them for an even seed; for an odd one those of families that are each drawn with an even chance."""
    if seed % 2 == 0:
        return frozenset(FAULTS)
    chance = Chance(seed).stream("swarm")
    drawn = [family for family in FAMILIES if chance.random() < 0.5]
    return frozenset(fault.name for family in drawn for fault in family)


class Done:
    """The seeds that held, each with the first digits of its digest, in a file of this version of the tree."""

    def __init__(self, folder: Path, days: int, tree: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"world-{tree}-{days}d.txt"
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        self.seeds = {int(line.split()[0]) for line in lines if len(line.split()) == 2}

    def add(self, outcome: Outcome) -> None:
        """One more."""
        self.seeds.add(outcome.seed)
        with self.path.open("a") as file:
            file.write(f"{outcome.seed} {outcome.digest[:16]}\n")


def soak(seeds: int, days: int, jobs: int, folder: Path = _ROOT / "build" / "soak") -> int:
    """Runs what is not done yet; 0 when all hold, 1 when one fails. `ENOUGH` that fail end it early."""
    done = Done(folder, days, tree_version())
    left = iter([seed for seed in range(1, seeds + 1) if seed not in done.seeds])
    typer.echo(f"{len(done.seeds)} of {seeds} seeds are done already ({done.path})")
    began = time.monotonic()
    failed: list[str] = []
    for fresh, outcome in enumerate(_outcomes(left, days, jobs), 1):
        if outcome.violations:
            failed.append(_told(outcome))
            typer.echo(failed[-1])
            if len(failed) == ENOUGH:
                break
        else:
            done.add(outcome)
        if fresh % 10 == 0:
            pace = fresh * days / (time.monotonic() - began) * 60
            rest_h = (seeds - len(done.seeds) - len(failed)) * days / pace / 60
            typer.echo(
                f"{len(done.seeds)}/{seeds} hold, {len(failed)} fail, {pace:.0f} days a minute, {rest_h:.1f} h to go"
            )
    typer.echo("\n".join([f"{len(done.seeds)} of {seeds} seeds of {days} days hold, {len(failed)} fail", *failed]))
    return 1 if failed else 0


def _told(outcome: Outcome) -> str:
    again = replay(outcome, spelled(faults_of(outcome.seed)))
    return "\n".join([summary(outcome), *outcome.defects, f"replay: {again} --timeline", f"smaller: {again} --shrink"])


def _outcomes(seeds: Iterator[int], days: int, jobs: int) -> Iterator[Outcome]:
    """Side by side, each in a pool of its own: where a process dies, it is known of which seed, and another goes on."""
    pools: set[ProcessPoolExecutor] = set()
    running: dict[Future[Outcome], tuple[ProcessPoolExecutor, int]] = {}

    def begin(pool: ProcessPoolExecutor) -> None:
        if (seed := next(seeds, None)) is not None:
            pools.add(pool)
            running[pool.submit(run, seed, days, faults_of(seed))] = pool, seed

    try:
        for _ in range(jobs):
            begin(ProcessPoolExecutor(1))
        while running:
            for each in wait(running, return_when=FIRST_COMPLETED).done:
                pool, seed = running.pop(each)
                died = isinstance(each.exception(), BrokenProcessPool)
                begin(ProcessPoolExecutor(1) if died else pool)
                yield _outcome(each, seed, days)
    finally:
        for pool in pools:
            pool.shutdown(wait=False, cancel_futures=True)


def _outcome(lived: Future[Outcome], seed: int, days: int) -> Outcome:
    try:
        return lived.result()
    except BrokenProcessPool as error:
        return Outcome(seed, days, "", {}, [Violation(0, "defect", f"its process died: {error}")], [], math.inf)


if __name__ == "__main__":
    asked = [int(word) for word in sys.argv[1:]]
    count, length, side_by_side = (*asked, *(SEEDS, DAYS, os.cpu_count() or 1)[len(asked) :])
    sys.exit(soak(count, length, side_by_side))
