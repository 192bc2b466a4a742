"""The wall of lockers: for each door one state, from what the contracts say and what the bank last said."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import ColumnElement, Row, exists, func, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from gateway.access.commands import PENDING, SILENT_AFTER_MS, state_of
from gateway.access.models import CommandRecord, Controller
from gateway.access.repository import newest_versions
from gateway.contracts.models import Contract, Holding, Suspension
from gateway.contracts.repository import has_locker
from gateway.contracts.states import State, state_at
from gateway.custody.readiness import unready
from gateway.loans.models import ToolLocker
from gateway.lockers.models import Bank, Locker, Observation, Site
from gateway.lockers.sight import seen_by, sight_of
from gateway.people.models import Person

# Alarms stay on screen although the bank has gone silent; a merely open door then says nothing any more.
_ALARMS = ("forced", "tampered", "jammed", "open_too_long", "ajar")
Heard = Callable[[str], bool]
# So many banks are asked for by name; of more, everything is read.
_NAMED_AT_MOST = 500
# Of the block id, name, site's id, name, zone; of its controller, if one is joined, all the rest.
_BankRow = tuple[str, str, str, str, str, bool | None, int | None, int | None, int | None, int | None]


@dataclass
class _Held:
    """The contract that has a locker, as far as its tile needs it."""

    locker_id: str
    id: str
    person_id: str
    organisation_id: str
    signed_at: int | None
    ended_at: int | None
    from_at: int
    until_at: int
    collect_until: int
    suspensions: list[Suspension] = field(default_factory=list)


class _Door(NamedTuple):
    """A locker, as far as its tile needs it."""

    id: str
    bank_id: str
    number: int
    size: str | None
    lock: str


class _Seen(NamedTuple):
    """What the bank last said of a door."""

    bank_id: str
    number: int
    door: str
    fault: str | None
    out_of_service: bool
    since: int | None
    as_of: int | None
    last_opened_at: int | None


@dataclass(frozen=True)
class LockerView:
    """One door. `state`: forced, tampered, jammed, open_too_long, ajar, open, offline, out_of_service, to_empty,
    occupied, tools, free.

    `occupancy` is free, occupied, to_empty, allotted (a contract yet to start) or tools (a tool library lends from
    it); `door` is open, closed or unknown; `as_of` is the moment of the bank's last word on it, `pending` an order
    to open it under way. `organisation_id` is that of the person whose contract it is.
    """

    bank: str
    number: int
    size: str | None
    state: str
    occupancy: str
    door: str
    fault: str | None
    out_of_service: bool
    online: bool
    pending: bool
    since: int | None
    as_of: int | None
    last_opened_at: int | None
    contract_id: str | None
    person_id: str | None
    contract_state: str | None
    collect_until: int | None
    organisation_id: str | None


@dataclass(frozen=True)
class BankView:
    """One bank. `list_in_force` is what it says it follows, `list_issued` what it ought to (a pending change if they
    differ); `held_since`: from then on it waits to be reconciled."""

    id: str
    name: str
    site_id: str
    site: str
    zone: str
    joined: bool
    online: bool
    status_at: int | None
    held_since: int | None
    list_in_force: int
    list_in_force_since: int | None
    list_issued: int

    @property
    def held(self) -> bool:
        """Whether it waits to be reconciled."""
        return self.held_since is not None

    @property
    def pending(self) -> bool:
        """Whether a change has not reached the controller yet."""
        return self.joined and self.list_issued > self.list_in_force


def banks(
    session: Session, heard: Heard, *, bank_ids: Collection[str] | None = None, organisation_id: str | None = None
) -> list[BankView]:
    """Every bank, by id, or these, or those an organisation has a role at; `heard`: whether one was heard lately."""
    seen = sight_of(session, organisation_id).seen if organisation_id else bank_ids
    rows = session.execute(
        select(
            Bank.id, Bank.name, Bank.site_id, Site.name, Site.zone, Controller.online, Controller.status_at,
            Controller.held_since, Controller.list_in_force, Controller.list_in_force_since,
        )
        .join(Site, Site.id == Bank.site_id)
        .outerjoin(Controller, Controller.bank_id == Bank.id)
        .where(_among(Bank.id, seen))
        .order_by(Bank.id)
    )  # fmt: skip
    versions = newest_versions(session, seen)
    return [_bank_view(row, versions.get(row[0], 0), heard) for row in rows if seen is None or row[0] in seen]


def sizes(session: Session, banks: Collection[str] | None = None) -> Counter[str]:
    """How many lockers these banks, or all, have in service."""
    query = select(Locker.bank_id, func.count()).where(Locker.retired_at.is_(None), _among(Locker.bank_id, banks))
    return Counter({bank_id: count for bank_id, count in session.execute(query.group_by(Locker.bank_id))})


def lockers(
    session: Session,
    heard: Heard,
    *,
    now: int,
    bank_id: str | None = None,
    bank_ids: Collection[str] | None = None,
    after: tuple[str, int] | None = None,
    limit: int | None = None,
    organisation_id: str | None = None,
) -> list[LockerView]:
    """Lockers in service, by bank and number, of one bank or of several; `after` continues behind a (bank, number).

    An organisation sees its own people's in full and elsewhere only that a locker is occupied (sight.py).
    """
    query = (
        select(Locker.id, Locker.bank_id, Locker.number, Locker.size, Locker.lock)
        .where(Locker.retired_at.is_(None), _among(Locker.bank_id, bank_ids))
        .order_by(Locker.bank_id, Locker.number)
    )
    if bank_id is not None:
        query = query.where(Locker.bank_id == bank_id)
    if after is not None:
        query = query.where((Locker.bank_id > after[0]) | ((Locker.bank_id == after[0]) & (Locker.number > after[1])))
    if organisation_id is not None and bank_ids is None:
        query = query.where(Locker.bank_id.in_(sight_of(session, organisation_id).seen))
    if limit is not None:
        query = query.limit(limit)
    found = [_Door(*row) for row in session.execute(query)]
    of = sorted({locker.bank_id for locker in found})
    online = _online(session, heard, of)
    observed = _observed(session, of)
    held = _contracts_now(session, found, of, now)
    pending = _pending(session, now)
    left = _left(session, of, now)
    lends = set(session.scalars(select(ToolLocker.locker_id)))
    views = [
        _locker_view(
            locker,
            held.get(locker.id),
            observed.get((locker.bank_id, locker.number)),
            online[locker.bank_id],
            (locker.bank_id, locker.number) in pending,
            _occupancy(held.get(locker.id), locker.id in left, locker.id in lends, now),
            now,
        )
        for locker in found
    ]
    return views if organisation_id is None else seen_by(session, organisation_id, views, now)


def _bank_view(row: Row[*_BankRow], issued: int, heard: Heard) -> BankView:
    bank_id, name, site_id, site, zone, online, status_at, held_since, in_force, in_force_since = row
    return BankView(
        id=bank_id,
        name=name,
        site_id=site_id,
        site=site,
        zone=zone,
        joined=online is not None,
        online=bool(online) and heard(bank_id),
        status_at=status_at,
        held_since=held_since,
        list_in_force=in_force or 0,
        list_in_force_since=in_force_since,
        list_issued=issued,
    )


def _among(column: InstrumentedAttribute[str], banks: Collection[str] | None) -> ColumnElement[bool]:
    return true() if banks is None or len(banks) > _NAMED_AT_MOST else column.in_(sorted(banks))


def _online(session: Session, heard: Heard, banks: Collection[str]) -> dict[str, bool]:
    said = session.execute(select(Controller.bank_id, Controller.online).where(_among(Controller.bank_id, banks)))
    online = {bank for bank, online in said if online}
    return {bank: bank in online and heard(bank) for bank in banks}


def _observed(session: Session, banks: Collection[str]) -> Mapping[tuple[str, int], _Seen]:
    said = session.execute(
        select(
            Observation.bank_id, Observation.number, Observation.door, Observation.fault, Observation.out_of_service,
            Observation.since, Observation.as_of, Observation.last_opened_at,
        ).where(_among(Observation.bank_id, banks))
    )  # fmt: skip
    return {(row[0], row[1]): _Seen(*row) for row in said}


def _contracts_now(session: Session, found: Sequence[_Door], banks: Collection[str], now: int) -> Mapping[str, _Held]:
    """For each locker the contract that has it now, else the nearest to come."""
    holding = (Holding.until_at > now, Holding.from_at < Holding.until_at)
    query = (
        select(
            Holding.locker_id, Contract.id, Contract.person_id, Person.organisation_id, Contract.signed_at,
            Contract.ended_at, Contract.from_at, Contract.until_at, Contract.collect_until,
        )
        .join(Contract, Contract.id == Holding.contract_id)
        .join(Person, Person.id == Contract.person_id)
        .where(*holding)
        .order_by(Holding.from_at.desc())
    )  # fmt: skip
    if len(found) == 1:
        query = query.where(Holding.locker_id == found[0].id)
    else:
        query = query.join(Locker, Locker.id == Holding.locker_id).where(_among(Locker.bank_id, banks))
    held = {row.locker_id: _Held(*row) for row in session.execute(query)}
    by_contract = {one.id: one for one in held.values()}
    pauses = select(Suspension).where(Suspension.from_at <= now, Suspension.until_at > now)
    for pause in session.scalars(pauses):
        if pause.contract_id in by_contract:
            by_contract[pause.contract_id].suspensions.append(pause)
    return held


def _left(session: Session, banks: Collection[str], now: int) -> set[str]:
    """Lockers that wait to be confirmed empty, cleaned and checked."""
    inside = exists().where(Holding.locker_id == Locker.id, has_locker(now))
    query = select(Locker.id).where(Locker.retired_at.is_(None), _among(Locker.bank_id, banks), unready(now), ~inside)
    return set(session.scalars(query))


def _pending(session: Session, now: int) -> set[tuple[str, int | None]]:
    """Doors with an order to open them under way, of which the bank may still be heard."""
    orders = session.scalars(
        select(CommandRecord).where(
            CommandRecord.kind == "open",
            CommandRecord.requested_at > now - sum(SILENT_AFTER_MS.values()),
            CommandRecord.state.in_(PENDING),
        )
    )
    return {(order.bank_id, order.locker) for order in orders if state_of(order, now) in PENDING}


def _locker_view(
    locker: _Door,
    contract: _Held | None,
    seen: _Seen | None,
    online: bool,
    pending: bool,
    occupancy: str,
    now: int,
) -> LockerView:
    fault = seen.fault if seen else None
    out_of_service = seen is not None and seen.out_of_service
    door = seen.door if seen else "unknown"
    return LockerView(
        bank=locker.bank_id,
        number=locker.number,
        size=locker.size,
        # A lock with a key says nothing, so that its bank's silence says nothing of it.
        state=_state(occupancy, door, fault, online=online or locker.lock == "key", out_of_service=out_of_service),
        occupancy=occupancy,
        door=door,
        fault=fault,
        out_of_service=out_of_service,
        online=online,
        pending=pending,
        since=(seen.since or None) if seen else None,
        as_of=(seen.as_of or None) if seen else None,
        last_opened_at=seen.last_opened_at if seen else None,
        contract_id=contract.id if contract else None,
        person_id=contract.person_id if contract else None,
        contract_state=state_at(contract, now).value if contract else None,
        collect_until=contract.collect_until if contract else None,
        organisation_id=contract.organisation_id if contract else None,
    )


def _occupancy(contract: _Held | None, left: bool, lends: bool, now: int) -> str:
    """`left`: its last holder's time is over, and nobody has confirmed yet that it is ready for the next, who waits."""
    if lends:
        return "tools"
    state = state_at(contract, now) if contract else None
    if left:
        return "to_empty"
    if state is None:
        return "free"
    return {State.ENDING: "to_empty", State.UPCOMING: "allotted"}.get(state, "occupied")


def _state(occupancy: str, door: str, fault: str | None, *, online: bool, out_of_service: bool) -> str:
    if fault in _ALARMS:
        return str(fault)
    if not online:
        return "offline"
    if door == "open":
        return "open"
    if out_of_service:
        return "out_of_service"
    return "free" if occupancy == "allotted" else occupancy
