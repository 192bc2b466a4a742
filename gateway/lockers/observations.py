"""What the entries of a bank say of its doors: one table from entry type to what is known afterwards."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.orm import Session

from gateway.lockers.models import Locker, Observation
from gateway.prepared import Prepared, PreparedForSome, some
from wire.entries import Entry, EntryType

Body = Mapping[str, Any]


@dataclass(slots=True)
class Seen:
    """What is known of one locker: a row of `observation` (models.py) without its key."""

    door: str = "unknown"
    since: int = 0
    fault: str | None = None
    out_of_service: bool = False
    last_opened_at: int | None = None
    as_of: int = 0
    as_of_epoch: str = ""
    as_of_seq: int = 0
    changed: bool = False


_COLUMNS = ("door", "since", "fault", "out_of_service", "last_opened_at", "as_of", "as_of_epoch", "as_of_seq")
_values = attrgetter(*_COLUMNS)
# Made once: what SQLAlchemy needs to recognise a statement takes longer than to carry it out.
_OF_BANK = (
    select(Locker.number, *(getattr(Observation, name) for name in _COLUMNS))
    .outerjoin(Observation, (Observation.bank_id == Locker.bank_id) & (Observation.number == Locker.number))
    .where(Locker.bank_id == bindparam("bank"))
    .order_by(Locker.number)
)
_WHOLE = Prepared(_OF_BANK)
_SOME = PreparedForSome(lambda size: _OF_BANK.where(Locker.number.in_(some("number", size))))
_INSERT = Prepared(insert(Observation).values({name: bindparam(name) for name in ("bank_id", "number", *_COLUMNS)}))
_UPDATE = Prepared(
    update(Observation)
    .where(Observation.bank_id == bindparam("bank"), Observation.number == bindparam("which"))
    .values({name: bindparam(name) for name in _COLUMNS})
)


def _opened(seen: Seen, body: Body) -> None:
    seen.door = "open"
    # A door that opens with no release behind it stays "forced" until it is closed, however long that takes.
    if body.get("release") is not None or seen.fault != "forced":
        seen.fault = None


def _closed(seen: Seen, _body: Body) -> None:
    seen.door, seen.fault = "closed", None


def _already_open(seen: Seen, _body: Body) -> None:
    seen.door = "open"


def _wrong_door(seen: Seen, _body: Body) -> None:
    seen.door, seen.fault = "open", "wrong_door"


def _forced(seen: Seen, _body: Body) -> None:
    seen.door, seen.fault = "open", "forced"


def _left_open(seen: Seen, body: Body) -> None:
    if body.get("code") == "ajar":
        seen.door, seen.fault = "closed", "forced" if seen.fault == "forced" else "ajar"
        return
    seen.door = "open"
    seen.fault = "forced" if seen.fault == "forced" else "open_too_long"


def _jammed(seen: Seen, _body: Body) -> None:
    seen.fault = "jammed"


def _sensor_fault(seen: Seen, body: Body) -> None:
    if body.get("sensor") == "latch":
        seen.fault = seen.fault or "latch_sensor"
    else:
        seen.door, seen.fault = "unknown", "sensor"


def _sensor_recovered(seen: Seen, body: Body) -> None:
    ended = "latch_sensor" if body.get("sensor") == "latch" else "sensor"
    seen.fault = None if seen.fault == ended else seen.fault


def _tamper(seen: Seen, body: Body) -> None:
    """Only what two sensors of a locker say names a locker; the enclosure's switch is the block's."""
    if body.get("active") is not False:
        seen.fault = "forced" if seen.fault == "forced" else "tampered"
    elif seen.fault == "tampered":
        seen.fault = None


def _out_of_service(seen: Seen, _body: Body) -> None:
    seen.out_of_service = True


def _in_service(seen: Seen, _body: Body) -> None:
    seen.out_of_service = False


def _started(seen: Seen, _body: Body) -> None:
    """A door may have been moved while the bank was away: only a lasting alarm outlives that."""
    seen.door = "unknown"
    seen.fault = seen.fault if seen.fault in ("forced", "tampered", "jammed") else None


CHANGES: dict[str, Callable[[Seen, Body], None]] = {
    EntryType.STARTED: _started,
    EntryType.DOOR_OPENED: _opened,
    EntryType.DOOR_CLOSED: _closed,
    EntryType.DOOR_FORCED: _forced,
    EntryType.DOOR_LEFT_OPEN: _left_open,
    EntryType.ALREADY_OPEN: _already_open,
    EntryType.WRONG_DOOR: _wrong_door,
    EntryType.NOT_OPENED: _jammed,
    EntryType.SENSOR_FAULT: _sensor_fault,
    EntryType.SENSOR_RECOVERED: _sensor_recovered,
    EntryType.TAMPER: _tamper,
    EntryType.OUT_OF_SERVICE: _out_of_service,
    EntryType.IN_SERVICE: _in_service,
}


def observe(session: Session, bank_id: str, entries: Sequence[Entry]) -> None:
    """Brings what is known of the bank's lockers up to date; an entry older than what is known changes nothing."""
    told = [entry for entry in entries if entry.type in CHANGES]
    if not told:
        return
    connection = session.connection()
    wanted = {number for entry in told if (number := _locker(entry)) is not None}
    if any(entry.type == EntryType.STARTED for entry in told):
        # A start is about every locker of which something is known.
        rows = _WHOLE.run(connection, {"bank": bank_id})
    elif wanted:
        rows = _SOME.run(connection, {"bank": bank_id}, number=sorted(wanted))
    else:
        return
    seen: dict[int, Seen | None] = {row[0]: None if row[1] is None else Seen(*row[1:]) for row in rows}
    known = {number for number, one in seen.items() if one is not None}
    for entry in told:
        _tell(seen, entry)
    _write(connection, bank_id, seen, known)


def _tell(seen: dict[int, Seen | None], entry: Entry) -> None:
    if entry.type == EntryType.STARTED:
        for one in seen.values():
            if one is not None:
                _apply(one, entry)
        return
    number = _locker(entry)
    if number in seen:
        one = seen[number] = seen[number] or Seen()
        _apply(one, entry)


def _write(connection: Connection, bank_id: str, seen: Mapping[int, Seen | None], known: Collection[int]) -> None:
    fresh, changed = [], []
    for number, one in seen.items():
        if one is not None and one.changed:
            values = dict(zip(_COLUMNS, _values(one), strict=True))
            if number in known:
                changed.append({"bank": bank_id, "which": number, **values})
            else:
                fresh.append({"bank_id": bank_id, "number": number, **values})
    if fresh:
        _INSERT.run_many(connection, fresh)
    if changed:
        _UPDATE.run_many(connection, changed)


def _apply(row: Seen, entry: Entry) -> None:
    newer = entry.seq > row.as_of_seq if entry.epoch == row.as_of_epoch else entry.at >= row.as_of
    if not newer:
        return
    row.changed = True
    before = (row.door, row.fault, row.out_of_service)
    CHANGES[entry.type](row, entry.body)
    if (row.door, row.fault, row.out_of_service) != before or not row.since:
        row.since = entry.at
    if entry.type == EntryType.DOOR_OPENED:
        row.last_opened_at = entry.at
    row.as_of, row.as_of_epoch, row.as_of_seq = entry.at, entry.epoch, entry.seq


def _locker(entry: Entry) -> int | None:
    number = entry.body.get("locker")
    return number if type(number) is int and 1 <= number <= 99_999 else None
