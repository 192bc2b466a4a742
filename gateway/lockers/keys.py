"""Mechanical keys: which there are, in whose hands they are, and the day a locker gets a badge lock instead."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session, lazyload

from gateway.access.changes import access_changed
from gateway.audit import service as audit
from gateway.contracts.models import Contract, Holding
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.lockers.models import KeyHandover, Locker, MechanicalKey
from gateway.lockers.service import bank_of, locker_of

MAX_NUMBER = 40


def add_key(session: Session, bank_id: str, number: int, *, key_number: str, actor: str, now: int) -> MechanicalKey:
    """A key of a locker, by what is stamped on it.

    Raises NotFoundError (`bank`, `locker`), InvalidError (`key_number`), ConflictError (`key_number`, `badge_lock`).
    """
    locker = locker_of(session, bank_id, number)
    _require_key_lock(locker)
    text = key_number.strip()
    if not 1 <= len(text) <= MAX_NUMBER or not text.isprintable():
        raise InvalidError("key_number", f"a key's number has 1 to {MAX_NUMBER} characters, on one line")
    if any(key.number == text for key in _keys(session, locker.id)):
        raise ConflictError("key_number", f"locker {number} has a key {text} already")
    key = MechanicalKey(id=new_id(now), locker=locker, number=text, added_at=now)
    session.add(key)
    session.flush()
    audit.record(session, actor=actor, action="key_added", subject=key.id, now=now, bank=bank_id, locker=number)
    return key


def retire_key(session: Session, key_id: str, *, actor: str, now: int) -> MechanicalKey:
    """The key opens nothing any more: its lock was changed, or it broke. Raises NotFoundError (`key`)."""
    key = key_of(session, key_id)
    if key.retired_at is None:
        key.retired_at = now
        audit.record(session, actor=actor, action="key_retired", subject=key.id, now=now)
    return key


def hand_over(session: Session, key_id: str, *, contract_id: str, actor: str, now: int) -> KeyHandover:
    """The key goes to the holder of a contract that has its locker now or will.

    Raises NotFoundError (`key`, `contract`), ConflictError (`key_retired`, `key_out`, `not_their_locker`).
    """
    key = key_of(session, key_id)
    if key.retired_at is not None:
        raise ConflictError("key_retired", f"key {key.number} opens nothing any more: hand over another")
    if session.get(Contract, contract_id) is None:
        raise NotFoundError("contract", "no such contract")
    if _out(session, key_id=key_id) is not None:
        raise ConflictError("key_out", f"key {key.number} is in someone's hands: take it back first")
    if not _holds(session, contract_id, key.locker_id, now):
        raise ConflictError("not_their_locker", f"the contract has no locker that key {key.number} opens")
    given = KeyHandover(id=new_id(now), key=key, contract_id=contract_id, given_at=now, given_by=actor)
    session.add(given)
    session.flush()
    audit.record(session, actor=actor, action="key_handed_over", subject=key.id, now=now, contract=contract_id)
    return given


def take_back(session: Session, key_id: str, *, actor: str, now: int) -> KeyHandover:
    """The key is back, whoever brought it; a lost one was found. Raises NotFoundError (`key`, `key_handover`)."""
    given = _given(session, key_id)
    given.returned_at, given.taken_by = now, actor
    audit.record(session, actor=actor, action="key_returned", subject=key_id, now=now, contract=given.contract_id)
    return given


def report_lost(session: Session, key_id: str, *, actor: str, now: int) -> KeyHandover:
    """The key was lost; it stays out, and counted, until it is found. Never charged.

    Raises NotFoundError (`key`, `key_handover`).
    """
    given = _given(session, key_id)
    if given.lost_at is None:
        given.lost_at = now
        audit.record(session, actor=actor, action="key_lost", subject=key_id, now=now, contract=given.contract_id)
    return given


def keys_of(session: Session, bank_id: str) -> Sequence[tuple[MechanicalKey, KeyHandover | None]]:
    """Every key of the bank that still opens something, with the handover it is out on, by locker and number."""
    bank_of(session, bank_id)
    rows = session.execute(
        select(MechanicalKey, KeyHandover)
        .join(Locker, Locker.id == MechanicalKey.locker_id)
        .outerjoin(KeyHandover, (KeyHandover.key_id == MechanicalKey.id) & KeyHandover.returned_at.is_(None))
        .where(Locker.bank_id == bank_id, MechanicalKey.retired_at.is_(None))
        .order_by(Locker.number, MechanicalKey.number)
        # Read along with the handover, its key would drop those that are in nobody's hands.
        .options(lazyload(KeyHandover.key))
    )
    return [(row[0], row[1]) for row in rows]


def key_still_out(session: Session, locker_id: str, *, other_than: str) -> KeyHandover | None:
    """A living key of the locker that another contract's holder still has; a lost one counts until it is retired."""
    return session.scalar(
        select(KeyHandover)
        .join(MechanicalKey, MechanicalKey.id == KeyHandover.key_id)
        .where(still_out(locker_id, other_than))
        .limit(1)
    )


