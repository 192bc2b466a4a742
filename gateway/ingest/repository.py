"""Reads and writes the stored journal: rows, how far each epoch reaches, and the quarantine."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, func, insert, select
from sqlalchemy.orm import Session

from gateway.events.models import Event
from gateway.ingest.chain import Run
from gateway.ingest.epochs import EpochRow
from gateway.ingest.models import Epoch, Quarantine
from gateway.prepared import Prepared
from wire.entries import Entry

# One controller's poison is kept raw up to here; after that only its range and its count are.
RAW_KEPT = 200
_WALK = 1_000
_ADDED = ("kind", "at", "received_at", "bank_id", "locker", "epoch", "seq", "hash", "line")
# Made once: while entries are missing they are asked with each batch.
_ADD = Prepared(insert(Event).values({name: bindparam(name) for name in _ADDED}))
_STORED = select(Event.seq, Event.hash).where(Event.bank_id == bindparam("bank"), Event.epoch == bindparam("name"))
_ENDS = select(Quarantine.last, Quarantine.end_hash).where(
    Quarantine.bank_id == bindparam("bank"), Quarantine.epoch == bindparam("name")
)
_HASHES_BETWEEN = Prepared(_STORED.where(Event.seq.between(bindparam("first"), bindparam("last"))).order_by(Event.seq))
_ENDS_BETWEEN = Prepared(_ENDS.where(Quarantine.last.between(bindparam("first"), bindparam("last"))))
_ENDS_AROUND = Prepared(
    _ENDS.where(Quarantine.first <= bindparam("next"), Quarantine.last >= bindparam("next")).order_by(
        Quarantine.last.desc()
    )
)

_STORED_BEHIND = select(func.min(Event.seq)).where(
    Event.bank_id == bindparam("bank"), Event.epoch == bindparam("name"), Event.seq > bindparam("next")
)
_POISON_BEHIND = select(func.min(Quarantine.first)).where(
    Quarantine.bank_id == bindparam("bank"), Quarantine.epoch == bindparam("name"), Quarantine.first > bindparam("next")
)


def hashes_between(connection: Connection, bank_id: str, epoch: str, first: int, last: int) -> Mapping[int, bytes]:
    """The stored chain by seq, from `first` to `last`; the ends of quarantined ranges count."""
    values = {"bank": bank_id, "name": epoch, "first": first, "last": last}
    ends = _ENDS_BETWEEN.run(connection, values)
    stored = _HASHES_BETWEEN.run(connection, values)
    return {seq: bytes(digest) for seq, digest in [*ends, *stored] if digest is not None}


def line_of(session: Session, bank_id: str, epoch: str, seq: int) -> bytes | None:
    """The stored line of an entry."""
    return session.scalar(select(Event.line).where(Event.bank_id == bank_id, Event.epoch == epoch, Event.seq == seq))


def add_entries(connection: Connection, bank_id: str, run: Run, fresh: Sequence[int], now: int) -> None:
    """Stores the entries at these positions of the run."""
    _ADD.run_many(
        connection,
        [
            {
                "kind": run.entries[at].type,
                "at": run.entries[at].at,
                "received_at": now,
                "bank_id": bank_id,
                "locker": locker_in(run.entries[at]),
                "epoch": run.epoch,
                "seq": run.first + at,
                "hash": run.hashes[at],
                "line": run.lines[at],
            }
            for at in fresh
        ],
    )


def locker_in(entry: Entry) -> int | None:
    """The locker an entry speaks of."""
    number = entry.body.get("locker")
    return number if type(number) is int and 1 <= number <= 99_999 else None


def walk(connection: Connection, row: EpochRow) -> None:
    """Moves `through` up to the last seq with nothing missing below it."""
    epoch = {"bank": row.bank_id, "name": row.epoch}
    while True:
        before = row.through
        for seq, digest in _HASHES_BETWEEN.run(connection, {**epoch, "first": before + 1, "last": before + _WALK}):
            if seq != row.through + 1 or digest is None:
                break
            row.through, row.through_hash = seq, bytes(digest)
        skip = _ENDS_AROUND.first(connection, {**epoch, "next": row.through + 1})
        if skip is not None and skip[1] is not None:
            row.through, row.through_hash = skip[0], bytes(skip[1])
        if row.through == before:
            return


def end_of_hole(connection: Connection, row: EpochRow, *, at_most: int) -> int:
    """The first seq behind the hole that follows `through` of which something is stored or set aside."""
    here = {"bank": row.bank_id, "name": row.epoch, "next": row.through + 1}
    ends = (connection.scalar(asked, here) for asked in (_STORED_BEHIND, _POISON_BEHIND))
    return min([at_most, *(end for end in ends if end is not None)])


def set_aside(session: Session, row: Quarantine) -> bool:
    """Keeps poison once; False if this very batch is kept already. Beyond RAW_KEPT its bytes are let go."""
    known = session.scalar(
        select(Quarantine.id).where(Quarantine.bank_id == row.bank_id, Quarantine.fingerprint == row.fingerprint)
    )
    if known is not None:
        return False
    kept = session.scalar(
        select(func.count())
        .select_from(Quarantine)
        .where(Quarantine.bank_id == row.bank_id, Quarantine.payload.is_not(None))
    )
    if (kept or 0) >= RAW_KEPT:
        row.payload = None
    session.add(row)
    session.flush()
    return True


def quarantined(session: Session, *, limit: int = 100) -> Sequence[Quarantine]:
    """The newest poison first."""
    return session.scalars(select(Quarantine).order_by(Quarantine.id.desc()).limit(limit)).all()


def gaps_since(session: Session, before: int) -> Sequence[Epoch]:
    """Epochs with a hole that has been open since before that instant and has not been alarmed."""
    return session.scalars(
        select(Epoch).where(Epoch.gap_since.is_not(None), Epoch.gap_since < before, Epoch.gap_alarmed_at.is_(None))
    ).all()
