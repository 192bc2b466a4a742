"""The event feed: every journal entry received and everything the gateway itself has to say, in order of storing."""

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import Base, Code, Instant, Serial
from wire.entries import EntryType

# Someone's coming and going, entry by entry: nearly all of the feed, and not a trail for staff (privacy/openings.py
# says who may read more).
USES = (
    EntryType.BADGE_REFUSED,
    EntryType.RELEASE_INTENDED,
    EntryType.RELEASED,
    EntryType.RELEASE_FAILED,
    EntryType.RELEASE_UNKNOWN,
    EntryType.DOOR_OPENED,
    EntryType.DOOR_CLOSED,
    EntryType.ALREADY_OPEN,
)
# All the rest has indexes of its own: a query that says this, in these very words, finds it without the uses.
# Compared one by one: of a list SQLite makes a table anew, for each row that it adds and each of these indexes.
RARE = text(" AND ".join(f"event.kind <> '{kind.value}'" for kind in USES))
_RARE = text(RARE.text.replace("event.", ""))


class Event(Base):
    """One thing that happened. A journal entry has `epoch`, `seq`, its chain `hash` and its own bytes in `line`;
    the gateway's own events have their facts as JSON in `body`. `id` rises in the order of commits."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("bank_id", "epoch", "seq"),
        Index("ix_event_bank_id_locker_id", "bank_id", "locker", "id"),
        Index("ix_event_rare", "id", sqlite_where=_RARE, postgresql_where=_RARE),
        Index("ix_event_rare_kind", "kind", "id", sqlite_where=_RARE, postgresql_where=_RARE),
        Index("ix_event_rare_bank_id_kind", "bank_id", "kind", "id", sqlite_where=_RARE, postgresql_where=_RARE),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    kind: Mapped[Code]
    at: Mapped[Instant]
    received_at: Mapped[Instant]
    bank_id: Mapped[str | None] = mapped_column(ForeignKey("bank.id"))
    locker: Mapped[int | None]
    body: Mapped[bytes | None]
    epoch: Mapped[str | None] = mapped_column(String(32))
    seq: Mapped[int | None] = mapped_column(BigInteger)
    hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    line: Mapped[bytes | None]