def still_out(locker_id: Any, other_than: Any) -> ColumnElement[bool]:
    """The SQL of the handover of a living key of the locker by another contract: values, or parameters for them."""
    return and_(
        MechanicalKey.locker_id == locker_id,
        MechanicalKey.retired_at.is_(None),
        KeyHandover.returned_at.is_(None),
        KeyHandover.contract_id != other_than,
    )


def fit_key_lock(session: Session, bank_id: str, number: int, *, actor: str, now: int) -> Locker:
    """The locker opens with a key and no controller, as in a manual bank; refused while someone holds it by badge.

    Raises NotFoundError (`bank`, `locker`), ConflictError (`locker_taken`).
    """
    locker = locker_of(session, bank_id, number)
    if locker.lock == "key":
        return locker
    if _held(session, locker.id, now):
        raise ConflictError("locker_taken", f"locker {number} is held by a badge: wait until nobody has it")
    return _fit(session, locker, "key", actor, now)


def fit_badge_lock(session: Session, bank_id: str, number: int, *, actor: str, now: int) -> Locker:
    """From key to badge: the contract goes on, and its holder's badge opens as soon as the controller knows.

    Its keys open nothing any more. Raises NotFoundError (`bank`, `locker`).
    """
    locker = locker_of(session, bank_id, number)
    if locker.lock == "badge":
        return locker
    for key in _keys(session, locker.id):
        retire_key(session, key.id, actor=actor, now=now)
    return _fit(session, locker, "badge", actor, now)


def key_of(session: Session, key_id: str) -> MechanicalKey:
    """Raises NotFoundError with code `key`."""
    key = session.get(MechanicalKey, key_id)
    if key is None:
        raise NotFoundError("key", "no such key")
    return key


def _fit(session: Session, locker: Locker, lock: str, actor: str, now: int) -> Locker:
    locker.lock = lock
    session.flush()
    audit.record(
        session, actor=actor, action="lock_fitted", subject=locker.bank_id, now=now, locker=locker.number, lock=lock
    )
    access_changed(session, locker.bank_id)
    return locker


def _require_key_lock(locker: Locker) -> None:
    if locker.lock != "key":
        raise ConflictError("badge_lock", f"locker {locker.number} opens with a badge: it has no keys")


def _keys(session: Session, locker_id: str) -> Sequence[MechanicalKey]:
    return session.scalars(select(MechanicalKey).where(MechanicalKey.locker_id == locker_id)).all()


def _out(session: Session, *, key_id: str) -> KeyHandover | None:
    return session.scalar(select(KeyHandover).where(KeyHandover.key_id == key_id, KeyHandover.returned_at.is_(None)))


def _given(session: Session, key_id: str) -> KeyHandover:
    key = key_of(session, key_id)
    given = _out(session, key_id=key_id)
    if given is None:
        raise NotFoundError("key_handover", f"key {key.number} is in nobody's hands")
    return given


def _holds(session: Session, contract_id: str, locker_id: str, now: int) -> bool:
    return _held(session, locker_id, now, contract_id=contract_id)


def _held(session: Session, locker_id: str, now: int, *, contract_id: str | None = None) -> bool:
    query = select(Holding.id).where(
        Holding.locker_id == locker_id, Holding.until_at > now, Holding.from_at < Holding.until_at
    )
    if contract_id is not None:
        query = query.where(Holding.contract_id == contract_id)
    return session.scalar(query.limit(1)) is not None
