"""Where staff act: one unit of work at the gateway at a time, whose outcome they see, and write down for themselves."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gateway.audit.models import AuditRecord
from gateway.db import REFUSED
from gateway.errors import GatewayError
from gateway.events.service import events_after
from gateway.staff import service as accounts
from simulator.errors import NotPossibleError
from simulator.world.gateway import Gateway
from simulator.world.invariants.violation import Violation
from simulator.world.lives.calendar import MINUTE
from simulator.world.lives.records import Records
from simulator.world.trace import Trace

T = TypeVar("T")

DONE, LATER, DEFECT = "done", "later", "defect"
# What a closed account is answered where it comes by its token, by a browser, by its password.
SHUT_OUT = frozenset({"token", "signed_out", "sign_in"})
ComeIn = Callable[[Session, int], object]
_AGAIN_MS = 10 * MINUTE
_WITHDRAWN, _USED = "locker_look_withdrawn", "locker_used_unknown"


class Office:
    """What every member of staff has: the gateway, the records, and somebody to tell what must not happen."""

    def __init__(self, gateway: Gateway, records: Records, trace: Trace) -> None:
        self.gateway = gateway
        self.records = records
        self.violations: list[Violation] = []
        self.names: dict[str, str] = {}
        # The gateway was put back once: it may not know of everything that somebody has left in a locker.
        self.loose = False
        # Its database holds nothing for now.
        self.is_empty = False
        self.resting = False
        self._trace = trace
        self._busy_ms = 0

    @property
    def busy(self) -> bool:
        """Whether something was done in this very millisecond: the next thing comes after it."""
        return self.gateway.broker.loop.now_ms <= self._busy_ms

    def act(
        self,
        who: str,
        what: str,
        do: Callable[[Session, int], T],
        done: Callable[[T, int], object],
        come_in: ComeIn | None = None,
    ) -> str:
        """`do` at the gateway, and `done` with what came of it once it is kept.

        Whoever has an account comes in by its token, as at the API, or as `come_in` says. Answers `done`, the code of a
        refusal, or `later` where the gateway or its database is away. Anything else that is raised is a defect, and
        told as a violation.
        """
        self.hear()
        now, made = self.gateway.now(), list[T]()
        self._busy_ms = self.gateway.broker.loop.now_ms
        try:
            with self.gateway.writing() as session:
                (come_in or self._come_in(who))(session, now)
                made.append(do(session, now))
            outcome = DONE
        except GatewayError as error:
            outcome = error.code
        except REFUSED as error:
            outcome = self._defect(what, error)
        except (DBAPIError, NotPossibleError):
            outcome = DONE if made and self._kept(who, now) else LATER
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not happen
            outcome = self._defect(what, error)
        if outcome == DONE:
            done(made[0], now)
        self.note(who, what, outcome)
        self._judge(who, what, outcome)
        return outcome

    def hear(self) -> None:
        """Which lockers have to be looked at again, as their pages say; nothing while the database is away."""
        try:
            with self.gateway.reading() as session:
                for one in events_after(session, self.records.heard, kinds=(_WITHDRAWN, _USED)):
                    self.records.heard = one.id
                    box = self.records.boxes[str(one.bank), int(one.locker or 0)]
                    (box.used_by_unknown if one.kind == _USED else box.withdraw_looks)(one.at)
        except DBAPIError:
            return

    def later(self, ms: int, act: Callable[..., str], *facts: Any) -> None:
        """`act` once that time has passed, and again for as long as it answers `later`; not once everyone rests.

        An account among `facts` that is closed by then leaves it to its successor.
        """
        loop = self.gateway.broker.loop

        def then() -> None:
            if self.resting:
                return
            if self.busy:
                loop.after(1, then)
            elif act(*(self.records.in_charge(one) if isinstance(one, str) else one for one in facts)) == LATER:
                loop.after(_AGAIN_MS, then)

        loop.after(ms, then)

    def look(self, who: str, what: str, find: Callable[[Session, int], str]) -> None:
        """Looks something up, and notes what it says."""
        try:
            with self.gateway.reading() as session:
                outcome = find(session, self.gateway.now())
        except GatewayError as error:
            outcome = error.code
        except DBAPIError:
            outcome = LATER
        self.note(who, what, outcome)

    def note(self, who: str, what: str, outcome: str) -> None:
        """One line of the trace, and one more of its kind."""
        self._trace.note(self.gateway.broker.loop.now_ms, self.names.get(who, who), what, outcome=outcome)
        self.records.counts[f"{what}: {outcome}"] += 1

    def violated(self, invariant: str, text: str) -> None:
        """Something that must not be."""
        at = self.gateway.broker.loop.now_ms
        self.violations.append(Violation(at, invariant, text))
        self._trace.note(at, "judge", "violation", invariant=invariant, text=text)

    def _come_in(self, who: str) -> ComeIn:
        account = self.records.accounts.get(who)
        if account is None:
            return lambda *_: None
        token = account.token
        return lambda session, _: accounts.token_holder(session, token)

    def _judge(self, who: str, what: str, outcome: str) -> None:
        """Whoever's account is closed does nothing, and nobody else is kept out."""
        account = self.records.accounts.get(who)
        if account is None or self.is_empty:
            return
        if outcome in SHUT_OUT and account.is_open:
            self.violated("rights", f"{who}, whose account is open, cannot {what}: {outcome}")
        elif outcome not in SHUT_OUT | {LATER} and not account.is_open:
            self.violated("rights", f"{who}, whose account was closed at {account.closed_at}, did {what}: {outcome}")

    def _defect(self, what: str, error: Exception) -> str:
        self._trace.defect(error)
        self.violated("defect", f"{what}: {type(error).__name__}: {error}"[:400])
        return DEFECT

    def _kept(self, who: str, now: int) -> bool:
        """Whether it was done all the same: the process died after its commit."""
        try:
            with self.gateway.reading() as session:
                query = select(AuditRecord.id).where(AuditRecord.actor == who, AuditRecord.at == now)
                return session.scalar(query.limit(1)) is not None
        except DBAPIError:
            return False
