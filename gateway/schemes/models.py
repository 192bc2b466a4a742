"""The table of schemes."""

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import Base, Code, Id, Instant, OptionalInstant
from gateway.schemes.terms import Terms, TermsColumn


class Scheme(Base):
    """A kind of service an organisation gives, and its terms; `copied_from` names the scheme it began as."""

    __tablename__ = "scheme"
    __table_args__ = (UniqueConstraint("organisation_id", "name"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    organisation_id: Mapped[Id] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(200))
    service: Mapped[Code]
    terms: Mapped[Terms] = mapped_column(TermsColumn)
    copied_from: Mapped[str | None] = mapped_column(ForeignKey("scheme.id"))
    created_at: Mapped[Instant]
    closed_at: Mapped[OptionalInstant]
