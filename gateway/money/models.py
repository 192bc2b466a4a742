"""What is asked of a person or lent to them, and every movement on it."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gateway.db import Base, Code, Id, Instant, OptionalInstant
from gateway.people.models import Person
from gateway.privacy.fields import EncryptedText


class Claim(Base):
    """One deposit, advance or contribution of `cents` euro cents; `period` keeps the same one from being asked twice.

    What is open follows from its movements (balance.py).
    """

    __tablename__ = "claim"
    __table_args__ = (
        UniqueConstraint("contract_id", "kind", "period"),
        CheckConstraint("cents >= 1", name="is_something"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"), index=True)
    contract_id: Mapped[str | None] = mapped_column(ForeignKey("contract.id"))
    kind: Mapped[Code]
    cents: Mapped[int]
    period: Mapped[str | None] = mapped_column(String(16))
    due_on: Mapped[date | None]
    note: Mapped[str | None] = mapped_column(EncryptedText("claim.note"))
    opened_at: Mapped[Instant]
    opened_by: Mapped[Code]

    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)
    movements: Mapped[list["MoneyMovement"]] = relationship(lazy="selectin", order_by="MoneyMovement.id")


class MoneyMovement(Base):
    """One receipt: numbered without holes within its organisation. A mistake is made void, never taken out.

    The database refuses more received or forgiven than asked, and more refunded than received (migration 0014).
    """

    __tablename__ = "money_movement"
    __table_args__ = (
        UniqueConstraint("organisation_id", "receipt"),
        CheckConstraint("cents >= 1", name="is_something"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    claim_id: Mapped[Id] = mapped_column(ForeignKey("claim.id"), index=True)
    organisation_id: Mapped[Id] = mapped_column(ForeignKey("organisation.id"))
    receipt: Mapped[int]
    movement: Mapped[Code]
    cents: Mapped[int]
    means: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str | None] = mapped_column(String(64))
    note: Mapped[str | None] = mapped_column(EncryptedText("money_movement.note"))
    shift_id: Mapped[str | None] = mapped_column(ForeignKey("desk_shift.id"), index=True)
    at: Mapped[Instant]
    by: Mapped[Code]
    void_at: Mapped[OptionalInstant]
    void_by: Mapped[str | None] = mapped_column(String(64))
