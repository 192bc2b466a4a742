"""Incidents with those concerned, exclusions and appeals, hazards, and uses of the override key."""

from datetime import date
from typing import Annotated

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gateway.db import Base, Code, Id, Instant, OptionalInstant
from gateway.lockers.models import Locker, Site
from gateway.privacy.fields import EncryptedText

OptionalId = Annotated[str | None, mapped_column(String(36))]
OptionalCode = Annotated[str | None, mapped_column(String(64))]
_OPEN, _UNDECIDED = text("closed_at IS NULL"), text("decided_at IS NULL")


class Incident(Base):
    """Something that happened at a site, at a locker of it or not; whom it concerned stands in `concerned`.

    `note` says what happened without names: what is said of one person is in their own row.
    """

    __tablename__ = "incident"
    __table_args__ = (CheckConstraint("(closed_at IS NULL) = (outcome IS NULL)", name="closed_with_an_outcome"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    site_id: Mapped[Id] = mapped_column(ForeignKey("site.id"), index=True)
    locker_id: Mapped[OptionalId] = mapped_column(ForeignKey("locker.id"))
    kind: Mapped[Code]
    at: Mapped[Instant]
    note: Mapped[str | None] = mapped_column(EncryptedText("incident.note"))
    recorded_by: Mapped[Code]
    recorded_at: Mapped[Instant]
    outcome: Mapped[OptionalCode]
    closed_by: Mapped[OptionalCode]
    closed_at: Mapped[OptionalInstant]

    concerned: Mapped[list["IncidentPerson"]] = relationship(lazy="selectin", order_by="IncidentPerson.person_id")


class IncidentPerson(Base):
    """How one person was concerned by an incident (`part`: codes.py), and what is said of them alone."""

    __tablename__ = "incident_person"

    incident_id: Mapped[Id] = mapped_column(ForeignKey("incident.id"), primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
    part: Mapped[Code]
    note: Mapped[str | None] = mapped_column(EncryptedText("incident_person.note"))


class Exclusion(Base):
    """A person's decision that someone stays away from one site on the days `from_on` to `until_on`.

    In force in [from_at, until_at); `lifted_at` if it was ended sooner. It changes no contract and locks no door.
    `warns_elsewhere`: safety requires that other sites see that it exists, its dates and whom to ask; never why.
    Two of one person at one site never overlap: the database refuses it (migration 0012).
    """

    __tablename__ = "exclusion"
    __table_args__ = (
        CheckConstraint("from_at <= until_at", name="begins_before_it_ends"),
        Index("ix_exclusion_person_id_site_id", "person_id", "site_id"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"))
    site_id: Mapped[Id] = mapped_column(ForeignKey("site.id"), index=True)
    incident_id: Mapped[OptionalId] = mapped_column(ForeignKey("incident.id"))
    from_on: Mapped[date]
    until_on: Mapped[date]
    from_at: Mapped[Instant]
    until_at: Mapped[Instant]
    reason: Mapped[Code]
    note: Mapped[str | None] = mapped_column(EncryptedText("exclusion.note"))
    warns_elsewhere: Mapped[bool] = mapped_column(default=False, server_default=false())
    decided_by: Mapped[Code]
    decided_at: Mapped[Instant]
    lifted_by: Mapped[OptionalCode]
    lifted_at: Mapped[OptionalInstant]

    site: Mapped[Site] = relationship(lazy="joined", innerjoin=True)
    appeals: Mapped[list["Appeal"]] = relationship(lazy="selectin", order_by="Appeal.id")


class Appeal(Base):
    """Someone asks that an exclusion be looked at again; one waits at a time."""

    __tablename__ = "appeal"
    __table_args__ = (
        CheckConstraint("(decided_at IS NULL) = (outcome IS NULL)", name="decided_with_an_outcome"),
        Index("uq_appeal_waiting", "exclusion_id", unique=True, sqlite_where=_UNDECIDED, postgresql_where=_UNDECIDED),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    exclusion_id: Mapped[Id] = mapped_column(ForeignKey("exclusion.id"), index=True)
    made_by: Mapped[Code]
    note: Mapped[str | None] = mapped_column(EncryptedText("appeal.note"))
    recorded_by: Mapped[Code]
    recorded_at: Mapped[Instant]
    outcome: Mapped[OptionalCode]
    decision_note: Mapped[str | None] = mapped_column(EncryptedText("appeal.decision_note"))
    decided_by: Mapped[OptionalCode]
    decided_at: Mapped[OptionalInstant]


class Hazard(Base):
    """Something wet, perishable, dangerous or living in a locker: inspected with a witness, then told in writing.

    `contract_id`: whose locker it was. `notice` is the text left for them. One is open at a locker at a time, and
    none is closed that was not inspected; the database refuses it.
    """

    __tablename__ = "hazard"
    __table_args__ = (
        CheckConstraint("(inspected_at IS NULL) = (witness_kind IS NULL)", name="inspected_with_a_witness"),
        CheckConstraint("closed_at IS NULL OR inspected_at IS NOT NULL", name="inspected_before_closed"),
        CheckConstraint("closed_at IS NULL OR contract_id IS NULL OR notice_at IS NOT NULL", name="told_before_closed"),
        Index("uq_hazard_open", "locker_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    locker_id: Mapped[Id] = mapped_column(ForeignKey("locker.id"), index=True)
    contract_id: Mapped[OptionalId] = mapped_column(ForeignKey("contract.id"), index=True)
    kind: Mapped[Code]
    note: Mapped[str | None] = mapped_column(EncryptedText("hazard.note"))
    reported_by: Mapped[Code]
    reported_at: Mapped[Instant]
    witness_kind: Mapped[OptionalCode]
    witness: Mapped[str | None] = mapped_column(EncryptedText("hazard.witness"))
    found: Mapped[OptionalCode]
    action: Mapped[OptionalCode]
    found_note: Mapped[str | None] = mapped_column(EncryptedText("hazard.found_note"))
    inspected_by: Mapped[OptionalCode]
    inspected_at: Mapped[OptionalInstant]
    notice: Mapped[str | None] = mapped_column(EncryptedText("hazard.notice"))
    notice_by: Mapped[OptionalCode]
    notice_at: Mapped[OptionalInstant]
    closed_by: Mapped[OptionalCode]
    closed_at: Mapped[OptionalInstant]

    locker: Mapped[Locker] = relationship(lazy="joined", innerjoin=True)


class OverrideUse(Base):
    """Staff say that they used the mechanical override key of a locker in [from_at, until_at].

    It explains the entries `door_forced` of that locker in that time, also those that arrive later; they stay.
    """

    __tablename__ = "override_use"
    __table_args__ = (
        CheckConstraint("from_at <= until_at", name="begins_before_it_ends"),
        CheckConstraint("until_at <= declared_at", name="declared_afterwards"),
        Index("ix_override_use_locker_id_from_at", "locker_id", "from_at"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    locker_id: Mapped[Id] = mapped_column(ForeignKey("locker.id"))
    from_at: Mapped[Instant]
    until_at: Mapped[Instant]
    reason: Mapped[Code]
    witness_kind: Mapped[OptionalCode]
    note: Mapped[str | None] = mapped_column(EncryptedText("override_use.note"))
    declared_by: Mapped[Code]
    declared_at: Mapped[Instant]

    locker: Mapped[Locker] = relationship(lazy="joined", innerjoin=True)
