"""Begins the faults of a plan when they are due, heals each in its time, and all of them in the end."""

from typing import TYPE_CHECKING, Any

from simulator.world.faults.fault import MINUTE_MS, Heal, Hit, Plan, Planned
from simulator.world.faults.operator import Operator
from simulator.world.faults.recorder import Recorder
from simulator.world.invariants.watch import Watch

if TYPE_CHECKING:
    from simulator.world.town import Town
    from simulator.world.world import World

# How soon a fault that has had no occasion yet is looked at again.
_AGAIN_MS = 10 * MINUTE_MS


class Schedule:
    """`begun` names what has happened, by number; `is_empty`: the gateway's database holds nothing for now.

    Faults find the world, the town and the watch here.
    """

    def __init__(self, world: "World", town: "Town", watch: Watch, plan: Plan) -> None:
        self.world = world
        self.town = town
        self.watch = watch
        self.begun: list[tuple[int, str]] = []
        self.is_empty = False
        self.recorder = Recorder(world)
        self._plan = plan
        self._healing: dict[int, Heal] = {}
        self._operator = Operator(self)

    def begin(self, first_ms: int) -> None:
        """Plan everything from `first_ms` (unix) on."""
        for planned in self._plan.planned:
            self.world.loop.at(first_ms + planned.after_ms, self.begins, planned)

    @property
    def lasting(self) -> set[int]:
        """Those that have begun and are not healed, by number."""
        return set(self._healing)

    def heal(self) -> None:
        """Whatever is still broken is mended now, the newest first; what has no power gets it back."""
        for number in sorted(self._healing, reverse=True):
            self._heals(number)
        for controller in self.world.controllers:
            if not controller.machine.powered:
                controller.power_on()
            elif not controller.running:
                controller.start()

    def reconcile(self) -> None:
        """Staff look at each bank that is held, and decide that the gateway's list holds again."""
        self._operator.reconcile()

    def number_at(self, hit: Hit) -> str:
        """The number of a badge that someone with a locker at that bank carries."""
        numbers = [
            card.number
            for someone in self.town.records.people.values()
            if someone.pact is not None and someone.pact.present.bank == hit.bank.name
            for card in someone.cards
        ]
        return hit.chance.choice(numbers) if numbers else f"{hit.chance.getrandbits(40):010X}"

    def backup(self) -> tuple[bytes, Any]:
        """The gateway's database as it is, and what staff know of it."""
        return self.world.gateway.storage.backup(), self.town.remember()

    def restore(self, saved: tuple[bytes, Any]) -> None:
        """The gateway goes on with that database."""
        gateway = self.world.gateway
        gateway.restore(saved[0])
        self.is_empty = False
        self.town.restored(saved[1])
        self.watch.replaced(gateway)
        gateway.start()

    def emptied(self) -> None:
        """The gateway goes on with nothing."""
        gateway = self.world.gateway
        gateway.crash()
        gateway.storage.empty()
        self.is_empty = True
        self.town.emptied()
        self.watch.replaced(gateway)
        gateway.start()

    def begins(self, planned: Planned) -> None:
        """One fault, now."""
        world = self.world
        bank = world.controllers[planned.bank % len(world.controllers)]
        world.note(
            "world", "fault", number=planned.number, name=planned.fault.name, bank=bank.name, ms=planned.lasts_ms
        )
        self.begun.append((planned.number, planned.fault.name))
        fault = planned.fault
        hit = Hit(planned.number, bank, planned.lasts_ms, self._plan.stream(planned.number), fault.everywhere)
        heal = fault.begin(self, hit)
        self._lasts(hit, hit.lasts_ms)
        if heal is not None:
            self._healing[hit.number] = heal
            world.loop.after(hit.lasts_ms, self._is_due, hit)

    def _lasts(self, hit: Hit, ms: int) -> None:
        self.town.disturbed(self.world.banks if hit.everywhere else [hit.bank.name], self.world.now_ms + ms)

    def _is_due(self, hit: Hit) -> None:
        """Healed, unless nothing has come of it so far."""
        if hit.number in self._healing and not hit.has_bitten():
            self._lasts(hit, _AGAIN_MS)
            self.world.loop.after(_AGAIN_MS, self._is_due, hit)
        else:
            self._heals(hit.number)

    def _heals(self, number: int) -> None:
        heal = self._healing.pop(number, None)
        if heal is not None:
            self.world.note("world", "healed", number=number)
            heal()
