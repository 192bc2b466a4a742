"""Whether what must be refused was counted: what a bank and a gateway have refused since something began."""

from simulator.world.controller import SimulatedController
from simulator.world.faults.fault import Hit
from simulator.world.faults.schedule import Schedule
from simulator.world.world import World
from wire.messages import Session

# Of so many at least one must show: a flipped bit may fall where it changes nothing, another's list is only journaled.
ENOUGH = 16


class Refusals:
    """At the gateway (`up`) or at the bank: `note` each bad message that is sent there, `judge` in the end."""

    def __init__(self, schedule: Schedule, hit: Hit, *, up: bool, enough: int = ENOUGH) -> None:
        self._schedule = schedule
        self._hit = hit
        self._up = up
        self._enough = enough
        self._process: object = None
        self._life = -1
        self._before = self._arrived = 0

    def note(self) -> None:
        """One more is sent now, and surely arrives; whoever has begun a new life since counts anew."""
        if not (self._gateway_hears() if self._up else self._bank_hears()):
            return
        process, life = self._whose()
        if (process, life) != (self._process, self._life):
            self._process, self._life, self._arrived = process, life, 0
            self._before = self._count()
        self._arrived += 1

    def judge(self) -> None:
        """Were there enough of them in one life, one of them at least was counted."""
        if self._arrived < self._enough or self._whose() != (self._process, self._life):
            return
        who = "the gateway" if self._up else self._hit.bank.name
        counted = self._count() - self._before
        self._schedule.watch.told.must(counted > 0, f"{who} has counted none of {self._arrived} that it had to refuse")

    def _whose(self) -> tuple[object, int]:
        gateway, bank = self._schedule.world.gateway, self._hit.bank
        return (gateway.steps if gateway.running else None, 0) if self._up else (bank.runtime, bank.lives)

    def _count(self) -> int:
        if self._up:
            return sum(self._schedule.world.gateway.steps.keys.refused.values())
        runtime = self._hit.bank.runtime
        return sum(runtime.bank.counters.values()) if runtime is not None else 0

    def _bank_hears(self) -> bool:
        return session_of(self._hit.bank) is not None and reaches(self._schedule.world, self._hit.bank.client)

    def _gateway_hears(self) -> bool:
        gateway = self._schedule.world.gateway
        return gateway.hears and reaches(self._schedule.world, gateway.name)


def session_of(bank: SimulatedController) -> Session | None:
    """Its present session with the broker."""
    uplink = bank.runtime.uplink if bank.runtime is not None else None
    return uplink.session if uplink is not None else None


def reaches(world: World, client: str) -> bool:
    """Whether what the broker is told now comes to that client, as it is."""
    return world.broker.is_connected(client) and world.network.link(client).open and world.mischief.is_idle
