"""Luggage that came in and went out, shifts at the desk, and services used."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gateway.db import Base, Code, Id, Instant, OptionalInstant
from gateway.lockers.models import Site
from gateway.privacy.fields import EncryptedText

_OPEN = text("closed_at IS NULL")


class DeskShift(Base):
    """One member of staff at the desk of a site, from opening to closing; one open shift each.

    `counted_cents`: the cash in the box at the end, as counted; what ought to be in it follows from the receipts.
    """

    __tablename__ = "desk_shift"
    __table_args__ = (
        Index("uq_desk_shift_one_each", "staff_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        CheckConstraint("closed_at IS NULL OR opened_at <= closed_at", name="opens_before_it_closes"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    site_id: Mapped[Id] = mapped_column(ForeignKey("site.id"), index=True)
    staff_id: Mapped[Id] = mapped_column(ForeignKey("staff.id"))
    opened_at: Mapped[Instant]
    closed_at: Mapped[OptionalInstant]
    float_cents: Mapped[int] = mapped_column(default=0)
    counted_cents: Mapped[int | None]
    note: Mapped[str | None] = mapped_column(EncryptedText("desk_shift.note"))

    site: Mapped[Site] = relationship(lazy="joined", innerjoin=True)


class Luggage(Base):
    """One thing a person left under a contract, until it goes out again."""

    __tablename__ = "luggage"
    __table_args__ = (
        CheckConstraint("quantity >= 1", name="at_least_one"),
        CheckConstraint("out_at IS NULL OR in_at <= out_at", name="comes_before_it_goes"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    contract_id: Mapped[Id] = mapped_column(ForeignKey("contract.id"), index=True)
    kind: Mapped[Code]
    quantity: Mapped[int] = mapped_column(default=1)
    description: Mapped[str | None] = mapped_column(EncryptedText("luggage.description"))
    in_at: Mapped[Instant]
    in_by: Mapped[Code]
    in_shift_id: Mapped[str | None] = mapped_column(ForeignKey("desk_shift.id"), index=True)
    out_at: Mapped[OptionalInstant]
    out_by: Mapped[str | None] = mapped_column(String(64))
    out_shift_id: Mapped[str | None] = mapped_column(ForeignKey("desk_shift.id"), index=True)


class ServiceUse(Base):
    """A service used `count` times, by someone or by nobody in particular; `undone_at`: it was a slip of the hand."""

    __tablename__ = "service_use"
    __table_args__ = (
        Index("ix_service_use_site_id_at", "site_id", "at"),
        CheckConstraint("count >= 1", name="at_least_once"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    site_id: Mapped[Id] = mapped_column(ForeignKey("site.id"))
    shift_id: Mapped[str | None] = mapped_column(ForeignKey("desk_shift.id"), index=True)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"), index=True)
    service: Mapped[Code]
    count: Mapped[int] = mapped_column(default=1)
    at: Mapped[Instant]
    by: Mapped[Code]
    undone_at: Mapped[OptionalInstant]
