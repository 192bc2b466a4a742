"""Joins the invariants to the things of a world: each hears only of what it asked for."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from controller.pending import Pending
from simulator.world.gateway import Gateway
from simulator.world.invariants.carried import Carried
from simulator.world.invariants.coils import Coils
from simulator.world.invariants.comes_to_rest import ComesToRest
from simulator.world.invariants.floor import Floor
from simulator.world.invariants.heard import Heard
from simulator.world.invariants.held import Held
from simulator.world.invariants.intents import Intents
from simulator.world.invariants.invariant import Invariant
from simulator.world.invariants.kept import Kept
from simulator.world.invariants.ledger import Ledger
from simulator.world.invariants.narrated import Narrated
from simulator.world.invariants.observed import Observed
from simulator.world.invariants.out_of_service import OutOfService
from simulator.world.invariants.permissions import Permissions
from simulator.world.invariants.receipts import Receipts
from simulator.world.invariants.revocations import Revocations
from simulator.world.invariants.shut_out import ShutOut
from simulator.world.invariants.told import Told
from wire.entries import EntryType
from wire.topics import parse_topic


class Watch:
    """All invariants of faults.md but those about contracts, which the town judges."""

    def __init__(self, world: Any) -> None:
        ledger = Ledger(world)
        self.ledger = ledger
        self.told = Told(world)
        self.held = Held(world, ledger)
        self._all: list[Invariant] = [
            ledger, Intents(world, ledger), Permissions(world, ledger), Revocations(world, ledger),
            ShutOut(world, ledger), OutOfService(world, ledger), Coils(world), Receipts(world), self.held, self.told,
            Observed(world), Kept(world), Heard(world), Floor(world), Carried(world, ledger),
            ComesToRest(world),
        ]  # fmt: skip
        if world.trace.keeps:
            self._all.insert(0, Narrated(world))
        self._sent = self._hearing("sent")
        self._at_intents: dict[str, list[Callable[[], None]]] = {bank: [] for bank in world.banks}
        self._at_coils: dict[str, list[Callable[[int], None]]] = {bank: [] for bank in world.banks}
        for bank, controller in world.banks.items():
            controller.on_opened = partial(_tell, self._hearing("opened"), bank)
            controller.on_death = partial(_tell, self._hearing("died"), bank)
            controller.on_written = partial(self._written, self._hearing("written"), bank)
            controller.doors.on_energised = partial(self._energised, self._hearing("energised"), bank)
            controller.doors.on_pulse = partial(_tell, self._hearing("pulsed"), bank)
        self.watch_gateway(world.gateway)

    def watch_gateway(self, gateway: Gateway) -> None:
        """Hear of what it sends."""
        gateway.on_sent = partial(self._heard, gateway)

    def replaced(self, gateway: Gateway) -> None:
        """Its database is another one now."""
        _tell(self._hearing("replaced"), gateway)

    def reconciled(self, gateway: Gateway, bank: str, *, seen: bool) -> None:
        """An operator has brought a bank and a gateway together."""
        for hear in self._hearing("reconciled"):
            hear(gateway, bank, seen=seen)

    def settled(self) -> None:
        """Everything is at rest."""
        _tell(self._hearing("settled"))

    def at_intents(self, bank: str, act: Callable[[], None]) -> None:
        """Call at each intent of that bank, as it is handed to the journal."""
        self._at_intents[bank].append(act)

    def at_coils(self, bank: str, act: Callable[[int], None]) -> None:
        """Call with its locker whenever a coil of that bank goes on."""
        self._at_coils[bank].append(act)

    def _written(self, hearing: list[Callable[..., None]], bank: str, entries: Sequence[Pending]) -> None:
        _tell(hearing, bank, entries)
        if self._at_intents[bank] and any(entry.type is EntryType.RELEASE_INTENDED for entry in entries):
            for act in self._at_intents[bank]:
                act()

    def _energised(self, hearing: list[Callable[..., None]], bank: str, locker: int) -> None:
        _tell(hearing, bank, locker)
        for act in self._at_coils[bank]:
            act(locker)

    def _heard(self, gateway: Gateway, name: str, envelope: bytes) -> None:
        parsed = parse_topic(name)
        if parsed is not None:
            _tell(self._sent, gateway, *parsed, envelope)

    def _hearing(self, what: str) -> list[Callable[..., None]]:
        return [getattr(each, what) for each in self._all if getattr(type(each), what) is not getattr(Invariant, what)]


def _tell(hearing: list[Callable[..., None]], *facts: object) -> None:
    for hear in hearing:
        hear(*facts)
