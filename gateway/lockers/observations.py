"""What the entries of a bank say of its doors: one table from entry type to what is known afterwards."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.lockers.models import Locker, Observation
from wire.entries import Entry, EntryType

Body = Mapping[str, Any]


def _opened(seen: Observation, body: Body) -> None:
    seen.door = "open"
    # A door that opens with no release behind it stays "forced" until it is closed, however long that takes.
    if body.get("release") is not None or seen.fault != "forced":
        seen.fault = None


def _closed(seen: Observation, _body: Body) -> None:
    seen.door, seen.fault = "closed", None


def _already_open(seen: Observation, _body: Body) -> None:
    seen.door = "open"


def _wrong_door(seen: Observation, _body: Body) -> None:
    seen.door, seen.fault = "open", "wrong_door"


def _forced(seen: Observation, _body: Body) -> None:
    seen.door, seen.fault = "open", "forced"


def _left_open(seen: Observation, body: Body) -> None:
    if body.get("code") == "ajar":
        seen.door, seen.fault = "closed", "forced" if seen.fault == "forced" else "ajar"
        return
    seen.door = "open"
    seen.fault = "forced" if seen.fault == "forced" else "open_too_long"


def _jammed(seen: Observation, _body: Body) -> None:
    seen.fault = "jammed"


def _sensor_fault(seen: Observation, body: Body) -> None:
    if body.get("sensor") == "latch":
        seen.fault = seen.fault or "latch_sensor"
    else:
        seen.door, seen.fault = "unknown", "sensor"


def _sensor_recovered(seen: Observation, body: Body) -> None:
    ended = "latch_sensor" if body.get("sensor") == "latch" else "sensor"
    seen.fault = None if seen.fault == ended else seen.fault


def _tamper(seen: Observation, body: Body) -> None:
    """Only what two sensors of a locker say names a locker; the enclosure's switch is the block's."""
    if body.get("active") is not False:
        seen.fault = "forced" if seen.fault == "forced" else "tampered"
    elif seen.fault == "tampered":
        seen.fault = None


def _out_of_service(seen: Observation, _body: Body) -> None:
    seen.out_of_service = True


def _in_service(seen: Observation, _body: Body) -> None:
    seen.out_of_service = False


def _started(seen: Observation, _body: Body) -> None:
    """A door may have been moved while the bank was away: only a lasting alarm outlives that."""
    seen.door = "unknown"
    seen.fault = seen.fault if seen.fault in ("forced", "tampered", "jammed") else None


CHANGES: dict[str, Callable[[Observation, Body], None]] = {
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
    # A start is about every locker of which something is known.
    whole = any(entry.type == EntryType.STARTED for entry in told)
    wanted = {number for entry in told if (number := _locker(entry)) is not None}
    exist = set(session.scalars(select(Locker.number).where(Locker.bank_id == bank_id, Locker.number.in_(wanted))))
    query = select(Observation).where(Observation.bank_id == bank_id)
    if not whole:
        query = query.where(Observation.number.in_(wanted))
    seen = {row.number: row for row in session.scalars(query)}
    for entry in told:
        number = _locker(entry)
        if entry.type == EntryType.STARTED:
            for row in seen.values():
                _apply(row, entry)
        elif number in exist:
            row = seen.get(number) or seen.setdefault(number, _made(session, bank_id, number))
            _apply(row, entry)


def _made(session: Session, bank_id: str, number: int) -> Observation:
    row = _unknown(bank_id, number)
    session.add(row)
    return row


def _unknown(bank_id: str, number: int) -> Observation:
    return Observation(
        bank_id=bank_id, number=number, door="unknown", since=0, fault=None, out_of_service=False, as_of=0,
        as_of_epoch="", as_of_seq=0,
    )  # fmt: skip


def _apply(row: Observation, entry: Entry) -> None:
    newer = entry.seq > row.as_of_seq if entry.epoch == row.as_of_epoch else entry.at >= row.as_of
    if not newer:
        return
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
