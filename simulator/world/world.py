"""One deterministic world, put together: a town with its banks, a broker, a gateway, and whoever watches them."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from zoneinfo import ZoneInfo, reset_tzpath

from simulator.world.broker import Broker
from simulator.world.chance import Chance
from simulator.world.controller import LEISURELY, SimulatedController, bank_file
from simulator.world.gateway import Gateway, GatewayPace
from simulator.world.invariants.violation import Violation
from simulator.world.loop import VirtualLoop
from simulator.world.mischief import Mischief
from simulator.world.network import Network
from simulator.world.signatures import remembered
from simulator.world.trace import Trace
from wire.hours import site_zone

START_MS = 1_772_409_600_000  # 2026-03-02, 1:00 in Paris: the clocks change after four weeks
DAY_MS = 86_400_000
BANKS = 3
LOCKERS = 24


class World:
    """The things of one seed, before anyone lives in them. Use it inside `pinned(chance)`, and close it."""

    def __init__(
        self, seed: int, chance: Chance, *, banks: int = BANKS, lockers: int = LOCKERS, keep_trace: bool = False
    ) -> None:
        self.seed = seed
        self.chance = chance
        self.loop = VirtualLoop(START_MS)
        self.trace = Trace(keep=keep_trace)
        self.trace.note(START_MS, "world", "begins", seed=seed, zones=version("tzdata"))
        self.network = Network(self.loop, chance.stream("network"))
        self.mischief = Mischief(chance.stream)
        self.broker = Broker(self.loop, self.network, self.mischief)
        self.gateway = Gateway(self.broker, chance, pace=GatewayPace(retry_ms=60_000), trace=self.trace)
        self.controllers = [
            SimulatedController(
                self.loop,
                chance,
                self.trace,
                self.broker,
                bank_file(f"bank-{number}", lockers, keypad=number == 1),
                pace=LEISURELY,
            )
            for number in range(1, banks + 1)
        ]
        self.banks: Mapping[str, SimulatedController] = {each.name: each for each in self.controllers}
        self.counts: Counter[str] = Counter()
        self.violations: list[Violation] = []
        # What faults have made doubtful for good or for now; invariants ask (see faults and invariants).
        self.wrong_clocks: Counter[str] = Counter()
        self.cloned: defaultdict[str, set[str]] = defaultdict(set)
        self.twins: list[Gateway] = []
        self.joined_at = 0

    @property
    def now_ms(self) -> int:
        """The true time (unix ms)."""
        return self.loop.now_ms

    def note(self, who: str, what: str, **facts: int | str | None) -> None:
        """A line of the trace."""
        self.trace.note(self.loop.now_ms, who, what, **facts)

    def violated(self, invariant: str, text: str) -> None:
        """An invariant does not hold now."""
        self.note("world", "violation", invariant=invariant, text=text)
        self.violations.append(Violation(self.loop.now_ms, invariant, text))

    def joined(self, twin: Gateway) -> None:
        """There is one gateway again: lists of a higher version than any of before are its own."""
        self.twins.remove(twin)
        newest = "SELECT coalesce(max(version), 0) FROM issued_list"
        both = (each.storage.connection.execute(newest).fetchone()[0] for each in (self.gateway, twin))
        self.joined_at = max(self.joined_at, *both)
        twin.close()

    def close(self) -> None:
        """Everything ends. SQLite would keep the disks whose databases stay open, world after world."""
        for gateway in (self.gateway, *self.twins):
            gateway.close()
        for controller in self.controllers:
            controller.disk.drop()
        self.loop.close()


@contextmanager
def pinned(chance: Chance) -> Iterator[None]:
    """Meanwhile randomness comes from the seed, and time zones from the package tzdata, whatever the machine has."""
    reset_tzpath(())
    ZoneInfo.clear_cache()
    site_zone.cache_clear()
    try:
        with chance.seeded_os(), remembered():
            yield
    finally:
        reset_tzpath()
        ZoneInfo.clear_cache()
        site_zone.cache_clear()
