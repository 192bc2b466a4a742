"""Where imported files came from."""

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import Base, Code, Id, Instant


class ImportedFile(Base):
    """A file that was brought in; `digest` is the SHA-256 of its bytes, so that it is not brought in twice."""

    __tablename__ = "imported_file"
    __table_args__ = (UniqueConstraint("digest"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    bank_id: Mapped[str] = mapped_column(ForeignKey("bank.id"))
    imported_by: Mapped[Code]
    imported_at: Mapped[Instant]


class ImportedPerson(Base):
    """What the file called a person: a code, never a name, by which its figures can be told apart."""

    __tablename__ = "imported_person"

    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"), primary_key=True)
    file_id: Mapped[Id] = mapped_column(ForeignKey("imported_file.id"), index=True)
    code: Mapped[str | None] = mapped_column(String(12), info={"personal": True})
