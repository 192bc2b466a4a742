"""The wall of lockers: for each door one state, from what the contracts say and what the bank last said."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from gateway.access.commands import PENDING, SILENT_AFTER_MS, state_of
from gateway.access.models import CommandRecord, Controller
from gateway.access.repository import newest_versions
from gateway.contracts.models import Contract, Holding
from gateway.contracts.repository import has_locker
from gateway.contracts.states import State, state_at
from gateway.custody.readiness import unready
from gateway.loans.models import ToolLocker
from gateway.lockers.models import Bank, Locker, Observation
from gateway.lockers.sight import seen_by, sight_of

# Alarms stay on screen although the bank has gone silent; a merely open door then says nothing any more.
_ALARMS = ("forced", "tampered", "jammed", "open_too_long", "ajar")
Heard = Callable[[str], bool]


@dataclass(frozen=True)
class LockerView:
    """One door. `state`: forced, tampered, jammed, open_too_long, ajar, open, offline, out_of_service, to_empty,
    occupied, tools, free.

    `occupancy` is free, occupied, to_empty, allotted (a contract yet to start) or tools (a tool library lends from
    it); `door` is open, closed or unknown; `as_of` is the moment of the bank's last word on it, `pending` an order
    under way.
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


@dataclass(frozen=True)
class BankView:
    """One bank. `list_in_force` is what it says it follows, `list_issued` what it ought to (a pending change if they
    differ); `held`: it waits to be reconciled."""

    id: str
    name: str
    site_id: str
    site: str
    zone: str
    joined: bool
    online: bool
    status_at: int | None
    held: bool
    list_in_force: int
    list_in_force_since: int | None
    list_issued: int

    @property
    def pending(self) -> bool:
        """Whether a change has not reached the controller yet."""
        return self.joined and self.list_issued > self.list_in_force


def banks(session: Session, heard: Heard, *, organisation_id: str | None = None) -> list[BankView]:
    """Every bank, by id, or those an organisation has a role at; `heard`: whether a bank has been heard lately."""
    versions = newest_versions(session)
    rows = session.execute(
        select(Bank, Controller).outerjoin(Controller, Controller.bank_id == Bank.id).order_by(Bank.id)
    )
    seen = sight_of(session, organisation_id).seen if organisation_id else None
    return [
        _bank_view(bank, controller, versions.get(bank.id, 0), heard)
        for bank, controller in rows
        if seen is None or bank.id in seen
    ]


def lockers(
    session: Session,
    heard: Heard,
    *,
    now: int,
    bank_id: str | None = None,
    after: tuple[str, int] | None = None,
    limit: int | None = None,
    organisation_id: str | None = None,
) -> list[LockerView]:
    """Lockers in service, by bank and number; `after` continues behind a (bank, number).

    An organisation sees its own people's in full and elsewhere only that a locker is occupied (sight.py).
    """
    query = select(Locker).where(Locker.retired_at.is_(None)).order_by(Locker.bank_id, Locker.number)
    if bank_id is not None:
        query = query.where(Locker.bank_id == bank_id)
    if after is not None:
        query = query.where((Locker.bank_id > after[0]) | ((Locker.bank_id == after[0]) & (Locker.number > after[1])))
    if organisation_id is not None:
        query = query.where(Locker.bank_id.in_(sight_of(session, organisation_id).seen))
    if limit is not None:
        query = query.limit(limit)
    found = session.scalars(query).all()
    online = {bank.id: bank.online for bank in banks(session, heard)}
    observed = {(row.bank_id, row.number): row for row in session.scalars(select(Observation))}
    held = _contracts_now(session, found, now)
    pending = _pending(session, now)
    left = _left(session, bank_id, now)
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


def _bank_view(bank: Bank, controller: Controller | None, issued: int, heard: Heard) -> BankView:
    return BankView(
        id=bank.id,
        name=bank.name,
        site_id=bank.site_id,
        site=bank.site.name,
        zone=bank.site.zone,
        joined=controller is not None,
        online=controller is not None and controller.online and heard(bank.id),
        status_at=controller.status_at if controller else None,
        held=controller is not None and controller.held_since is not None,
        list_in_force=controller.list_in_force if controller else 0,
        list_in_force_since=controller.list_in_force_since if controller else None,
        list_issued=issued,
    )


def _contracts_now(session: Session, found: Sequence[Locker], now: int) -> Mapping[str, Contract]:
    """For each locker the contract that has it now, else the nearest to come."""
    query = (
        select(Holding, Contract)
        .join(Contract, Contract.id == Holding.contract_id)
        .where(Holding.until_at > now, Holding.from_at < Holding.until_at)
        .order_by(Holding.from_at.desc())
    )
    if len(found) == 1:
        query = query.where(Holding.locker_id == found[0].id)
    return {holding.locker_id: contract for holding, contract in session.execute(query).unique()}


def _left(session: Session, bank_id: str | None, now: int) -> set[str]:
    """Lockers that wait to be confirmed empty, cleaned and checked."""
    inside = exists().where(Holding.locker_id == Locker.id, has_locker(now))
    query = select(Locker.id).where(Locker.retired_at.is_(None), unready(now), ~inside)
    return set(session.scalars(query if bank_id is None else query.where(Locker.bank_id == bank_id)))


def _pending(session: Session, now: int) -> set[tuple[str, int | None]]:
    """Doors with an order under way of which the bank may still be heard."""
    orders = session.scalars(
        select(CommandRecord).where(
            CommandRecord.requested_at > now - sum(SILENT_AFTER_MS.values()), CommandRecord.state.in_(PENDING)
        )
    )
    return {(order.bank_id, order.locker) for order in orders if state_of(order, now) in PENDING}


def _locker_view(
    locker: Locker,
    contract: Contract | None,
    seen: Observation | None,
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
        since=seen.since if seen else None,
        as_of=seen.as_of if seen else None,
        last_opened_at=seen.last_opened_at if seen else None,
        contract_id=contract.id if contract else None,
        person_id=contract.person_id if contract else None,
        contract_state=state_at(contract, now).value if contract else None,
        collect_until=contract.collect_until if contract else None,
    )


def _occupancy(contract: Contract | None, left: bool, lends: bool, now: int) -> str:
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
