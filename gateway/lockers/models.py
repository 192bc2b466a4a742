"""Organisations, sites, banks and lockers; a bank's id is its controller's id."""

from datetime import date

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false, text
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
    """A row of lockers driven by one controller, whose id it carries; a manual bank has no controller, only keys.

    `winding_down_since`: no new contracts from then on; `closes_on`: its last day, if that is known.
    """

    __tablename__ = "bank"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    site_id: Mapped[Id] = mapped_column(ForeignKey("site.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[Instant]
    winding_down_since: Mapped[OptionalInstant]
    closes_on: Mapped[date | None]

    site: Mapped[Site] = relationship(lazy="joined", innerjoin=True)


class Locker(Base):
    """One door; `number` is what is written on it, `lock` what opens it: `badge`, or `key` with no controller."""

    __tablename__ = "locker"
    __table_args__ = (UniqueConstraint("bank_id", "number"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    bank_id: Mapped[str] = mapped_column(ForeignKey("bank.id"))
    number: Mapped[int]
    size: Mapped[str | None] = mapped_column(String(16))
    litres: Mapped[int | None]
    lock: Mapped[Code] = mapped_column(default="badge", server_default="badge")
    in_service_since: Mapped[Instant]
    retired_at: Mapped[OptionalInstant]

    bank: Mapped[Bank] = relationship(lazy="joined", innerjoin=True)


class BankRole(Base):
    """What an organisation is to a bank: its one owner, its one operator, or one of the charities it supports."""

    __tablename__ = "bank_role"
    __table_args__ = (
        Index(
            "uq_bank_role_one_owner_one_operator",
            "bank_id",
            "role",
            unique=True,
            sqlite_where=text("role <> 'support'"),
            postgresql_where=text("role <> 'support'"),
        ),
    )

    bank_id: Mapped[str] = mapped_column(ForeignKey("bank.id"), primary_key=True)
    organisation_id: Mapped[Id] = mapped_column(ForeignKey("organisation.id"), primary_key=True, index=True)
    role: Mapped[Code] = mapped_column(primary_key=True)
    since: Mapped[Instant]


class Allotment(Base):
    """A locker kept for one organisation's people in [from_at, until_at); without an end until someone takes it back.

    Two allotments of one locker never overlap: the database refuses it (migration 0010).
    """

    __tablename__ = "allotment"
    __table_args__ = (
        CheckConstraint("until_at IS NULL OR from_at <= until_at", name="begins_before_it_ends"),
        Index("ix_allotment_locker_id_from_at", "locker_id", "from_at"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    locker_id: Mapped[Id] = mapped_column(ForeignKey("locker.id"))
    organisation_id: Mapped[Id] = mapped_column(ForeignKey("organisation.id"), index=True)
    from_at: Mapped[Instant]
    until_at: Mapped[OptionalInstant]


class Works(Base):
    """A bank, or one locker of it, closed to new contracts in [from_at, until_at); it never locks a door."""

    __tablename__ = "works"
    __table_args__ = (CheckConstraint("from_at < until_at", name="begin_before_they_end"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    bank_id: Mapped[str] = mapped_column(ForeignKey("bank.id"), index=True)
    locker_id: Mapped[str | None] = mapped_column(ForeignKey("locker.id"))
    from_at: Mapped[Instant]
    until_at: Mapped[Instant]
    reason: Mapped[Code]
    decided_by: Mapped[Code]
    decided_at: Mapped[Instant]
    cancelled_at: Mapped[OptionalInstant]


class MechanicalKey(Base):
    """One key of one locker; `number` is what is stamped on it."""

    __tablename__ = "mechanical_key"
    __table_args__ = (UniqueConstraint("locker_id", "number"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    locker_id: Mapped[Id] = mapped_column(ForeignKey("locker.id"))
    number: Mapped[str] = mapped_column(String(40))
    added_at: Mapped[Instant]
    retired_at: Mapped[OptionalInstant]

    locker: Mapped[Locker] = relationship(lazy="joined", innerjoin=True)


class KeyHandover(Base):
    """A key in someone's hands under a contract, until it is returned; a lost one is out until it is found."""

    __tablename__ = "key_handover"
    __table_args__ = (
        Index(
            "uq_key_handover_one_at_a_time",
            "key_id",
            unique=True,
            sqlite_where=text("returned_at IS NULL"),
            postgresql_where=text("returned_at IS NULL"),
        ),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    key_id: Mapped[Id] = mapped_column(ForeignKey("mechanical_key.id"))
    contract_id: Mapped[Id] = mapped_column(ForeignKey("contract.id"), index=True)
    given_at: Mapped[Instant]
    given_by: Mapped[Code]
    returned_at: Mapped[OptionalInstant]
    taken_by: Mapped[str | None] = mapped_column(String(64))
    lost_at: Mapped[OptionalInstant]

    key: Mapped[MechanicalKey] = relationship(lazy="joined", innerjoin=True)


class Observation(Base):
    """What a bank last said of one of its lockers, and which entry of its journal that was (`as_of_*`).

    `as_of` is that entry's moment, never after it came: how entries are ordered says journal_order.py; 0 where
    nothing is known but `last_opened_at`: when its holder last opened it, or somebody for them, never anyone else.
    """

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
    as_of_mono_ms: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
