"""Police requests with their scope, what was handed out on them, and the stand-ins of workers on leave."""

from datetime import date
from typing import Annotated

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gateway.db import Base, Code, Id, Instant, OptionalInstant
from gateway.privacy.fields import EncryptedText

OptionalCode = Annotated[str | None, mapped_column(String(64))]


class PoliceRequest(Base):
    """An authority asks for data: who asks, on what legal basis, and exactly what (`scope`, people, from, until).

    Nothing is handed out unless someone has `granted` it; the scope never grows after that.
    """

    __tablename__ = "police_request"
    __table_args__ = (
        CheckConstraint("from_at < until_at", name="begins_before_it_ends"),
        CheckConstraint("(decided_at IS NULL) = (granted IS NULL)", name="decided_with_an_answer"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    site_id: Mapped[Id] = mapped_column(ForeignKey("site.id"), index=True)
    authority: Mapped[Code]
    legal_basis: Mapped[Code]
    reference: Mapped[str] = mapped_column(EncryptedText("police_request.reference"))
    officer: Mapped[str | None] = mapped_column(EncryptedText("police_request.officer"))
    note: Mapped[str | None] = mapped_column(EncryptedText("police_request.note"))
    received_on: Mapped[date]
    scope: Mapped[list[str]] = mapped_column(JSON)
    from_at: Mapped[Instant]
    until_at: Mapped[Instant]
    recorded_by: Mapped[Code]
    recorded_at: Mapped[Instant]
    granted: Mapped[bool | None]
    decision_note: Mapped[str | None] = mapped_column(EncryptedText("police_request.decision_note"))
    decided_by: Mapped[OptionalCode]
    decided_at: Mapped[OptionalInstant]

    subjects: Mapped[list["PoliceSubject"]] = relationship(lazy="selectin", order_by="PoliceSubject.person_id")
    handed_out: Mapped[list["PoliceExport"]] = relationship(lazy="selectin", order_by="PoliceExport.id")


class PoliceSubject(Base):
    """One person whom a request names.

    No foreign key on purpose: an inquiry may not be told to whom it concerns, so it is no part of their file.
    """

    __tablename__ = "police_subject"

    request_id: Mapped[Id] = mapped_column(ForeignKey("police_request.id"), primary_key=True)
    person_id: Mapped[Id] = mapped_column(primary_key=True)


class PoliceExport(Base):
    """One handing out on a request: when, by whom, how many rows, and the SHA-256 of exactly what left."""

    __tablename__ = "police_export"

    id: Mapped[Id] = mapped_column(primary_key=True)
    request_id: Mapped[Id] = mapped_column(ForeignKey("police_request.id"), index=True)
    rows: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    made_by: Mapped[Code]
    made_at: Mapped[Instant]


class Leave(Base):
    """A worker is away on the days `from_on` to `until_on`, and `stand_in_id` stands in; there is no leave without one.

    Two leaves of one worker never overlap: the database refuses it (migration 0012).
    """

    __tablename__ = "leave"
    __table_args__ = (
        CheckConstraint("from_on <= until_on", name="begins_before_it_ends"),
        CheckConstraint("staff_id <> stand_in_id", name="someone_else_stands_in"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    staff_id: Mapped[Id] = mapped_column(ForeignKey("staff.id"), index=True)
    stand_in_id: Mapped[Id] = mapped_column(ForeignKey("staff.id"), index=True)
    from_on: Mapped[date]
    until_on: Mapped[date]
    recorded_by: Mapped[Code]
    recorded_at: Mapped[Instant]
    cancelled_by: Mapped[OptionalCode]
    cancelled_at: Mapped[OptionalInstant]
