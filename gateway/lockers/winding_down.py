"""A bank that is given up: no new contracts, and which contracts must move, by when and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.contracts.models import Contract, Holding
from gateway.days import day_after, day_start
from gateway.errors import InvalidError
from gateway.lockers.models import Bank, Locker, Works
from gateway.lockers.service import bank_of


@dataclass(frozen=True)
class Move:
    """A contract that must find another locker: `why` is winding_down or works, `by` the moment until which it may
    stay (None: no date is set)."""

    contract_id: str
    person_id: str
    bank: str
    number: int
    why: str
    by: int | None


def wind_down(session: Session, bank_id: str, *, closes_on: date | None = None, actor: str, now: int) -> Bank:
    """No new contracts from now on; `closes_on` is the last day, once it is known. Contracts and doors go on.

    Raises NotFoundError (`bank`), InvalidError (`date`, `dates`).
    """
    bank = bank_of(session, bank_id)
    if closes_on is not None and day_start(bank.site.zone, day_after(closes_on)) <= now:
        raise InvalidError("dates", f"the last day ({closes_on}) is over already")
    bank.winding_down_since = bank.winding_down_since or now
    bank.closes_on = closes_on
    day = closes_on.isoformat() if closes_on else None
    audit.record(session, actor=actor, action="bank_winding_down", subject=bank_id, now=now, closes_on=day)
    return bank


def keep(session: Session, bank_id: str, *, actor: str, now: int) -> Bank:
    """The bank is kept after all. Raises NotFoundError (`bank`)."""
    bank = bank_of(session, bank_id)
    if bank.winding_down_since is not None:
        bank.winding_down_since = bank.closes_on = None
        audit.record(session, actor=actor, action="bank_kept", subject=bank_id, now=now)
    return bank


def to_move(session: Session, now: int, *, bank_id: str | None = None) -> Sequence[Move]:
    """Contracts in banks that wind down, or in lockers with works ahead, by bank and number; each is named once."""
    found: dict[tuple[str, str], Move] = {}
    for move in (*_winding_down(session, now, bank_id), *_under_works(session, now, bank_id)):
        found.setdefault((move.contract_id, f"{move.bank}/{move.number}"), move)
    return sorted(found.values(), key=lambda move: (move.bank, move.number))


def _winding_down(session: Session, now: int, bank_id: str | None) -> Iterator[Move]:
    query = _held(now).where(Bank.winding_down_since.is_not(None))
    for locker, contract in session.execute(query if bank_id is None else query.where(Bank.id == bank_id)):
        bank = locker.bank
        by = day_start(bank.site.zone, day_after(bank.closes_on)) if bank.closes_on else None
        yield Move(contract.id, contract.person_id, bank.id, locker.number, "winding_down", by)


def _under_works(session: Session, now: int, bank_id: str | None) -> Iterator[Move]:
    concerned: ColumnElement[bool] = (Works.locker_id.is_(None)) | (Works.locker_id == Locker.id)
    query = (
        _held(now)
        .add_columns(Works.from_at)
        .join(Works, (Works.bank_id == Bank.id) & concerned)
        .where(
            Works.cancelled_at.is_(None),
            Works.until_at > now,
            Holding.from_at < Works.until_at,
            Holding.until_at > Works.from_at,
        )
        .order_by(Works.from_at)
    )
    for locker, contract, begins in session.execute(query if bank_id is None else query.where(Bank.id == bank_id)):
        yield Move(contract.id, contract.person_id, locker.bank_id, locker.number, "works", begins)


def _held(now: int) -> Select[Locker, Contract]:
    return (
        select(Locker, Contract)
        .join(Bank, Bank.id == Locker.bank_id)
        .join(Holding, Holding.locker_id == Locker.id)
        .join(Contract, Contract.id == Holding.contract_id)
        .where(Holding.until_at > now, Holding.from_at < Holding.until_at, Contract.until_at > now)
    )
