"""The site around the simulated banks: broker, networks and controllers, and what can be broken there."""

import asyncio

from simulator.bench.world import POWER_CUT
from simulator.broker import BrokerProcess
from simulator.network import Network
from simulator.program import Program


class SupervisedSite:
    """Runs the broker and one controller a bank, each behind a network of its own; switches the bench's site faults."""

    def __init__(self, broker: BrokerProcess, networks: dict[str, Network], controllers: dict[str, Program]) -> None:
        self.broker = broker
        self.networks = networks
        self.controllers = controllers
        self._without_power: set[str] = set()

    def faults(self, bank: str) -> frozenset[str]:
        """Which of the site's faults are on for this bank; the broker is everybody's."""
        states = {
            "broker_down": not self.broker.running,
            "network_cut": self.networks[bank].is_cut,
            POWER_CUT: bank in self._without_power,
        }
        return frozenset(name for name, on in states.items() if on)

    async def set_fault(self, name: str, bank: str, on: bool) -> None:
        """Switch one; returns when it is in effect."""
        if name == "broker_down":
            await asyncio.to_thread(self.broker.kill if on else self.broker.start)
        elif name == "network_cut":
            self.networks[bank].cut(on)
        else:
            await self._cut_power(bank, on)

    async def _cut_power(self, bank: str, on: bool) -> None:
        if on:
            self._without_power.add(bank)
            await self.controllers[bank].kill()
        else:
            self._without_power.discard(bank)
            await self.controllers[bank].start()
