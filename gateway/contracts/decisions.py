"""One decision about a contract, from the check that it is in turn to its line in the record of transitions."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.access.changes import access_changed
from gateway.audit import service as audit
from gateway.contracts.begun import begin_if_let_in
from gateway.contracts.models import Contract, Transition
from gateway.contracts.states import Action, State, require, state_at
from gateway.custody.readiness import look_again
from gateway.db import new_id
from gateway.errors import ConflictError
from gateway.events.service import record
from gateway.staff.models import Staff

# What may still be decided once the holder has died.
AFTER_DEATH = frozenset({Action.EMPTIED, Action.ALIVE, Action.SAY_HOW, Action.GIVE_NOTICE})
# What lets go of a locker at once where the contract has not begun.
_LETS_GO = frozenset({Action.END, Action.MOVE})


@dataclass(frozen=True)
class Decision:
    """A decision that is in turn: change the contract, then `done`."""

    session: Session
    contract: Contract
    action: Action
    before: State
    actor: str
    now: int

    def done(self, what: str, *, reason: str | None = None, note: str | None = None, **details: Any) -> None:
        """Writes the transition, and tells audit, feed and lists; flushes, so that the database's checks speak now.

        `note` is for staff, `details` are codes and numbers. Raises ConflictError (`transition`).
        """
        after = state_at(self.contract, self.now)
        require(self.before, self.action, after)
        self.contract.version += 1
        told = details if reason is None else {"reason": reason, **details}
        write(self.session, self.contract, self.action, self.before, self.actor, self.now, reason=reason, note=note)
        tell(self.session, self.contract, what, self.actor, self.now, **told)


def decide(
    session: Session, contract: Contract, action: Action, *, actor: str, now: int, seen: int | None = None
) -> Decision:
    """Opens a decision; `seen` is the version the decider was looking at, if they say.

    Raises ConflictError: `changed_meanwhile`, `frozen`, `transition`; each says who decided what last.
    """
    refuse_stale(session, contract, seen)
    if contract.frozen_at is not None and action not in AFTER_DEATH:
        last = last_transition(session, contract.id)
        raise ConflictError("frozen", "the holder has died: what is inside is kept for those entitled", **_facts(last))
    if action in _LETS_GO:
        begin_if_let_in(session, contract, now)
    state = state_at(contract, now)
    try:
        require(state, action)
    except ConflictError as error:
        last = last_transition(session, contract.id)
        text = f"{error.text}. {_who(session, last)}" if last else error.text
        raise ConflictError(error.code, text, **error.facts, **_facts(last)) from error
    return Decision(session, contract, action, state, actor, now)


def refuse_stale(session: Session, contract: Contract, seen: int | None) -> None:
    """Raises ConflictError (`changed_meanwhile`) where someone decided something since the version `seen`."""
    if seen is None or seen == contract.version:
        return
    last = last_transition(session, contract.id)
    raise ConflictError(
        "changed_meanwhile",
        f"{_who(session, last)} meanwhile: look at the contract again, then decide",
        **_facts(last),
        version=contract.version,
    )


def write(
    session: Session, contract: Contract, action: str, before: State | None, actor: str, now: int, *,
    reason: str | None = None, note: str | None = None,
) -> None:  # fmt: skip
    """One line of the record; the database refuses a second one of the same number."""
    session.add(
        Transition(
            id=new_id(now), contract_id=contract.id, number=contract.version, at=now, author=actor, action=action,
            from_state=before.value if before else None, to_state=state_at(contract, now).value, reason=reason,
            note=note or None,
        )
    )  # fmt: skip


def tell(session: Session, contract: Contract, what: str, actor: str, now: int, **details: Any) -> None:
    """Flushes, settles who waits for its lockers, and tells audit, feed and the lists of the contract's banks."""
    session.flush()
    audit.record(session, actor=actor, action=what, subject=contract.id, now=now, **details)
    lockers = {(holding.locker.bank_id, holding.locker.number) for holding in contract.holdings}
    for bank_id, number in sorted(lockers):
        record(session, what, now=now, bank_id=bank_id, locker=number, contract=contract.id, **details)
    for locker in {holding.locker_id: holding.locker for holding in contract.holdings}.values():
        look_again(session, locker, now)
    for bank_id in sorted({bank for bank, _number in lockers}):
        access_changed(session, bank_id)


def last_transition(session: Session, contract_id: str) -> Transition | None:
    """What was decided last."""
    return session.scalar(
        select(Transition).where(Transition.contract_id == contract_id).order_by(Transition.number.desc()).limit(1)
    )


def _who(session: Session, last: Transition | None) -> str:
    if last is None:
        return "the contract was changed"
    staff = session.get(Staff, last.author)
    return f"{staff.name if staff else last.author} decided {last.action!r}"


def _facts(last: Transition | None) -> dict[str, Any]:
    return {} if last is None else {"by": last.author, "action": last.action, "at": last.at}
