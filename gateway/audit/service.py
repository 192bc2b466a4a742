"""Writes, reads and verifies the audit trail."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.orm import Session

from gateway.audit.chain import START, link
from gateway.audit.models import AuditRecord
from gateway.errors import ConflictError, InvalidError
from gateway.prepared import Prepared

_AT_A_TIME = 1000
# Made once: whatever anyone decides is written down, and some of it several times.
_HEAD = Prepared(
    select(AuditRecord.id, AuditRecord.digest).where(
        AuditRecord.id == select(func.max(AuditRecord.id)).scalar_subquery()
    )
)
_ADDED = ("at", "actor", "action", "subject", "details", "digest")
_ADD = Prepared(insert(AuditRecord).values({name: bindparam(name) for name in _ADDED}))


@dataclass(frozen=True)
class Head:
    """The newest record: written down elsewhere, it shows later that nothing up to it was changed or cut off."""

    id: int
    digest: str

    def __str__(self) -> str:
        return f"{self.id}:{self.digest}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The head that a verification printed. Raises InvalidError with code `head`."""
        number, _, digest = text.strip().partition(":")
        if not number.isdecimal() or len(digest) != len(START):
            raise InvalidError("head", "a head is ID:DIGEST, as `casier-gateway audit verify` prints it")
        return cls(int(number), digest)


def record(session: Session, *, actor: str, action: str, subject: str, now: int, **details: Any) -> None:
    """Adds one line: `actor` and `subject` are pseudonyms or ids, `details` codes and numbers, never names.

    Written at once, whatever else is pending: what follows in this unit is chained to it.
    """
    previous = head(session)
    content: dict[str, Any] = {"at": now, "actor": actor, "action": action, "subject": subject}
    digest = link(previous.digest if previous else START, **content, details=details)
    _ADD.run(session.connection(), {**content, "details": json.dumps(details), "digest": digest})


def trail(session: Session, subject: str | None = None, *, limit: int = 100) -> Sequence[AuditRecord]:
    """The newest records first, of one subject or of all."""
    query = select(AuditRecord).order_by(AuditRecord.id.desc()).limit(limit)
    if subject is not None:
        query = query.where(AuditRecord.subject == subject)
    return session.scalars(query).all()


def head(session: Session) -> Head | None:
    """The newest record's place in the chain; None where there is none."""
    row = _HEAD.first(session.connection(), {})
    return None if row is None else Head(*row)


def verify(session: Session, expected: Head | None = None) -> tuple[int, Head | None]:
    """Checks every record; returns how many there are and the head, to be written down.

    Raises ConflictError with code `audit`, naming the first record that does not follow from those before it, or
    saying that the `expected` head of an earlier time is not in the trail any more.
    """
    count, previous, met = 0, START, expected is None
    query = select(AuditRecord).order_by(AuditRecord.id).execution_options(yield_per=_AT_A_TIME)
    with session.scalars(query) as rows:
        for row in rows:
            digest = link(
                previous, at=row.at, actor=row.actor, action=row.action, subject=row.subject, details=row.details
            )
            if row.digest != digest:
                raise ConflictError(
                    "audit",
                    f"record {row.id} was changed, or one before it was taken out: compare with a backup",
                    record=row.id,
                )
            count, previous = count + 1, digest
            met = met or expected == Head(row.id, digest)
    if not met:
        raise ConflictError("audit", f"the trail does not hold {expected} any more: its end was cut off or replaced")
    return count, head(session)
