"""One seed from beginning to end: a town lives through its faults, everything is healed, and must come to rest."""

import gc
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from simulator.world.chance import Chance
from simulator.world.faults.fault import Plan
from simulator.world.faults.schedule import Schedule
from simulator.world.invariants.violation import Violation
from simulator.world.invariants.watch import Watch
from simulator.world.outcome import Outcome
from simulator.world.town import Town
from simulator.world.world import DAY_MS, START_MS, World, pinned

# From the last fault to the last question: stalls are over, sessions are anew, every entry has been sent and stored.
REST_MS = 2 * DAY_MS
FIRST_FAULT_MS = DAY_MS // 2
# Nearly all that a world makes either stays as long as it or goes by itself; there is little for a collector to find.
_COLLECTED_EVERY = (200_000, 20, 100)


def run(
    seed: int,
    days: int,
    faults: frozenset[str],
    *,
    keep_trace: bool = False,
    skip: frozenset[int] = frozenset(),
    only: frozenset[int] | None = None,
) -> Outcome:
    """Live through `days`, with the faults named, but not those whose number in the plan is in `skip` (or not in
    `only`)."""
    with _seldom_collected():
        return _lived(seed, days, faults, keep_trace, skip, only)


def _lived(
    seed: int, days: int, faults: frozenset[str], keep_trace: bool, skip: frozenset[int], only: frozenset[int] | None
) -> Outcome:
    began = time.perf_counter()
    chance = Chance(seed)
    with pinned(chance), quiet():
        world = World(seed, chance, keep_trace=keep_trace)
        try:
            fate = _Fate(world, Plan(chance, faults, days, skip, only))
            fate.live(days)
            return Outcome(
                seed, days, world.trace.digest(), dict(sorted(fate.counts().items())), world.violations,
                fate.schedule.begun, time.perf_counter() - began, world.trace.lines,
                world.trace.defects,
            )  # fmt: skip
        finally:
            world.close()


class _Fate:
    """What happens in a world, in order."""

    def __init__(self, world: World, plan: Plan) -> None:
        self.world = world
        self.town = Town(world.gateway, world.controllers, world.chance, world.trace)
        self.watch = Watch(world)
        self.schedule = Schedule(world, self.town, self.watch, plan)

    def live(self, days: int) -> None:
        """From the founding to the last question. What the world itself raises is a violation too."""
        world, loop = self.world, self.world.loop
        try:
            self.town.found()
            world.gateway.start()
            for controller in world.controllers:
                controller.power_on()
            self.town.live(loop)
            self.schedule.begin(START_MS + FIRST_FAULT_MS)
            for day in range(1, days + 1):
                loop.run_until(START_MS + day * DAY_MS)
                self._judge()
                self.schedule.reconcile()
            self.schedule.heal()
            self.town.rest()
            loop.run_until(world.now_ms + REST_MS // 2)
            self.schedule.reconcile()
            self._rest()
            self.watch.settled()
            self._judge()
            world.violations += self.town.figures_by_counting()
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not happen
            world.trace.defect(error)
            world.violated("defect", f"{type(error).__name__}: {error}")

    def _rest(self) -> None:
        """A door left open may still be pushed shut, and what is told of it waits for company."""
        world = self.world
        world.loop.run_until(world.now_ms + REST_MS // 2)
        until_ms = world.now_ms + REST_MS
        while world.now_ms < until_ms and any(each.runtime and each.runtime.queue for each in world.controllers):
            world.loop.run_until(world.now_ms + REST_MS // 12)

    def counts(self) -> dict[str, int]:
        """What happened, in numbers."""
        world = self.world
        happened = {f"broker {name}": count for name, count in world.broker.counts.items()}
        happened |= {f"broker {name}s": count for name, count in world.mischief.done.items() if count}
        happened["starts"] = sum(controller.lives for controller in world.controllers)
        return happened | dict(world.counts) | dict(self.town.counts)

    def _judge(self) -> None:
        if not self.schedule.is_empty:
            found: list[Violation] = self.town.judge(self.world.now_ms)
            for violation in found:
                self.world.note("world", "violation", invariant=violation.invariant, text=violation.text)
            self.world.violations += found


@contextmanager
def quiet() -> Iterator[None]:
    """Logs would be the same in every process, and much longer than the trace: nobody reads them here."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    configured = structlog.get_config()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL), cache_logger_on_first_use=False
    )
    try:
        yield
    finally:
        logging.disable(before)
        structlog.configure(**configured)


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """What is there already is not looked at meanwhile; what the world leaves behind is collected at its end."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*_COLLECTED_EVERY)
    try:
        yield
    finally:
        gc.collect()
        gc.unfreeze()
        gc.set_threshold(*before)
