"""How long an organisation keeps files and openings, and who asked to read openings, and why."""

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import Base, Code, Id, Instant
from gateway.privacy.fields import EncryptedText


class RetentionTerms(Base):
    """One organisation's own terms; without a line the defaults of retention.py hold."""

    __tablename__ = "retention_terms"
    __table_args__ = (CheckConstraint("file_days > 0 AND openings_days > 0", name="are_days"),)

    organisation_id: Mapped[Id] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    file_days: Mapped[int]
    openings_days: Mapped[int]


class OpeningsRequest(Base):
    """Leave to read the openings of one block, or one door of it, in [from_at, until_at), for a short while.

    The `reason` is from a list, `note` says it in words.
    """

    __tablename__ = "openings_request"

    id: Mapped[Id] = mapped_column(primary_key=True)
    bank_id: Mapped[str] = mapped_column(ForeignKey("bank.id"), index=True)
    locker: Mapped[int | None]
    reason: Mapped[Code]
    note: Mapped[str] = mapped_column(EncryptedText("openings_request.note"))
    from_at: Mapped[Instant]
    until_at: Mapped[Instant]
    asked_by: Mapped[Code]
    asked_at: Mapped[Instant]
    expires_at: Mapped[Instant]
