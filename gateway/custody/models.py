"""Belongings kept after a contract, thing by thing; and the checks that make a locker ready for the next person."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gateway.contracts.models import Contract
from gateway.custody.codes import PROTECTED
from gateway.db import Base, Code, Id, Instant, OptionalInstant
from gateway.lockers.models import Locker
from gateway.privacy.fields import EncryptedText

_PROTECTED = ", ".join(f"'{thing.value}'" for thing in sorted(PROTECTED))
_INSIDE = text("stored_at IS NULL AND closed_at IS NULL")


class Custody(Base):
    """Belongings of one ended contract, taken out of one locker: inventory, witness, storing, keeping, end.

    Without a contract they are nobody's that is known: somebody else had used the locker (used.py).
    Each step leaves its instant and its author, so that it can be interrupted and resumed. A witnessed inventory
    neither grows nor shrinks: the database refuses it (migration 0014). `label` is what is tied to the bag: a number,
    never a name. `keep_until` is the last day of keeping; nothing happens by itself after it.
    """

    __tablename__ = "custody"
    __table_args__ = (
        Index("uq_custody_one_taken_out", "locker_id", unique=True, sqlite_where=_INSIDE, postgresql_where=_INSIDE),
        CheckConstraint(
            "stored_at IS NULL OR (witnessed_at IS NOT NULL AND label IS NOT NULL AND place IS NOT NULL "
            "AND keep_until IS NOT NULL)",
            name="stored_after_its_inventory",
        ),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    contract_id: Mapped[str | None] = mapped_column(ForeignKey("contract.id"), index=True)
    locker_id: Mapped[Id] = mapped_column(ForeignKey("locker.id"), index=True)
    begun_at: Mapped[Instant]
    begun_by: Mapped[Code]
    witness: Mapped[str | None] = mapped_column(String(64))
    witness_name: Mapped[str | None] = mapped_column(EncryptedText("custody.witness_name"))
    photographs_kept: Mapped[str | None] = mapped_column(EncryptedText("custody.photographs_kept"))
    witnessed_at: Mapped[OptionalInstant]
    witnessed_by: Mapped[str | None] = mapped_column(String(64))
    label: Mapped[str | None] = mapped_column(String(40), unique=True)
    place: Mapped[str | None] = mapped_column(String(100))
    stored_at: Mapped[OptionalInstant]
    stored_by: Mapped[str | None] = mapped_column(String(64))
    keep_until: Mapped[date | None]
    closed_at: Mapped[OptionalInstant]
    closed_by: Mapped[str | None] = mapped_column(String(64))

    contract: Mapped[Contract | None] = relationship(lazy="joined")
    locker: Mapped[Locker] = relationship(lazy="joined", innerjoin=True)
    things: Mapped[list["KeptThing"]] = relationship(lazy="selectin", order_by="KeptThing.id")


class KeptThing(Base):
    """One line of the inventory, kept until it has an `outcome`: returned, handed over, or disposed of, and why.

    Papers, medicine, money, keys and photographs are disposed of only with a note that says what became of them.
    """

    __tablename__ = "kept_thing"
    __table_args__ = (
        CheckConstraint("quantity >= 1", name="at_least_one"),
        CheckConstraint("(outcome IS NULL) = (outcome_at IS NULL)", name="outcome_has_its_instant"),
        CheckConstraint(
            f"outcome IS NULL OR outcome <> 'disposed' OR kind NOT IN ({_PROTECTED}) OR singly",
            name="protected_things_singly",
        ),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    custody_id: Mapped[Id] = mapped_column(ForeignKey("custody.id"), index=True)
    kind: Mapped[Code]
    quantity: Mapped[int] = mapped_column(default=1)
    description: Mapped[str | None] = mapped_column(EncryptedText("kept_thing.description"))
    outcome: Mapped[str | None] = mapped_column(String(64))
    outcome_at: Mapped[OptionalInstant]
    outcome_by: Mapped[str | None] = mapped_column(String(64))
    recipient: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str | None] = mapped_column(String(64))
    singly: Mapped[bool] = mapped_column(default=False)
    outcome_note: Mapped[str | None] = mapped_column(EncryptedText("kept_thing.outcome_note"))


class LockerCheck(Base):
    """Someone saw that the locker is empty, was cleaned, or that its lock works; what counts is after its last use.

    Of kind `used`: somebody used it who is not known as its holder, as its bank says, or members of a tool library, as
    whoever ended its lending says (used.py).
    """

    __tablename__ = "locker_check"
    __table_args__ = (Index("ix_locker_check_locker_id_kind_at", "locker_id", "kind", "at"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    locker_id: Mapped[Id] = mapped_column(ForeignKey("locker.id"))
    kind: Mapped[Code]
    at: Mapped[Instant]
    by: Mapped[Code]
