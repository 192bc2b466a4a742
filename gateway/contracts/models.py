"""Contracts, the lockers they hold and their suspensions. A contract's state is derived, never stored."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gateway.db import Base, Code, Id, Instant, OptionalInstant
from gateway.lockers.models import Locker
from gateway.people.models import Person
from gateway.schemes.terms import Terms, TermsColumn


class Contract(Base):
    """A dated agreement: in force in [from_at, until_at), then time to collect until `collect_until`.

    `from_at` and `until_at` are `starts_on` and the day after `ends_on` in the site's zone, until someone ends it
    early (`ended_at`). Unsigned, it is a draft. `terms` are those of its scheme on the day it was made.
    """

    __tablename__ = "contract"
    __table_args__ = (
        CheckConstraint("from_at <= until_at", name="starts_before_it_ends"),
        CheckConstraint("until_at <= collect_until", name="collects_after_it_ends"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"), index=True)
    scheme_id: Mapped[Id] = mapped_column(ForeignKey("scheme.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    terms: Mapped[Terms] = mapped_column(TermsColumn)
    from_at: Mapped[Instant]
    until_at: Mapped[Instant]
    collect_until: Mapped[Instant]
    created_at: Mapped[Instant]
    signed_at: Mapped[OptionalInstant]
    ended_at: Mapped[OptionalInstant]
    end_reason: Mapped[str | None] = mapped_column(String(64))
    next_id: Mapped[str | None] = mapped_column(ForeignKey("contract.id"))

    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)
    holdings: Mapped[list["Holding"]] = relationship(lazy="selectin", order_by="Holding.from_at")
    suspensions: Mapped[list["Suspension"]] = relationship(lazy="selectin", order_by="Suspension.from_at")


class Holding(Base):
    """A locker taken by a contract in [from_at, until_at), the time to collect included.

    Two holdings of one locker never overlap: the database refuses it (a trigger on SQLite, an exclusion constraint
    on PostgreSQL; see the first migration).
    """

    __tablename__ = "holding"
    __table_args__ = (
        CheckConstraint("from_at <= until_at", name="begins_before_it_ends"),
        Index("ix_holding_locker_id_from_at", "locker_id", "from_at"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    contract_id: Mapped[Id] = mapped_column(ForeignKey("contract.id"), index=True)
    locker_id: Mapped[Id] = mapped_column(ForeignKey("locker.id"))
    from_at: Mapped[Instant]
    until_at: Mapped[Instant]

    locker: Mapped[Locker] = relationship(lazy="joined", innerjoin=True)


class Suspension(Base):
    """A person's decision, with its reason and its end; `lifted_at` if another decision ended it sooner."""

    __tablename__ = "suspension"
    __table_args__ = (CheckConstraint("from_at <= until_at", name="begins_before_it_ends"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    contract_id: Mapped[Id] = mapped_column(ForeignKey("contract.id"), index=True)
    from_at: Mapped[Instant]
    until_at: Mapped[Instant]
    review_on: Mapped[date]
    reason: Mapped[Code]
    decided_by: Mapped[Id]
    lifted_at: Mapped[OptionalInstant]
