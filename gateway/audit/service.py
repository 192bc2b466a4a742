"""Writes and reads the audit trail."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.audit.models import AuditRecord


def record(session: Session, *, actor: str, action: str, subject: str, now: int, **details: Any) -> None:
    """Adds one line: `actor` and `subject` are pseudonyms or ids, `details` codes and numbers, never names."""
    session.add(AuditRecord(at=now, actor=actor, action=action, subject=subject, details=details))


def trail(session: Session, subject: str | None = None, *, limit: int = 100) -> Sequence[AuditRecord]:
    """The newest records first, of one subject or of all."""
    query = select(AuditRecord).order_by(AuditRecord.id.desc()).limit(limit)
    if subject is not None:
        query = query.where(AuditRecord.subject == subject)
    return session.scalars(query).all()
