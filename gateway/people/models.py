"""People who are served. Names live here and nowhere else, sealed; the id is the pseudonym everything else uses."""

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import Base, Code, Id, Instant, OptionalInstant
from gateway.privacy.fields import EncryptedText


class Person(Base):
    """One person supported, in the file of one organisation; `name` is the one they chose.

    An erased file keeps its id and what counts in figures; its names and notes are gone.
    """

    __tablename__ = "person"

    id: Mapped[Id] = mapped_column(primary_key=True)
    organisation_id: Mapped[Id] = mapped_column(ForeignKey("organisation.id"), index=True)
    name: Mapped[str] = mapped_column(EncryptedText("person.name"))
    language: Mapped[str] = mapped_column(String(8), default="fr")
    created_at: Mapped[Instant]
    erased_at: Mapped[OptionalInstant]


class OtherName(Base):
    """Another name that finds the same file: `legal`, `former` or `other`."""

    __tablename__ = "other_name"

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[Code]
    name: Mapped[str] = mapped_column(EncryptedText("other_name.name"))
    added_at: Mapped[Instant]


class NameToken(Base):
    """The keyed hash of the beginning of one word of one of a person's names: what searching looks through."""

    __tablename__ = "name_token"

    token: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
