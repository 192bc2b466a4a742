"""A small town that faults befall one by one, as a test asks for them, with every invariant watching."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from simulator.world.chance import Chance
from simulator.world.faults.families import FAULTS
from simulator.world.faults.fault import HOUR_MS, Plan, Planned
from simulator.world.faults.schedule import Schedule
from simulator.world.invariants.watch import Watch
from simulator.world.lives.staff import Tempo
from simulator.world.run import quiet
from simulator.world.town import Town
from simulator.world.world import DAY_MS, World, pinned

CALM = Tempo(acts_a_day=0.001, term_days=120)


@dataclass
class FaultyTown:
    """Everything of it; banks are numbered from 0."""

    world: World
    town: Town
    watch: Watch
    schedule: Schedule
    faults: int = 0

    def begin(self, name: str, *, bank: int = 0, hours: float = 12) -> None:
        """A fault begins now, and is healed after so many hours."""
        self.faults += 1
        self.schedule.begins(Planned(self.faults, 0, FAULTS[name], bank, round(hours * HOUR_MS)))

    def hours(self, count: float) -> None:
        """So many hours pass."""
        self.world.loop.run_until(self.world.now_ms + round(count * HOUR_MS))

    def found(self) -> set[str]:
        """Everything is healed and comes to rest; the names of the invariants that did not hold."""
        self.schedule.heal()
        self.town.rest()
        self.hours(12)
        self.schedule.reconcile()
        self.world.loop.run_until(self.world.now_ms + DAY_MS)
        self.watch.settled()
        self.world.violations += self.town.judge(self.world.now_ms)
        return {violation.invariant for violation in self.world.violations}


@contextmanager
def faulty_town(seed: int, *, banks: int = 1, lockers: int = 6, tempo: Tempo = CALM) -> Iterator[FaultyTown]:
    """Founded and alive for an hour."""
    chance = Chance(seed)
    with pinned(chance), quiet():
        world = World(seed, chance, banks=banks, lockers=lockers)
        try:
            town = Town(world.gateway, world.controllers, chance, world.trace, tempo=tempo)
            watch = Watch(world)
            schedule = Schedule(world, town, watch, Plan(chance, frozenset(), 1))
            town.found()
            world.gateway.start()
            for controller in world.controllers:
                controller.power_on()
            town.live(world.loop)
            made = FaultyTown(world, town, watch, schedule)
            made.hours(1)
            yield made
        finally:
            world.close()
