"""How people come in: partners and referrals, the waiting list with its offers, and decisions on eligibility."""

from datetime import date
from typing import Annotated

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gateway.db import Base, Code, Id, Instant, OptionalInstant
from gateway.privacy.fields import EncryptedText

OptionalCode = Annotated[str | None, mapped_column(String(64))]
_OPEN = text("closed_at IS NULL")
_CLOSED_BY = "(closed_at IS NULL) = (closed_by IS NULL)"


class Partner(Base):
    """Another body that sends people or takes them on, with someone to talk to there."""

    __tablename__ = "partner"
    __table_args__ = (Index("uq_partner_name", "organisation_id", "name", unique=True),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    organisation_id: Mapped[Id] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[Code]
    contact_name: Mapped[str | None] = mapped_column(EncryptedText("partner.contact_name"))
    reach: Mapped[str | None] = mapped_column(EncryptedText("partner.reach"))
    added_at: Mapped[Instant]
    closed_at: Mapped[OptionalInstant]


class Referral(Base):
    """A partner sent someone to us, or we sent them to a partner, and what became of it."""

    __tablename__ = "referral"

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"), index=True)
    partner_id: Mapped[Id] = mapped_column(ForeignKey("partner.id"), index=True)
    direction: Mapped[Code]
    topic: Mapped[Code]
    contact_name: Mapped[str | None] = mapped_column(EncryptedText("referral.contact_name"))
    note: Mapped[str | None] = mapped_column(EncryptedText("referral.note"))
    at: Mapped[Instant]
    recorded_by: Mapped[Code]
    recorded_at: Mapped[Instant]
    result: Mapped[Code]
    result_at: Mapped[OptionalInstant]
    result_by: Mapped[OptionalCode]

    partner: Mapped[Partner] = relationship(lazy="joined", innerjoin=True)


class WaitingEntry(Base):
    """Someone waits for a place in a scheme from `since` on, until a worker closes the entry; once per scheme."""

    __tablename__ = "waiting_entry"
    __table_args__ = (
        CheckConstraint(_CLOSED_BY, name="closed_by_someone"),
        Index(
            "uq_waiting_entry_once",
            "person_id",
            "scheme_id",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index("ix_waiting_entry_scheme_id_since", "scheme_id", "since"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"), index=True)
    scheme_id: Mapped[Id] = mapped_column(ForeignKey("scheme.id"))
    site_id: Mapped[str | None] = mapped_column(ForeignKey("site.id"))
    referral_id: Mapped[str | None] = mapped_column(ForeignKey("referral.id"))
    source: Mapped[Code]
    since: Mapped[Instant]
    reach: Mapped[str | None] = mapped_column(EncryptedText("waiting_entry.reach"))
    note: Mapped[str | None] = mapped_column(EncryptedText("waiting_entry.note"))
    added_by: Mapped[Code]
    added_at: Mapped[Instant]
    closed_at: Mapped[OptionalInstant]
    closed_by: Mapped[OptionalCode]
    left_why: Mapped[OptionalCode]
    contract_id: Mapped[str | None] = mapped_column(ForeignKey("contract.id"))

    offers: Mapped[list["Offer"]] = relationship(lazy="selectin", order_by="Offer.made_at")


class Offer(Base):
    """A place offered to someone who waits. `answer_by` is a day to look again: only a worker closes an offer."""

    __tablename__ = "offer"
    __table_args__ = (
        CheckConstraint(_CLOSED_BY, name="closed_by_someone"),
        CheckConstraint("(closed_at IS NULL) = (outcome IS NULL)", name="closed_with_an_outcome"),
        Index("uq_offer_one_open", "entry_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("uq_offer_locker", "locker_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    entry_id: Mapped[Id] = mapped_column(ForeignKey("waiting_entry.id"), index=True)
    locker_id: Mapped[str | None] = mapped_column(ForeignKey("locker.id"))
    made_at: Mapped[Instant]
    made_by: Mapped[Code]
    answer_by: Mapped[date | None]
    closed_at: Mapped[OptionalInstant]
    closed_by: Mapped[OptionalCode]
    outcome: Mapped[OptionalCode]

    attempts: Mapped[list["Attempt"]] = relationship(lazy="selectin", order_by="Attempt.at")


class Attempt(Base):
    """One try to reach the person an offer is for."""

    __tablename__ = "offer_attempt"

    id: Mapped[Id] = mapped_column(primary_key=True)
    offer_id: Mapped[Id] = mapped_column(ForeignKey("offer.id"), index=True)
    at: Mapped[Instant]
    kind: Mapped[Code]
    result: Mapped[Code]
    note: Mapped[str | None] = mapped_column(EncryptedText("offer_attempt.note"))
    recorded_by: Mapped[Code]
    recorded_at: Mapped[Instant]


class Eligibility(Base):
    """A worker's decision whether someone may enter a scheme; what was found on each condition is in `findings`."""

    __tablename__ = "eligibility"
    __table_args__ = (Index("ix_eligibility_person_id_scheme_id", "person_id", "scheme_id"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"))
    scheme_id: Mapped[Id] = mapped_column(ForeignKey("scheme.id"))
    eligible: Mapped[bool]
    note: Mapped[str | None] = mapped_column(EncryptedText("eligibility.note"))
    decided_at: Mapped[Instant]
    decided_by: Mapped[Code]

    findings: Mapped[list["ConditionFinding"]] = relationship(lazy="selectin", order_by="ConditionFinding.condition")


class ConditionFinding(Base):
    """One condition of the scheme as found then; `exception` is the scheme's code of why someone goes without."""

    __tablename__ = "condition_finding"
    __table_args__ = (
        CheckConstraint("(finding = 'exception') = (exception IS NOT NULL)", name="an_exception_has_its_code"),
    )

    eligibility_id: Mapped[Id] = mapped_column(ForeignKey("eligibility.id"), primary_key=True)
    condition: Mapped[Code] = mapped_column(primary_key=True)
    finding: Mapped[Code]
    exception: Mapped[OptionalCode]
