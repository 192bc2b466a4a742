"""Contracts: lockers held, people, suspensions, what was decided. A contract's state is derived, never stored."""

from datetime import date
from typing import Annotated

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gateway.db import Base, Code, Id, Instant, OptionalInstant
from gateway.lockers.models import Locker
from gateway.people.models import Person
from gateway.privacy.fields import EncryptedText
from gateway.schemes.terms import Terms, TermsColumn

OptionalCode = Annotated[str | None, mapped_column(String(64))]
_STAYS, _AWAY, _HOLDS = text("until_at IS NULL"), text("ended_at IS NULL"), text("withdrawn_at IS NULL")


class Contract(Base):
    """A dated agreement: in force in [from_at, until_at), then time to collect until `collect_until`.

    `from_at` and `until_at` are `starts_on` and the day after `ends_on` in the site's zone, until someone ends it
    early (`ended_at`). Unsigned, it is a draft. `terms` are those of its scheme on the day it was made.

    `person_id` is the file it is found under; who may open is in `parties`. `version` counts what was decided.
    `grace_stopped_at`: someone is absent, so the time to collect has no end until a person decides. `frozen_at`: its
    holder has died; no badge opens, and what is inside is kept for those entitled. `end_decided_by`, `destination`,
    `stability` and `end_reasons` say how it ended (codes.py); they may be filled in later. `how_before_death`: what
    they said of a planned end when a death was recorded, which may be a mistake. `collect_days`: granted by whoever
    ended it.
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
    collect_days: Mapped[int | None]
    end_decided_by: Mapped[OptionalCode]
    destination: Mapped[OptionalCode]
    stability: Mapped[OptionalCode]
    end_note: Mapped[str | None] = mapped_column(EncryptedText("contract.end_note"))
    how_before_death: Mapped[str | None] = mapped_column(EncryptedText("contract.how_before_death"))
    grace_stopped_at: Mapped[OptionalInstant]
    frozen_at: Mapped[OptionalInstant]
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    next_id: Mapped[str | None] = mapped_column(ForeignKey("contract.id"))

    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)
    # Each decision needs these two; the others are asked for by whoever reads them (repository.WHOLE).
    holdings: Mapped[list["Holding"]] = relationship(lazy="selectin", order_by="Holding.from_at")
    suspensions: Mapped[list["Suspension"]] = relationship(lazy="selectin", order_by="Suspension.from_at")
    parties: Mapped[list["Party"]] = relationship(order_by="Party.id")
    trusted: Mapped[list["TrustedPerson"]] = relationship(order_by="TrustedPerson.id")
    notices: Mapped[list["Notice"]] = relationship(order_by="Notice.id")
    end_reasons: Mapped[list["EndReason"]] = relationship(order_by="EndReason.reason", cascade="all, delete-orphan")


class Holding(Base):
    """A locker taken by a contract in [from_at, until_at), the time to collect included.

    Two holdings of one locker never overlap: the database refuses it (a trigger on SQLite, an exclusion constraint
    on PostgreSQL; see the first migration). `waits_since`: the contract was planned while the locker was someone
    else's or not ready, and no badge of it opens before someone has looked (custody/readiness.py); who was let in never
    waits again.
    """

    __tablename__ = "holding"
    __table_args__ = (
        CheckConstraint("from_at <= until_at", name="begins_before_it_ends"),
        Index("ix_holding_locker_id_from_at", "locker_id", "from_at"),
        Index("ix_holding_locker_id_until_at", "locker_id", "until_at"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    contract_id: Mapped[Id] = mapped_column(ForeignKey("contract.id"), index=True)
    locker_id: Mapped[Id] = mapped_column(ForeignKey("locker.id"))
    from_at: Mapped[Instant]
    until_at: Mapped[Instant]
    waits_since: Mapped[OptionalInstant]

    locker: Mapped[Locker] = relationship(lazy="joined", innerjoin=True)


class Suspension(Base):
    """A person's decision, with its reason and its end; `lifted_at` if another decision ended it sooner.

    `fetch` says how belongings, papers and medicine are got at within 24 hours meanwhile (codes.py, `Fetch`).
    """

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
    fetch: Mapped[Code] = mapped_column(default="desk", server_default="desk")
    fetch_note: Mapped[str | None] = mapped_column(EncryptedText("suspension.fetch_note"))


class Party(Base):
    """Someone on a contract in [from_at, until_at), without an end until they part; two at a time at most."""

    __tablename__ = "party"
    __table_args__ = (
        CheckConstraint("place IN (1, 2)", name="two_at_most"),
        CheckConstraint("until_at IS NULL OR from_at <= until_at", name="joins_before_parting"),
        Index("uq_party_place", "contract_id", "place", unique=True, sqlite_where=_STAYS, postgresql_where=_STAYS),
        Index("uq_party_once", "contract_id", "person_id", unique=True, sqlite_where=_STAYS, postgresql_where=_STAYS),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    contract_id: Mapped[Id] = mapped_column(ForeignKey("contract.id"), index=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"), index=True)
    place: Mapped[int]
    from_at: Mapped[Instant]
    until_at: Mapped[OptionalInstant]

    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)


class TrustedPerson(Base):
    """Someone whom `person_id`, of the contract, trusts with the locker from `from_on` to `until_on`; badges name them.

    In force in [from_at, until_at); `ended_at` if it was taken back sooner.
    """

    __tablename__ = "trusted_person"
    __table_args__ = (CheckConstraint("from_at <= until_at", name="begins_before_it_ends"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    contract_id: Mapped[Id] = mapped_column(ForeignKey("contract.id"), index=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"), index=True)
    name: Mapped[str] = mapped_column(EncryptedText("trusted_person.name"))
    from_on: Mapped[date]
    until_on: Mapped[date]
    from_at: Mapped[Instant]
    until_at: Mapped[Instant]
    added_by: Mapped[Code]
    added_at: Mapped[Instant]
    ended_at: Mapped[OptionalInstant]
    ended_by: Mapped[OptionalCode]


class Notice(Base):
    """A message that waits for someone: the door opens and the light says so, until a worker has told them.

    For one of the contract's people (`person_id`) or, without it, for all of them.
    """

    __tablename__ = "notice"

    id: Mapped[Id] = mapped_column(primary_key=True)
    contract_id: Mapped[Id] = mapped_column(ForeignKey("contract.id"), index=True)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"), index=True)
    why: Mapped[Code]
    text: Mapped[str | None] = mapped_column(EncryptedText("notice.text"))
    left_by: Mapped[Code]
    left_at: Mapped[Instant]
    given_by: Mapped[OptionalCode]
    given_at: Mapped[OptionalInstant]


class EndReason(Base):
    """One of the reasons for which a contract ended."""

    __tablename__ = "end_reason"

    contract_id: Mapped[Id] = mapped_column(ForeignKey("contract.id"), primary_key=True)
    reason: Mapped[Code] = mapped_column(primary_key=True)


class Transition(Base):
    """One decision about a contract: who, what, when, why, and the states before and after; `number` has no holes."""

    __tablename__ = "transition"
    __table_args__ = (UniqueConstraint("contract_id", "number"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    contract_id: Mapped[Id] = mapped_column(ForeignKey("contract.id"))
    number: Mapped[int]
    at: Mapped[Instant]
    author: Mapped[Code]
    action: Mapped[Code]
    from_state: Mapped[OptionalCode]
    to_state: Mapped[Code]
    reason: Mapped[OptionalCode]
    note: Mapped[str | None] = mapped_column(EncryptedText("transition.note"))


class Absence(Base):
    """A person is away (hospital, prison, family): reviews, grace and disposal wait until someone decides.

    `expected_on`: the day they may be back; nothing happens by itself on it. One at a time.
    """

    __tablename__ = "absence"
    __table_args__ = (Index("uq_absence_open", "person_id", unique=True, sqlite_where=_AWAY, postgresql_where=_AWAY),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[Code]
    from_on: Mapped[date]
    expected_on: Mapped[date | None]
    note: Mapped[str | None] = mapped_column(EncryptedText("absence.note"))
    recorded_by: Mapped[Code]
    recorded_at: Mapped[Instant]
    ended_by: Mapped[OptionalCode]
    ended_at: Mapped[OptionalInstant]


class Death(Base):
    """A person's death as reported to staff; `withdrawn_at` if it was a mistake. One at a time."""

    __tablename__ = "death"
    __table_args__ = (Index("uq_death_known", "person_id", unique=True, sqlite_where=_HOLDS, postgresql_where=_HOLDS),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"), index=True)
    died_on: Mapped[date | None]
    note: Mapped[str | None] = mapped_column(EncryptedText("death.note"))
    recorded_by: Mapped[Code]
    recorded_at: Mapped[Instant]
    withdrawn_by: Mapped[OptionalCode]
    withdrawn_at: Mapped[OptionalInstant]
