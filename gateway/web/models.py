"""Forms already acted upon, so that a double click or a resent page acts once."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import Base, Id, Instant


class FormSubmission(Base):
    """One form that was sent: `once` is the hidden value it was rendered with, `location` where it led to."""

    __tablename__ = "form_submission"

    once: Mapped[str] = mapped_column(String(64), primary_key=True)
    staff_id: Mapped[Id] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    at: Mapped[Instant]
    location: Mapped[str] = mapped_column(String(200))
