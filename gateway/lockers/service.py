"""Places and doors: organisations, sites, banks and their lockers."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.lockers.models import Bank, Locker, Organisation, Site
from gateway.people.service import checked_name
from wire.errors import MessageError
from wire.hours import site_zone
from wire.limits import MAX_LOCKERS
from wire.topics import is_controller_id

MAX_LOCKER_NUMBER = 99_999


def organisation_named(session: Session, name: str, *, actor: str, now: int) -> Organisation:
    """The organisation of that name, made if absent. Raises InvalidError with code `name`."""
    text = checked_name(name)
    found = session.scalar(select(Organisation).where(Organisation.name == text))
    if found is None:
        found = Organisation(id=new_id(now), name=text, created_at=now)
        session.add(found)
        session.flush()
        audit.record(session, actor=actor, action="organisation_added", subject=found.id, now=now)
    return found


def site_named(session: Session, name: str, *, organisation_id: str, zone: str, actor: str, now: int) -> Site:
    """The site of that name, made if absent. Raises InvalidError (`name`, `zone`), ConflictError (`site`)."""
    text = checked_name(name)
    try:
        site_zone(zone)
    except MessageError as error:
        raise InvalidError("zone", str(error)) from error
    found = session.scalar(select(Site).where(Site.name == text))
    if found is None:
        found = Site(id=new_id(now), organisation_id=organisation_id, name=text, zone=zone, created_at=now)
        session.add(found)
        session.flush()
        audit.record(session, actor=actor, action="site_added", subject=found.id, now=now)
    elif (found.zone, found.organisation_id) != (zone, organisation_id):
        raise ConflictError("site", f"a site of that name exists, with zone {found.zone} or another organisation")
    return found


def add_bank(session: Session, *, bank_id: str, site_id: str, name: str, actor: str, now: int) -> Bank:
    """A new bank. Raises InvalidError (`bank`, `name`), ConflictError (`bank`)."""
    if not is_controller_id(bank_id):
        raise InvalidError("bank", f"{bank_id[:60]!r} is not an id: use 1 to 40 of a-z, 0-9 and -")
    if session.get(Bank, bank_id) is not None:
        raise ConflictError("bank", f"bank {bank_id} exists already")
    bank = Bank(id=bank_id, site_id=site_id, name=checked_name(name), created_at=now)
    session.add(bank)
    session.flush()
    audit.record(session, actor=actor, action="bank_added", subject=bank_id, now=now)
    return bank


def add_lockers(session: Session, bank_id: str, numbers: Sequence[int], *, actor: str, now: int) -> list[Locker]:
    """Lockers the bank has not got yet; those it has stay. Raises InvalidError (`locker`), NotFoundError (`bank`)."""
    bank_of(session, bank_id)
    if any(not 1 <= number <= MAX_LOCKER_NUMBER for number in numbers):
        raise InvalidError("locker", f"a locker's number is 1 to {MAX_LOCKER_NUMBER}")
    known = set(session.scalars(select(Locker.number).where(Locker.bank_id == bank_id)))
    fresh = sorted(set(numbers) - known)
    if len(known) + len(fresh) > MAX_LOCKERS:
        raise InvalidError("locker", f"a bank has at most {MAX_LOCKERS} lockers")
    lockers = [Locker(id=new_id(now), bank_id=bank_id, number=number, in_service_since=now) for number in fresh]
    session.add_all(lockers)
    session.flush()
    if lockers:
        audit.record(session, actor=actor, action="lockers_added", subject=bank_id, now=now, count=len(lockers))
    return lockers


def bank_of(session: Session, bank_id: str) -> Bank:
    """Raises NotFoundError with code `bank`."""
    bank = session.get(Bank, bank_id)
    if bank is None:
        raise NotFoundError("bank", f"no bank {bank_id[:60]!r}")
    return bank


def locker_of(session: Session, bank_id: str, number: int) -> Locker:
    """Raises NotFoundError with code `bank` or `locker`."""
    bank_of(session, bank_id)
    locker = session.scalar(select(Locker).where(Locker.bank_id == bank_id, Locker.number == number))
    if locker is None or locker.retired_at is not None:
        raise NotFoundError("locker", f"bank {bank_id} has no locker {number}")
    return locker


def list_banks(session: Session) -> Sequence[Bank]:
    """Every bank, by id."""
    return session.scalars(select(Bank).order_by(Bank.id)).all()


def list_sites(session: Session) -> Sequence[Site]:
    """Every site, by name."""
    return session.scalars(select(Site).order_by(Site.name)).all()


def locker_count(session: Session, bank_id: str) -> int:
    """How many lockers of the bank are in service."""
    return (
        session.scalar(
            select(func.count()).select_from(Locker).where(Locker.bank_id == bank_id, Locker.retired_at.is_(None))
        )
        or 0
    )
