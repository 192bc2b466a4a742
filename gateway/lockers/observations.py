"""What the entries of a bank say of its doors: one table from entry type to what is known afterwards."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.orm import Session

from gateway.lockers.journal_order import JournalOrder, Told
from gateway.lockers.models import Locker, Observation
from gateway.lockers.service import bank_of
from gateway.prepared import Prepared, PreparedForSome, some
from gateway.privacy.terms import DAY_MS, terms_of
from wire.access_list import LEASED_KINDS
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
    as_of_mono_ms: int = 0
    changed: bool = False


_COLUMNS = (
    "door", "since", "fault", "out_of_service", "last_opened_at", "as_of", "as_of_epoch", "as_of_seq", "as_of_mono_ms",
)  # fmt: skip
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


_HOLDER_IS_HERE = "holder_present"
# The alarms that outlive a start, and what sets them.
_LASTING = {"forced": EntryType.DOOR_FORCED, "tampered": EntryType.TAMPER, "jammed": EntryType.NOT_OPENED}


def _opened(seen: Seen, body: Body) -> None:
    seen.door = "open"
    # A door that opens with no release behind it stays "forced" until it is closed, however long that takes.
    if body.get("release") is not None or seen.fault != "forced":
        seen.fault = None


def _closed(seen: Seen, _body: Body) -> None:
    seen.door, seen.fault = "closed", None


def _already_open(seen: Seen, _body: Body) -> None:
    """Of a sensor that is known to be broken nothing else is to be expected: it says nothing of the door."""
    if seen.fault != "sensor":
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
    """That the sensor saw no door move: so it is at each use, once it is known to be broken."""
    if seen.fault != "sensor":
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
    seen.fault = seen.fault if seen.fault in _LASTING else None


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


def observe(session: Session, bank_id: str, entries: Sequence[Entry], *, now: int) -> None:
    """Brings what is known of the bank's lockers up to date with entries that are stored already.

    They come in any order. Of a locker of which something newer is known all is told again in the order of happening.
    """
    told = [Told(entry, min(entry.at, now)) for entry in entries if entry.type in CHANGES]
    used = _last_uses(entries, now)
    if not told and not used:
        return
    connection = session.connection()
    starts = [one.entry for one in told if one.entry.type == EntryType.STARTED]
    wanted = {number for one in told if (number := _locker(one.entry)) is not None} | used.keys()
    if starts:
        # A start is about every locker of which something is known.
        rows = _WHOLE.run(connection, {"bank": bank_id})
    elif wanted:
        rows = _SOME.run(connection, {"bank": bank_id}, number=sorted(wanted))
    else:
        return
    seen: dict[int, Seen | None] = {row[0]: None if row[1] is None else Seen(*row[1:]) for row in rows}
    known = {number for number, one in seen.items() if one is not None}
    order = JournalOrder(connection, bank_id)
    together = Counter(entry.epoch for entry in entries)
    late: set[int] = set()
    if not all(order.is_whole(entry, together[entry.epoch]) for entry in starts):
        late |= known
    for one in told:
        late |= _tell(seen, one, order)
    since = _kept_since(session, bank_id, now) if late else now
    for number in late:
        seen[number] = _told_again(seen[number] or Seen(), number, order.of_locker(number, told, since))
    for number in used.keys() & seen.keys():
        row = seen[number] = seen[number] or Seen()
        row.last_opened_at, row.changed = max(used[number], row.last_opened_at or 0), True
    _write(connection, bank_id, seen, known)


def by_holder(entry: Entry) -> bool:
    """Whether a holder's own badge, or that of whom they trust, is behind a release; never one of staff or an order.

    What a bank sends is not always what it should be.
    """
    body = entry.body
    kind = body.get("kind")
    return (
        entry.type == EntryType.RELEASE_INTENDED
        and isinstance(body.get("digest"), str)
        and not isinstance(body.get("command"), str)
        and not (isinstance(kind, str) and kind in LEASED_KINDS)
        and _locker(entry) is not None
    )


def _last_uses(entries: Iterable[Entry], now: int) -> dict[int, int]:
    """When lockers were last used: by a holder's badge, or because the holder stood there and somebody opened."""
    uses: dict[int, int] = {}
    for entry in entries:
        if entry.type == EntryType.RELEASE_INTENDED and (
            by_holder(entry) or entry.body.get("reason") == _HOLDER_IS_HERE
        ):
            number = _locker(entry)
            if number is not None:
                uses[number] = max(uses.get(number, 0), min(entry.at, now))
    return uses


def _tell(seen: dict[int, Seen | None], told: Told, order: JournalOrder) -> set[int]:
    """The lockers of which something newer than this is known."""
    if told.entry.type == EntryType.STARTED:
        about = [number for number, one in seen.items() if one is not None]
    else:
        about = [number for number in (_locker(told.entry),) if number in seen]
    late = set()
    for number in about:
        one = seen[number] = seen[number] or Seen()
        if order.is_newest(told, epoch=one.as_of_epoch, mono_ms=one.as_of_mono_ms, seq=one.as_of_seq, at=one.as_of):
            _apply(one, told)
        else:
            late.add(number)
    return late


def _kept_since(session: Session, bank_id: str, now: int) -> int:
    """Since when all that the bank told is kept: openings of before are deleted."""
    return now - terms_of(session, bank_of(session, bank_id).site.organisation_id).openings_days * DAY_MS


def _told_again(before: Seen, number: int, told: Iterable[Told]) -> Seen:
    """What all that is kept says in the order of happening; as before, if the newest that was known is not there, or
    nothing but starts. What set a lasting alarm may have been told earlier than all that."""
    here = [
        one for one in told
        if one.entry.type == EntryType.STARTED or (one.entry.type in CHANGES and _locker(one.entry) == number)
    ]  # fmt: skip
    newest = (before.as_of_epoch, before.as_of_seq)
    if before.as_of_epoch and newest not in {(one.entry.epoch, one.entry.seq) for one in here}:
        return before
    if all(one.entry.type == EntryType.STARTED for one in here):
        return before
    kinds = {one.entry.type for one in here}
    marked = not kinds.isdisjoint((EntryType.OUT_OF_SERVICE, EntryType.IN_SERVICE))
    earlier = before.fault in _LASTING and _LASTING[before.fault] not in kinds
    seen = Seen(
        fault=before.fault if earlier else None,
        last_opened_at=before.last_opened_at, out_of_service=before.out_of_service and not marked,
    )  # fmt: skip
    for one in here:
        if seen.as_of_epoch or one.entry.type != EntryType.STARTED:  # a start says nothing of a locker not known yet
            _apply(seen, one)
    return seen


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


def _apply(row: Seen, told: Told) -> None:
    entry = told.entry
    row.changed = True
    before = (row.door, row.fault, row.out_of_service)
    CHANGES[entry.type](row, entry.body)
    if (row.door, row.fault, row.out_of_service) != before or not row.since:
        row.since = told.at
    row.as_of, row.as_of_epoch, row.as_of_seq, row.as_of_mono_ms = told.at, entry.epoch, entry.seq, entry.mono_ms


def _locker(entry: Entry) -> int | None:
    number = entry.body.get("locker")
    return number if type(number) is int and 1 <= number <= 99_999 else None
