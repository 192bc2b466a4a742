"""Whoever operates the gateway: brings a bank that is held together with it again, as the product wants it done."""

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gateway.access import commands, reconcile
from gateway.access.models import Controller
from gateway.access.service import controller_of
from gateway.errors import GatewayError
from gateway.prepared import Prepared
from simulator.errors import NotPossibleError
from simulator.world.desk import Desk
from wire.access_list import Grant

if TYPE_CHECKING:
    from simulator.world.faults.schedule import Schedule

# A bank that is here has sent its list by then; one that is not is asked again, and decided without in the end.
_LIST_WITHIN_MS = 5_000
_AGAIN_MS = 30 * 60_000
_TIMES = 8
_NAME = "operator"
# Made once: it is asked each day.
_HELD = Prepared(select(Controller.bank_id).where(Controller.held_since.is_not(None)).order_by(Controller.bank_id))


class Operator:
    """Asks a bank for the list that it follows, compares, decides."""

    def __init__(self, schedule: "Schedule") -> None:
        self._schedule = schedule
        self._world = schedule.world
        self._busy: set[str] = set()

    def reconcile(self) -> None:
        """Begin with every bank that is held."""
        try:
            with self._world.gateway.reading() as session:
                held = [bank for (bank,) in _HELD.run(session.connection(), {})]
        except DBAPIError:
            self._world.loop.after(_AGAIN_MS, self.reconcile)
            return
        for bank in held:
            if bank not in self._busy:
                self._busy.add(bank)
                self._ask(bank, _TIMES)

    def _ask(self, bank: str, left: int) -> None:
        def asked(command: str | None) -> None:
            self._world.loop.after(_LIST_WITHIN_MS, self._look, bank, command, left)

        Desk(self._world.gateway, _NAME).order(bank, "send_access", {}, "reconciliation", asked)

    def _look(self, bank: str, command: str | None, left: int) -> None:
        gateway, unseen = self._world.gateway, left == 0
        try:
            with gateway.writing() as session:
                come = command is not None and commands.latest_of(session, command).state == "done"
                named = _named(session, bank, gateway.now()) if come else ()
                if come or unseen:
                    reconcile.decide(session, bank, actor=_NAME, now=gateway.now(), unseen=unseen)
                    self._schedule.watch.reconciled(gateway, bank, seen=come)  # it publishes as it commits
        except (DBAPIError, NotPossibleError):
            self._world.loop.after(_AGAIN_MS, self._ask, bank, left)
            return
        except GatewayError:
            self._busy.discard(bank)  # the database is another one by now
            return
        if not come and not unseen:
            self._world.loop.after(_AGAIN_MS, self._ask, bank, left - 1)
            return
        self._busy.discard(bank)
        self._schedule.town.named(bank, named)
        self._world.counts["reconciled unseen" if not come else "reconciled"] += 1
        self._schedule.town.settled()


def _named(session: Session, bank: str, now: int) -> tuple[Grant, ...]:
    """What only the bank knows, and this gateway is told of by what is decided now."""
    if controller_of(session, bank).held_since is None:
        return ()
    found = reconcile.differences(session, bank, now=now)
    return () if found is None else found.only_bank
