"""Organisations, sites, banks and lockers; a bank's id is its controller's id."""

from sqlalchemy import BigInteger, Boolean, ForeignKey, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gateway.db import Base, Code, Id, Instant, OptionalInstant


class Organisation(Base):
    """A charity or another body that runs banks or supports people."""

    __tablename__ = "organisation"

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    created_at: Mapped[Instant]


class Site(Base):
    """A place; its zone says when its days begin. `asks_pin`: every badge of it ought to have a PIN."""

    __tablename__ = "site"

    id: Mapped[Id] = mapped_column(primary_key=True)
    organisation_id: Mapped[Id] = mapped_column(ForeignKey("organisation.id"), index=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    zone: Mapped[Code]
    asks_pin: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    created_at: Mapped[Instant]


class Bank(Base):
    """A row of lockers driven by one controller, whose id it carries."""

    __tablename__ = "bank"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    site_id: Mapped[Id] = mapped_column(ForeignKey("site.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[Instant]

    site: Mapped[Site] = relationship(lazy="joined", innerjoin=True)


class Locker(Base):
    """One door; `number` is what is written on it."""

    __tablename__ = "locker"
    __table_args__ = (UniqueConstraint("bank_id", "number"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    bank_id: Mapped[str] = mapped_column(ForeignKey("bank.id"))
    number: Mapped[int]
    size: Mapped[str | None] = mapped_column(String(16))
    in_service_since: Mapped[Instant]
    retired_at: Mapped[OptionalInstant]

    bank: Mapped[Bank] = relationship(lazy="joined", innerjoin=True)


class Observation(Base):
    """What a bank last said of one of its lockers; entries older than `as_of` do not count any more."""

    __tablename__ = "observation"

    bank_id: Mapped[str] = mapped_column(ForeignKey("bank.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    door: Mapped[Code]
    since: Mapped[Instant]
    fault: Mapped[str | None] = mapped_column(String(64))
    out_of_service: Mapped[bool] = mapped_column(Boolean, default=False)
    last_opened_at: Mapped[OptionalInstant]
    as_of: Mapped[Instant]
    as_of_epoch: Mapped[str] = mapped_column(String(32))
    as_of_seq: Mapped[int] = mapped_column(BigInteger)
