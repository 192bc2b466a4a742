"""How far each epoch of each controller is stored, and what was set aside as poison."""

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import Base, Code, Instant, OptionalInstant, Serial


class Epoch(Base):
    """One epoch of a controller's journal: nothing is missing through `through`, where the chain is `through_hash`.

    `previous_*` is the link its first entry claims; `link` says what became of checking it: unknown, good, broken.
    `available` is the first seq the bank said it still holds, `expected` the last that a later epoch says it had.
    `gap_since`: something above `through` is known to exist.
    """

    __tablename__ = "epoch"
    __table_args__ = (Index("ix_epoch_bank_id_previous_epoch", "bank_id", "previous_epoch"),)

    bank_id: Mapped[str] = mapped_column(ForeignKey("bank.id"), primary_key=True)
    epoch: Mapped[str] = mapped_column(String(32), primary_key=True)
    through: Mapped[int] = mapped_column(BigInteger, default=0)
    through_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    highest: Mapped[int] = mapped_column(BigInteger, default=0)
    available: Mapped[int] = mapped_column(BigInteger, default=1)
    expected: Mapped[int] = mapped_column(BigInteger, default=0)
    previous_epoch: Mapped[str | None] = mapped_column(String(32))
    previous_seq: Mapped[int | None] = mapped_column(BigInteger)
    previous_hash: Mapped[str | None] = mapped_column(String(64))
    link: Mapped[Code] = mapped_column(default="unknown")
    first_seen_at: Mapped[Instant]
    gap_since: Mapped[OptionalInstant]
    gap_alarmed_at: Mapped[OptionalInstant]


class Quarantine(Base):
    """A batch that verified but makes no sense, kept raw as openings are; it counts as stored through `last`."""

    __tablename__ = "quarantine"
    __table_args__ = (
        UniqueConstraint("bank_id", "fingerprint"),
        Index("ix_quarantine_bank_id_epoch_first", "bank_id", "epoch", "first"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    bank_id: Mapped[str] = mapped_column(ForeignKey("bank.id"))
    epoch: Mapped[str | None] = mapped_column(String(32))
    first: Mapped[int | None] = mapped_column(BigInteger)
    last: Mapped[int | None] = mapped_column(BigInteger)
    end_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    why: Mapped[Code]
    fingerprint: Mapped[str] = mapped_column(String(64))
    payload: Mapped[bytes | None]
    received_at: Mapped[Instant]
