"""What the gateway's rows must say about contracts and belongings: no more and no less than what staff decided."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gateway.prepared import carry_out
from simulator.world.lives.office import Office
from simulator.world.lives.pacts import Life, Pact
from simulator.world.lives.records import PROTECTED, Kept

_CONTRACTS = (
    "SELECT id, from_at, until_at, collect_until, signed_at, ended_at, frozen_at, version FROM contract "
    "WHERE collect_until > :since"
)
_HOLDINGS = (
    "SELECT holding.locker_id, holding.from_at, holding.until_at, contract_id, bank_id, number FROM holding "
    "JOIN locker ON locker.id = holding.locker_id WHERE until_at > :since AND from_at < until_at "
    "ORDER BY locker_id, from_at"
)
_TRANSITIONS = (
    "SELECT rowid, contract_id, number, at, author, action, reason FROM transition WHERE rowid > :known ORDER BY rowid"
)
_THINGS = (
    "SELECT custody_id, kept_thing.id, kind, quantity, outcome, outcome_at, outcome_by, singly, outcome_note, "
    "custody.closed_at FROM kept_thing JOIN custody ON custody.id = custody_id"
)


class _Thing(NamedTuple):
    """A line of an inventory, as `_THINGS` reads it."""

    id: str
    kind: str
    quantity: int
    outcome: str | None
    outcome_at: int | None
    outcome_by: str | None
    singly: int
    outcome_note: str | None
    closed_at: int | None


class ContractJudge:
    """Asked once a day; reads what may have changed since.

    After its database was put back, a gateway is held to what survived and to what was decided since.
    """

    def __init__(self, office: Office) -> None:
        self._office = office
        self._records = office.records
        self._since = 0
        self._transitions = 0
        self._checked: dict[str, int] = {}

    def put_back(self) -> None:
        """The gateway's database is an older one from now on."""
        self._since = self._transitions = 0
        self._checked.clear()

    def judge(self, at: int) -> None:
        """Everything that may have changed since it was last asked; not while the database is away."""
        try:
            with self._office.gateway.reading() as session:
                self._holdings(session)
                self._contracts(session)
                self._decisions(session)
                self._belongings(session)
        except DBAPIError:
            return
        self._since = at

    def _holdings(self, session: Session) -> None:
        """No two holders of one locker at one moment, at the gateway or in what staff did."""
        last, last_until, last_contract = "", 0, ""
        found: dict[str, set[tuple[str, int, int, int]]] = {}
        for locker, from_at, until_at, contract, bank, number in carry_out(
            session.connection(), _HOLDINGS, {"since": self._since}
        ):
            if locker == last and last_until > from_at:
                self._say("one_holder", f"{bank}/{number}: {last_contract} and {contract}")
            found.setdefault(contract, set()).add((bank, number, from_at, until_at))
            last, last_until, last_contract = locker, until_at, contract
        for pact in self._living():
            self._compare_holds(pact, found.get(pact.id, set()))

    def _compare_holds(self, pact: Pact, found: set[tuple[str, int, int, int]]) -> None:
        known = {
            (hold.bank, hold.number, hold.from_at, hold.until_at)
            for hold in pact.holds
            if hold.until_at > self._since and hold.from_at < hold.until_at
        }
        if known != found:
            self._say("decided", f"contract {pact.id} holds {sorted(found)}, decided was {sorted(known)}")

    def _contracts(self, session: Session) -> None:
        """Nobody gains or loses a day that nobody decided."""
        rows = {row[0]: row[1:] for row in carry_out(session.connection(), _CONTRACTS, {"since": self._since})}
        for pact in self._living():
            row = rows.pop(pact.id, None)
            if row is None:
                self._say("decided", f"contract {pact.id} is over or gone, and nobody decided that")
                continue
            known = (
                pact.from_at, pact.until_at, pact.collect_until, pact.signed_at, pact.ended_at, pact.frozen_at,
                len(pact.decisions),
            )  # fmt: skip
            if row != known:
                self._say("decided", f"contract {pact.id} is {row}, decided was {known}")
        for contract_id in rows:
            self._say("decided", f"contract {contract_id} goes on, and nobody decided that")

    def _decisions(self, session: Session) -> None:
        """Every transition has its author, reason and instant, and there is one for each decision."""
        rows = carry_out(session.connection(), _TRANSITIONS, {"known": self._transitions})
        for rowid, contract_id, *told in rows:
            self._transitions = rowid
            pact = self._records.pacts.get(contract_id)
            number = self._checked[contract_id] = self._checked.get(contract_id, 0) + 1
            if not self._is_known(pact):
                continue
            decided = pact.decisions[number - 1] if pact and number <= len(pact.decisions) else None
            if decided is None or [number, decided.at, decided.author, decided.action, decided.reason] != told:
                self._say("transitions", f"contract {contract_id}: {tuple(told)} was not decided: {decided}")
        for pact in self._records.pacts.values():
            if self._is_known(pact) and self._checked.get(pact.id, 0) < len(pact.decisions):
                self._say("transitions", f"contract {pact.id}: {pact.decisions[-1]} left no transition")

    def _belongings(self, session: Session) -> None:
        """Every line of every inventory is kept, given back or disposed of with a record."""
        rows: dict[str, dict[str, _Thing]] = {}
        for custody_id, *facts in carry_out(session.connection(), _THINGS):
            thing = _Thing(*facts)
            rows.setdefault(custody_id, {})[thing.id] = thing
        for kept in self._records.kept.values():
            if self._is_known(kept.pact):
                self._compare_lines(kept, rows.get(kept.id, {}))

    def _compare_lines(self, kept: Kept, rows: dict[str, _Thing]) -> None:
        if rows.keys() != kept.lines.keys():
            self._say("belongings", f"custody {kept.id} has {len(rows)} lines, written were {len(kept.lines)}")
        for line in kept.lines.values():
            row = rows.get(line.id)
            if row is None:
                continue
            known = (line.kind, line.quantity, line.outcome, line.at, line.by)
            if (row.kind, row.quantity, row.outcome, row.outcome_at, row.outcome_by) != known:
                self._say("belongings", f"line {line.id} is {tuple(row)}, decided was {known}")
            if row.outcome == "disposed" and row.kind in PROTECTED and not (row.singly and row.outcome_note):
                self._say("belongings", f"line {line.id}: {row.kind} was disposed of with the rest")
            if row.outcome is None and row.closed_at is not None:
                self._say("belongings", f"custody {kept.id} is closed, and {row.kind} is nowhere")

    def _living(self) -> Iterable[Pact]:
        return [
            pact for pact in self._records.pacts.values() if pact.collect_until > self._since and self._is_known(pact)
        ]

    def _is_known(self, pact: Pact | None) -> bool:
        """Whether the gateway must know of it; what it forgot when it was put back it must not."""
        return pact is None or not pact.lost

    def _say(self, invariant: str, found: str) -> None:
        self._office.violated(invariant, found)


def covered(office: Office) -> set[tuple[str, str]]:
    """Which decisions were taken in which state, as the gateway recorded them."""
    with office.gateway.reading() as session:
        rows = session.execute(text("SELECT DISTINCT from_state, action FROM transition WHERE from_state IS NOT NULL"))
        return {(Life(state).value, action) for state, action in rows}
