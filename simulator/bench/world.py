"""The banks on one bench, the faults that can be switched, and the supervisor that has the faults of a whole site."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from simulator.bank import SimulatedBank
from simulator.errors import NotAvailableError, UnknownNameError
from simulator.fault_kinds import Target
from simulator.faults import FAULTS

POWER_CUT = "power_cut"
SITE_FAULTS = ("broker_down", "network_cut", POWER_CUT)


class Site(Protocol):
    """Who starts broker and controllers, and so can break what is around a bank: the supervisor of the demo.

    When what `faults` answers changes by itself, it calls `World.touch`.
    """

    def faults(self, bank: str) -> frozenset[str]:
        """Which of `SITE_FAULTS` are on for this bank."""

    async def set_fault(self, name: str, bank: str, on: bool) -> None:
        """Switch one of `SITE_FAULTS`. At a power cut the bank's hardware is already without power: end its controller.

        Returns when the fault is in effect.
        """


@dataclass(frozen=True, slots=True)
class FaultState:
    """One fault as the bench lists it: the doors that have it, the devices that can have it and whether they do."""

    name: str
    on: bool
    available: bool
    takes_number: bool
    doors: list[int] = field(default_factory=list)
    devices: dict[str, bool] = field(default_factory=dict)


class World:
    """Every bank of one bench. `site` may be set later; without one its faults are not available."""

    def __init__(self, banks: Iterable[SimulatedBank], site: Site | None = None) -> None:
        self.banks = {bank.plan.name: bank for bank in banks}
        self.site = site
        self.ending = False
        self._changed = asyncio.Event()
        for bank in self.banks.values():
            bank.on_change = self.touch

    async def start(self) -> None:
        """Plug in every bank."""
        for bank in self.banks.values():
            await bank.start()

    async def stop(self) -> None:
        """End the streams and unplug every bank."""
        self.end_streams()
        for bank in self.banks.values():
            await bank.stop()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["World"]:
        """Start, and stop at the end of the block."""
        try:
            await self.start()
            yield self
        finally:
            await self.stop()

    def bank(self, name: str) -> SimulatedBank:
        """The bank of that name. Raises UnknownNameError."""
        try:
            return self.banks[name]
        except KeyError:
            raise UnknownNameError("bank", name, self.banks) from None

    def faults(self, bank: SimulatedBank) -> list[FaultState]:
        """Every fault this bank could have, whether it is on, and whether it can be switched here."""
        at_site = self.site.faults(bank.plan.name) if self.site is not None else frozenset()
        listed = [FaultState(name, name in at_site, self.site is not None, False) for name in SITE_FAULTS]
        for name, fault in FAULTS.items():
            on, available = fault.is_on(bank), fault.available(bank)
            doors, devices = fault.doors(bank), fault.devices(bank)
            listed.append(FaultState(name, on, available, fault.takes_number, doors, devices))
        return listed

    async def set_fault(
        self, bank: SimulatedBank, name: str, on: bool, number: int | None = None, device: str | None = None
    ) -> None:
        """Switch a fault of one door or one device, or of all that can have it.

        Raises UnknownNameError, NotAvailableError, MissingValueError.
        """
        if name in FAULTS:
            await FAULTS[name].switch(bank, on, Target(number, device))
            bank.settle()
        elif name in SITE_FAULTS:
            await self._set_site_fault(bank, name, on)
        else:
            raise UnknownNameError("fault", name, (*SITE_FAULTS, *FAULTS))
        self.touch()

    async def _set_site_fault(self, bank: SimulatedBank, name: str, on: bool) -> None:
        if self.site is None:
            raise NotAvailableError(f"{name} is not available here: this bench runs without a broker and controllers")
        if name == POWER_CUT:
            bank.power(not on)
        await self.site.set_fault(name, bank.plan.name, on)

    def touch(self) -> None:
        """Tell everyone who watches that something may have changed."""
        self._changed.set()
        self._changed = asyncio.Event()

    def end_streams(self) -> None:
        """Let every `changes` end, so that a server with open pages can stop."""
        self.ending = True
        self.touch()

    async def changes(self) -> AsyncIterator[None]:
        """Now, and again after each change, until the world ends."""
        while not self.ending:
            changed = self._changed
            yield
            await changed.wait()
