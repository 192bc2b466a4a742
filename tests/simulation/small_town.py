"""A small town with its lives, built as every world is: loop, broker, gateway, controllers."""

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from simulator.world.broker import Broker
from simulator.world.chance import Chance
from simulator.world.controller import LEISURELY, SimulatedController, bank_file
from simulator.world.gateway import Gateway
from simulator.world.invariants.violation import Violation
from simulator.world.lives.calendar import DAY
from simulator.world.lives.staff import Tempo
from simulator.world.loop import VirtualLoop
from simulator.world.mischief import Mischief
from simulator.world.network import Network
from simulator.world.town import Town
from simulator.world.trace import Trace

MORNING = 1_781_503_200_000  # 2026-06-15, 8:00 in Paris
BUSY = Tempo(acts_a_day=40, term_days=8)


@dataclass
class World:
    """The parts of it, while it lives."""

    loop: VirtualLoop
    trace: Trace
    gateway: Gateway
    banks: list[SimulatedController]
    town: Town
    found: list[Violation]

    def days(self, count: int, each: Callable[["World"], None] | None = None) -> None:
        """So many days pass, judged one by one."""
        for _ in range(count):
            self.loop.run_until(self.loop.now_ms + DAY)
            if each is not None:
                each(self)
            self.found += self.town.judge(self.loop.now_ms)


@contextmanager
def small_town(
    seed: int, *, banks: int = 2, lockers: int = 6, tempo: Tempo = BUSY, people: bool = True
) -> Iterator[World]:
    """Founded, started and alive."""
    chance, loop, trace = Chance(seed), VirtualLoop(MORNING), Trace()
    with closing(loop), chance.seeded_os():
        broker = Broker(loop, Network(loop, chance.stream("network")), Mischief(chance.stream))
        gateway = Gateway(broker, chance, trace=trace)
        made = [
            SimulatedController(
                loop, chance, trace, broker, bank_file(f"bank-{number}", lockers, keypad=number == 1), pace=LEISURELY
            )
            for number in range(1, banks + 1)
        ]
        town = Town(gateway, made, chance, trace, tempo=tempo)
        town.found()
        gateway.start()
        for bank in made:
            bank.power_on()
        loop.run_until(MORNING + 300_000)
        town.live(loop, people=people)
        try:
            yield World(loop, trace, gateway, made, town, [])
        finally:
            gateway.close()


if __name__ == "__main__":
    with small_town(int(sys.argv[1]), lockers=4) as world:
        world.days(1)
        world.found += world.town.figures_by_counting()
        print(world.trace.digest(), len(world.found))
