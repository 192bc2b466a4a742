"""Reads and writes the lists that were issued."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from gateway.access.models import IssuedList
from gateway.lockers.models import Bank
from gateway.prepared import Prepared

# SQLite takes at most 32,766 values in one statement.
_AT_ONCE = 10_000


class Issued(NamedTuple):
    """A row of `issued_list` (models.py)."""

    bank_id: str
    version: int
    hash: str
    issued_at: int
    lease_until: int
    content: str
    envelope: bytes | None


# Made once: they are asked with each list that is issued, and some with every word of a bank.
_OF_BANK = IssuedList.bank_id == bindparam("bank")
_NEWEST = Prepared(
    select(*(getattr(IssuedList, name) for name in Issued._fields)).where(
        _OF_BANK, IssuedList.version == select(func.max(IssuedList.version)).where(_OF_BANK).scalar_subquery()
    )
)
_HASH = Prepared(select(IssuedList.hash).where(_OF_BANK, IssuedList.version == bindparam("which")))
_ADD = Prepared(insert(IssuedList).values({name: bindparam(name) for name in Issued._fields}))
_OLDEST_KEPT = (
    select(IssuedList.version)
    .where(IssuedList.bank_id == bindparam("bank"))
    .order_by(IssuedList.version.desc())
    .limit(bindparam("one"))
    .offset(bindparam("newer"))
    .scalar_subquery()
)
_FORGET = Prepared(
    update(IssuedList)
    .where(
        IssuedList.bank_id == bindparam("bank"),
        IssuedList.version < _OLDEST_KEPT,
        IssuedList.envelope.is_not(None),
    )
    .values(envelope=bindparam("nothing"))
)


def newest_list(session: Session, bank_id: str) -> Issued | None:
    """The list issued last."""
    session.flush()  # the question below does not see what is pending
    found = _NEWEST.first(session.connection(), {"bank": bank_id})
    return None if found is None else Issued(*found)


def hash_of_list(session: Session, bank_id: str, version: int) -> str | None:
    """The hash of a list that is stored: empty if it was never seen, None if there is no such list."""
    found = _HASH.first(session.connection(), {"bank": bank_id, "which": version})
    return None if found is None else str(found[0])


def add_list(session: Session, issued: Issued) -> None:
    """Written at once, whatever else is pending."""
    _ADD.run(session.connection(), issued._asdict())


def newest_versions(session: Session, banks: Collection[str] | None = None) -> Mapping[str, int]:
    """The version issued last, by bank; of these banks, or of all."""
    # For each bank one look at the end of its lists: there are hundreds of every bank.
    newest = select(func.max(IssuedList.version)).where(IssuedList.bank_id == Bank.id).scalar_subquery()
    query = select(Bank.id, newest)
    if banks is not None and len(banks) <= _AT_ONCE:
        query = query.where(Bank.id.in_(banks))
    return {bank: version for bank, version in session.execute(query) if version is not None}


def forget_bytes(session: Session, bank_id: str, kept: int) -> None:
    """Of all but the bank's `kept` newest lists only version and hash stay."""
    _FORGET.run(session.connection(), {"bank": bank_id, "one": 1, "newer": kept - 1, "nothing": None})
