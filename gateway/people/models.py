"""People who are served. Names live here and nowhere else; the id is the pseudonym everything else uses."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import Base, Id, Instant


class Person(Base):
    """One person supported, in the file of one organisation."""

    __tablename__ = "person"

    id: Mapped[Id] = mapped_column(primary_key=True)
    organisation_id: Mapped[Id] = mapped_column(ForeignKey("organisation.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(8), default="fr")
    created_at: Mapped[Instant]
