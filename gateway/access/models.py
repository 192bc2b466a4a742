"""Controllers and what they have been told: badge keys, issued lists, commands, and what a reconciliation found."""

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gateway.db import Base, Code, Id, Instant, OptionalInstant


class Controller(Base):
    """The controller of a bank: its public keys, its present session, and the list it says is in force.

    `trust_version` is the trust document it was told last, `trust_reported` the one it named at its last birth.

    While `held_since` is set nothing but receipts and `send_access` is published to it (see reconcile.py).
    """

    __tablename__ = "controller"

    bank_id: Mapped[str] = mapped_column(ForeignKey("bank.id"), primary_key=True)
    device_public: Mapped[bytes] = mapped_column(LargeBinary(32))
    encryption_public: Mapped[bytes] = mapped_column(LargeBinary(32))
    added_at: Mapped[Instant]
    trust_version: Mapped[int] = mapped_column(BigInteger, default=0)
    trust_reported: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    keys_version: Mapped[int] = mapped_column(BigInteger, default=0)
    session_number: Mapped[int] = mapped_column(BigInteger, default=0)
    session_nonce: Mapped[str | None] = mapped_column(String(32))
    software: Mapped[str | None] = mapped_column(String(256))
    online: Mapped[bool] = mapped_column(default=False)
    status_at: Mapped[OptionalInstant]
    list_in_force: Mapped[int] = mapped_column(BigInteger, default=0)
    list_in_force_since: Mapped[OptionalInstant]
    held_since: Mapped[OptionalInstant]
    held_why: Mapped[str | None] = mapped_column(String(64))


class BadgeKey(Base):
    """The id of a site's badge key; the key itself is a file of mode 0600 in the data directory."""

    __tablename__ = "badge_key"

    id: Mapped[Code] = mapped_column(primary_key=True)
    site_id: Mapped[Id] = mapped_column(ForeignKey("site.id"), index=True)
    made_at: Mapped[Instant]


class IssuedList(Base):
    """Every version ever issued to a bank; the bytes of the older ones are dropped, version and hash stay."""

    __tablename__ = "issued_list"

    bank_id: Mapped[str] = mapped_column(ForeignKey("bank.id"), primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hash: Mapped[str] = mapped_column(String(64))
    issued_at: Mapped[Instant]
    lease_until: Mapped[Instant]
    content: Mapped[str] = mapped_column(String(64))
    envelope: Mapped[bytes | None]


class CommandRecord(Base):
    """One order to one bank and how far it got; `replaced_by` if it was issued again for a newer beat."""

    __tablename__ = "command"
    __table_args__ = (
        Index("ix_command_bank_id_requested_at", "bank_id", "requested_at"),
        Index("ix_command_requested_at", "requested_at"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    bank_id: Mapped[str] = mapped_column(ForeignKey("bank.id"))
    kind: Mapped[Code]
    args: Mapped[dict[str, Any]] = mapped_column(JSON)
    locker: Mapped[int | None]
    requested_by: Mapped[str] = mapped_column(String(64))
    reason: Mapped[Code]
    requested_at: Mapped[Instant]
    attempt: Mapped[int] = mapped_column(default=1)
    state: Mapped[Code]
    why: Mapped[str | None] = mapped_column(String(64))
    digest: Mapped[str | None] = mapped_column(String(32))
    key_id: Mapped[str | None] = mapped_column(String(64))
    replaced_by: Mapped[str | None] = mapped_column(String(36))

    steps: Mapped[list["CommandStep"]] = relationship(lazy="selectin", order_by="CommandStep.number")


class CommandStep(Base):
    """One step of a command's life, as the bank replied it (`at`) and as it arrived (`received_at`)."""

    __tablename__ = "command_step"

    command_id: Mapped[str] = mapped_column(ForeignKey("command.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[Code]
    why: Mapped[str | None] = mapped_column(String(64))
    at: Mapped[Instant]
    received_at: Mapped[Instant]


class ReportedPart(Base):
    """A part of the list in force that a held bank sent back on `send_access`."""

    __tablename__ = "reported_part"

    bank_id: Mapped[str] = mapped_column(ForeignKey("bank.id"), primary_key=True)
    command_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True)
    parts: Mapped[int]
    data: Mapped[bytes]
    received_at: Mapped[Instant]


class CarriedRevocation(Base):
    """A revocation learnt from a bank's own list while reconciling: it goes on being listed."""

    __tablename__ = "carried_revocation"

    bank_id: Mapped[str] = mapped_column(ForeignKey("bank.id"), primary_key=True)
    grant_id: Mapped[str] = mapped_column(String(256), primary_key=True)
    digest: Mapped[str] = mapped_column(String(32))
    why: Mapped[str] = mapped_column(String(64))
    until_at: Mapped[Instant]
