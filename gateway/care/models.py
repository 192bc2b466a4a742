"""Care of one person: who looks after them, how often, contacts, steps, wishes, support, snapshots and reviews.

Instants say when something was so; `recorded_at` when it was written down. Notes are sealed. What was written by
mistake is withdrawn, not deleted, and counts nowhere.
"""

from datetime import date
from typing import Annotated

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.care.codes import Certainty
from gateway.db import Base, Code, Id, Instant, OptionalInstant
from gateway.privacy.fields import EncryptedText

OptionalCode = Annotated[str | None, mapped_column(String(64))]
PersonId = Annotated[str, mapped_column(ForeignKey("person.id"), index=True)]


def _one_open(name: str, column: str, closed: str) -> Index:
    still = text(f"{closed} IS NULL")
    return Index(name, column, unique=True, sqlite_where=still, postgresql_where=still)


class NamedWorker(Base):
    """The member of staff who looks after a person from `from_at` on; one at a time."""

    __tablename__ = "named_worker"
    __table_args__ = (
        CheckConstraint("until_at IS NULL OR from_at <= until_at", name="begins_before_it_ends"),
        _one_open("uq_named_worker_one_at_a_time", "person_id", "until_at"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[PersonId]
    staff_id: Mapped[Id] = mapped_column(ForeignKey("staff.id"), index=True)
    from_at: Mapped[Instant]
    until_at: Mapped[OptionalInstant]
    named_by: Mapped[Code]


class Cadence(Base):
    """How often this person is to be seen, instead of what their scheme says; `days` None: no cadence at all."""

    __tablename__ = "cadence"
    __table_args__ = (
        CheckConstraint("days IS NULL OR days >= 1", name="at_least_a_day"),
        CheckConstraint("until_at IS NULL OR from_at <= until_at", name="begins_before_it_ends"),
        _one_open("uq_cadence_one_at_a_time", "person_id", "until_at"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[PersonId]
    days: Mapped[int | None]
    note: Mapped[str | None] = mapped_column(EncryptedText("cadence.note"))
    from_at: Mapped[Instant]
    until_at: Mapped[OptionalInstant]
    set_by: Mapped[Code]


class Contact(Base):
    """A meeting or exchange between a person and a member of staff, at `at`."""

    __tablename__ = "contact"
    __table_args__ = (Index("ix_contact_person_id_at", "person_id", "at"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"))
    at: Mapped[Instant]
    kind: Mapped[Code]
    place: Mapped[Code]
    note: Mapped[str | None] = mapped_column(EncryptedText("contact.note"))
    recorded_by: Mapped[Code]
    recorded_at: Mapped[Instant]
    withdrawn_at: Mapped[OptionalInstant]
    withdrawn_by: Mapped[OptionalCode]


class Step(Base):
    """A step agreed with a person; under way until its result is known at `closed_at`."""

    __tablename__ = "step"
    __table_args__ = (CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name="closed_by_someone"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[PersonId]
    topic: Mapped[Code]
    what: Mapped[str | None] = mapped_column(EncryptedText("step.what"))
    agreed_at: Mapped[Instant]
    agreed_by: Mapped[Code]
    due_on: Mapped[date | None]
    result: Mapped[Code]
    note: Mapped[str | None] = mapped_column(EncryptedText("step.note"))
    closed_at: Mapped[OptionalInstant]
    closed_by: Mapped[OptionalCode]


class Wish(Base):
    """What a person wants, or refuses; holds until `ended_at`."""

    __tablename__ = "wish"

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[PersonId]
    kind: Mapped[Code]
    topic: Mapped[Code]
    note: Mapped[str | None] = mapped_column(EncryptedText("wish.note"))
    said_at: Mapped[Instant]
    recorded_by: Mapped[Code]
    recorded_at: Mapped[Instant]
    ended_at: Mapped[OptionalInstant]
    ended_by: Mapped[OptionalCode]


class SupportAct(Base):
    """One act of support, at `at`; reports count the distinct people, not the acts."""

    __tablename__ = "support_act"
    __table_args__ = (Index("ix_support_act_person_id_at", "person_id", "at"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"))
    contract_id: Mapped[str | None] = mapped_column(ForeignKey("contract.id"), index=True)
    partner_id: Mapped[str | None] = mapped_column(ForeignKey("partner.id"), index=True)
    kind: Mapped[Code]
    at: Mapped[Instant]
    certainty: Mapped[Code] = mapped_column(default=Certainty.STATED.value, server_default="stated")
    note: Mapped[str | None] = mapped_column(EncryptedText("support_act.note"))
    recorded_by: Mapped[Code]
    recorded_at: Mapped[Instant]
    withdrawn_at: Mapped[OptionalInstant]
    withdrawn_by: Mapped[OptionalCode]


class Snapshot(Base):
    """How things stood with a person when a contract began (`entry`) or was over (`exit`): codes only, all optional.

    None: not asked. `unknown`: asked, and not known.
    """

    __tablename__ = "snapshot"
    __table_args__ = (
        Index("uq_snapshot_contract", "contract_id", "person_id", "moment", unique=True),
        Index(
            "uq_snapshot_without_contract",
            "person_id",
            "moment",
            unique=True,
            sqlite_where=text("contract_id IS NULL"),
            postgresql_where=text("contract_id IS NULL"),
        ),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[PersonId]
    contract_id: Mapped[str | None] = mapped_column(ForeignKey("contract.id"))
    moment: Mapped[Code]
    at: Mapped[Instant]
    identity_papers: Mapped[OptionalCode]
    residence: Mapped[OptionalCode]
    health_cover: Mapped[OptionalCode]
    income: Mapped[OptionalCode]
    work: Mapped[OptionalCode]
    address: Mapped[OptionalCode]
    street_time: Mapped[OptionalCode]
    certainty: Mapped[Code] = mapped_column(default=Certainty.STATED.value, server_default="stated")
    recorded_by: Mapped[Code]
    recorded_at: Mapped[Instant]


class Review(Base):
    """A look at a person's situation, and what people decided; open until then. It changes no contract by itself.

    `since`: when it became due. `opened_by` is None where the missed contacts speak for themselves.
    """

    __tablename__ = "review"
    __table_args__ = (
        CheckConstraint("(decided_at IS NULL) = (decided_by IS NULL)", name="decided_by_someone"),
        CheckConstraint("(decided_at IS NULL) = (decision IS NULL)", name="decided_something"),
        _one_open("uq_review_one_open", "person_id", "decided_at"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[PersonId]
    contract_id: Mapped[str | None] = mapped_column(ForeignKey("contract.id"), index=True)
    why: Mapped[Code]
    missed: Mapped[int] = mapped_column(default=0)
    since: Mapped[Instant]
    opened_by: Mapped[OptionalCode]
    decision: Mapped[OptionalCode]
    note: Mapped[str | None] = mapped_column(EncryptedText("review.note"))
    next_on: Mapped[date | None]
    decided_at: Mapped[OptionalInstant]
    decided_by: Mapped[OptionalCode]
