"""Lockers that staff put out of service, by mistake too, and back: an order to the bank each time."""

from random import Random

from gateway.access.out_of_service import ServiceReason
from simulator.world.desk import Desk
from simulator.world.gateway import Gateway
from simulator.world.lives.calendar import DAY, HOUR, MINUTE
from simulator.world.lives.office import DONE, LATER, Office
from simulator.world.lives.records import Box

_STOPS = 0.7
_ENDS_BY_ITSELF = 0.3


class Servicing:
    """Each mark is given up again, by its end or by an order, for as long as the bank can be told."""

    def __init__(self, office: Office, chance: Random) -> None:
        self._office = office
        self._gateway: Gateway = office.gateway
        self._chance = chance

    def take_out(self, who: str, box: Box) -> str:
        """Whoever has it is kept out for some hours, or nobody is."""
        if not self._gateway.running:
            return LATER
        lasts_ms = self._chance.randint(5 * MINUTE, DAY - HOUR) if self._chance.random() < _STOPS else None
        ends = lasts_ms is not None and self._chance.random() < _ENDS_BY_ITSELF
        back_ms = self._chance.randint(MINUTE, DAY)

        def ordered(command: str | None) -> None:
            self._office.note(who, "out_of_service", DONE if command else "not_ordered")
            if command is not None and not ends:
                self._office.later(back_ms, self._put_back, who, box)

        stops_until = None if lasts_ms is None else self._gateway.now() + lasts_ms
        Desk(self._gateway, who).take_out(
            box.bank, box.number, self._chance.choice(list(ServiceReason)), stops_until, ordered
        )
        return "asked"

    def _put_back(self, who: str, box: Box) -> str:
        if not self._gateway.running:
            return LATER

        def ordered(command: str | None) -> None:
            self._office.note(who, "in_service", DONE if command else "not_ordered")
            if command is None:
                self._office.later(6 * HOUR, self._put_back, who, box)

        Desk(self._gateway, who).put_back(box.bank, box.number, ordered)
        return "asked"
