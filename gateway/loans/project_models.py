"""Tables of what tools are lent for: projects with their conditions, and actions that people do together."""

from datetime import date
from typing import Annotated

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gateway.db import Base, Code, Id, Instant, OptionalInstant
from gateway.loans.models import Membership
from gateway.lockers.models import Site
from gateway.privacy.fields import EncryptedText

OptionalCode = Annotated[str | None, mapped_column(String(64))]


class Project(Base):
    """A member's work on their home. `surface_dm2` in square decimetres (100 a m2), `cost_cents` in cents of euros.

    `asked_on` begins the process, `finished_on` ends it; support may go on until `support_ended_on`.
    `ends_on` is the last of the work site's open days.
    """

    __tablename__ = "project"
    __table_args__ = (
        CheckConstraint("surface_dm2 > 0", name="has_a_surface"),
        CheckConstraint("cost_cents >= 0", name="costs_nothing_or_more"),
        CheckConstraint("finished_on IS NULL OR started_on IS NOT NULL", name="started_before_finished"),
        CheckConstraint("finished_on >= started_on", name="finished_after_started"),
        CheckConstraint("finished_on IS NULL OR cancelled_at IS NULL", name="finished_or_cancelled"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    membership_id: Mapped[Id] = mapped_column(ForeignKey("membership.id"), index=True)
    kind: Mapped[Code]
    title: Mapped[str] = mapped_column(EncryptedText("project.title"))
    surface_dm2: Mapped[int | None]
    cost_cents: Mapped[int | None]
    asked_on: Mapped[date]
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    started_on: Mapped[date | None]
    finished_on: Mapped[date | None]
    support_ended_on: Mapped[date | None]
    cancelled_at: Mapped[OptionalInstant]
    cancelled_why: Mapped[OptionalCode]
    added_by: Mapped[Code]
    added_at: Mapped[Instant]

    membership: Mapped[Membership] = relationship(lazy="joined", innerjoin=True)
    decisions: Mapped[list["ConditionDecision"]] = relationship(lazy="selectin", order_by="ConditionDecision.id")


class ConditionDecision(Base):
    """What a worker decided about one condition of the terms, for one project or (without one) for the membership.

    Earlier ones stay; the newest counts. `exception` says why the person goes without it.
    """

    __tablename__ = "condition_decision"
    __table_args__ = (
        CheckConstraint("(outcome = 'excepted') = (exception IS NOT NULL)", name="an_exception_has_its_reason"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    membership_id: Mapped[Id] = mapped_column(ForeignKey("membership.id"), index=True)
    project_id: Mapped[str | None] = mapped_column(ForeignKey("project.id"), index=True)
    condition: Mapped[Code]
    outcome: Mapped[Code]
    exception: Mapped[OptionalCode]
    note: Mapped[str | None] = mapped_column(EncryptedText("condition_decision.note"))
    decided_by: Mapped[Code]
    decided_at: Mapped[Instant]


class CollectiveAction(Base):
    """Something people do together: a workshop, a shared work site, a meeting of librarians."""

    __tablename__ = "collective_action"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="starts_before_it_ends"),
        Index("ix_collective_action_scheme_id_starts_at", "scheme_id", "starts_at"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    scheme_id: Mapped[Id] = mapped_column(ForeignKey("scheme.id"))
    site_id: Mapped[Id] = mapped_column(ForeignKey("site.id"))
    kind: Mapped[Code]
    title: Mapped[str] = mapped_column(String(200))
    starts_at: Mapped[Instant]
    ends_at: Mapped[Instant]
    added_by: Mapped[Code]
    added_at: Mapped[Instant]
    cancelled_at: Mapped[OptionalInstant]

    site: Mapped[Site] = relationship(lazy="joined", innerjoin=True)
    attendances: Mapped[list["Attendance"]] = relationship(lazy="selectin", order_by="Attendance.recorded_at")


class Attendance(Base):
    """Whether one member was there."""

    __tablename__ = "attendance"

    action_id: Mapped[Id] = mapped_column(ForeignKey("collective_action.id"), primary_key=True)
    membership_id: Mapped[Id] = mapped_column(ForeignKey("membership.id"), primary_key=True, index=True)
    presence: Mapped[Code]
    recorded_by: Mapped[Code]
    recorded_at: Mapped[Instant]

    membership: Mapped[Membership] = relationship(lazy="joined", innerjoin=True)
