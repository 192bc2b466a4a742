"""The append-only, chained audit trail; triggers refuse to change or delete a row (second migration)."""

from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import Base, Code, Instant, Serial


class AuditRecord(Base):
    """Who did what to which thing: pseudonyms and codes only, so that erasing a file does not break the trail.

    `digest` covers the record and the digest of the one before it (chain.py).
    """

    __tablename__ = "audit_record"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    at: Mapped[Instant]
    actor: Mapped[str] = mapped_column(String(64))
    action: Mapped[Code]
    subject: Mapped[str] = mapped_column(String(64), index=True)
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    digest: Mapped[str] = mapped_column(String(64), server_default="")
