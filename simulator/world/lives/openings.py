"""Doors opened from the desk for someone, and what came of it."""

from random import Random

from sqlalchemy.orm import Session

from gateway.access import commands
from simulator.world.desk import Desk
from simulator.world.gateway import Gateway
from simulator.world.lives.calendar import MINUTE
from simulator.world.lives.office import Office
from simulator.world.lives.records import Box

# Every order has its answer by then, or never gets one (`no_answer`).
_ANSWERED_MS = 3 * MINUTE


class Openings:
    """An order is asked for, and looked at again when it must have been carried out, or not."""

    def __init__(self, office: Office, chance: Random) -> None:
        self._office = office
        self._gateway: Gateway = office.gateway
        self._chance = chance

    def open(self, who: str, box: Box) -> str:
        """Whoever is there has said why."""
        reason = self._chance.choice(list(commands.OPEN_REASONS))
        if not self._gateway.running:
            return "later"
        Desk(self._gateway, who).open_remotely(box.bank, box.number, reason, lambda made: self._ordered(who, made))
        return "asked"

    def _ordered(self, who: str, command: str | None) -> None:
        if command is None:
            self._office.note(who, "open", "not_ordered")
        else:
            self._gateway.broker.loop.after(_ANSWERED_MS, self._answered, who, command)

    def _answered(self, who: str, command: str) -> None:
        def find(session: Session, now: int) -> str:
            return commands.state_of(commands.latest_of(session, command), now)

        self._office.look(who, "open", find)
