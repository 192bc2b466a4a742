"""Finds contracts and what stands in the way of a new one."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, String, and_, bindparam, exists, func, not_, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from gateway.contracts.models import Contract, Holding, Party, Suspension, TrustedPerson
from gateway.contracts.states import State
from gateway.lockers.models import Locker
from gateway.prepared import Prepared

# Contracts that are shown, several at once, are loaded with these.
WHOLE = (
    selectinload(Contract.parties),
    selectinload(Contract.trusted),
    selectinload(Contract.notices),
    selectinload(Contract.end_reasons),
)
# One contract alone is loaded with what each decision needs in a single statement.
ALONE = (joinedload(Contract.holdings), joinedload(Contract.suspensions))
_PERSON = bindparam("person", type_=String())
# Made once: it is asked with whatever is done to a badge.
_BANKS_OF_PERSON = Prepared(
    select(Locker.bank_id)
    .join(Holding, Holding.locker_id == Locker.id)
    .join(Contract, Contract.id == Holding.contract_id)
    .where(
        or_(
            Contract.id.in_(select(Party.contract_id).where(Party.person_id == _PERSON)),
            Contract.id.in_(select(TrustedPerson.contract_id).where(TrustedPerson.id == _PERSON)),
        ),
        Contract.collect_until > bindparam("since"),
    )
    .distinct()
    .order_by(Locker.bank_id)
)


_LOCKER, _FROM = bindparam("locker", type_=String()), bindparam("from", type_=BigInteger())
_OVERLAPPING = Prepared(
    select(Holding.id)
    .where(
        Holding.locker_id == _LOCKER,
        Holding.contract_id != bindparam("contract", type_=String()),
        Holding.from_at < bindparam("until", type_=BigInteger()),
        Holding.until_at > _FROM,
        Holding.from_at < Holding.until_at,
    )
    .order_by(Holding.from_at)
)
_FREED = Prepared(
    select(func.max(Holding.until_at)).where(
        Holding.locker_id == _LOCKER,
        Holding.until_at > _FROM,
        Holding.until_at <= bindparam("now", type_=BigInteger()),
        Holding.from_at < Holding.until_at,
    )
)


def overlapping(session: Session, locker_id: str, from_at: int, until_at: int, contract_id: str) -> Holding | None:
    """A holding of the locker by another contract within [from_at, until_at), the first of them."""
    session.flush()  # the question below does not see what is pending
    values = {"locker": locker_id, "contract": contract_id, "from": from_at, "until": until_at}
    found = _OVERLAPPING.first(session.connection(), values)
    return None if found is None else session.get_one(Holding, found[0])


def held_after(at: Any) -> ColumnElement[bool]:
    """The SQL of a holding that is not over at `at` (a value, or a parameter that stands for it), begun or not.

    Those of drafts are empty and never count.
    """
    return and_(Holding.until_at > at, Holding.from_at < Holding.until_at)


def has_locker(at: Any) -> ColumnElement[bool]:
    """The SQL of a holding whose people may have things inside at `at`; who still waits for the locker has none."""
    return and_(held_after(at), Holding.from_at <= at, Holding.waits_since.is_(None))


def last_freed(session: Session, locker_id: str, from_at: int, now: int) -> int | None:
    """When, between `from_at` and `now`, the locker's last holding was over; one that never began counts as none."""
    session.flush()  # the question below does not see what is pending
    [(freed,)] = _FREED.run(session.connection(), {"locker": locker_id, "from": from_at, "now": now})
    return None if freed is None else int(freed)


def of_locker(session: Session, locker_id: str, at: int) -> Sequence[Contract]:
    """Contracts that hold the locker at `at` or later, the nearest first; never drafts or ended ones."""
    return (
        session.scalars(
            select(Contract)
            .options(*WHOLE)
            .join(Holding)
            .where(Holding.locker_id == locker_id, Holding.until_at > at, Holding.from_at < Holding.until_at)
            .order_by(Holding.from_at)
        )
        .unique()
        .all()
    )


def banks_of_person(session: Session, person_id: str, since: int) -> Sequence[str]:
    """Banks where the person, or a trusted person of that id, was on a contract not over at `since`."""
    session.flush()  # the question below does not see what is pending
    rows = _BANKS_OF_PERSON.run(session.connection(), {"person": person_id, "since": since})
    return [bank_id for (bank_id,) in rows]


def in_state(state: State, now: int) -> ColumnElement[bool]:
    """The SQL of `state_at(contract, now) is state`."""
    paused = exists().where(
        Suspension.contract_id == Contract.id,
        Suspension.from_at <= now,
        Suspension.until_at > now,
        or_(Suspension.lifted_at.is_(None), Suspension.lifted_at > now),
    )
    signed = Contract.signed_at.is_not(None)
    running = and_(signed, Contract.from_at <= now, Contract.until_at > now)
    clauses: dict[State, ColumnElement[bool]] = {
        State.DRAFT: and_(not_(signed), Contract.ended_at.is_(None)),
        State.UPCOMING: and_(signed, Contract.from_at > now, Contract.until_at > now),
        State.ACTIVE: and_(running, not_(paused)),
        State.SUSPENDED: and_(running, paused),
        State.ENDING: and_(signed, Contract.until_at <= now, Contract.collect_until > now),
        State.ENDED: or_(
            and_(signed, Contract.collect_until <= now), and_(not_(signed), Contract.ended_at.is_not(None))
        ),
    }
    return clauses[state]
