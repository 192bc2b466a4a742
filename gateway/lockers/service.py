"""Places and doors: organisations, sites, banks and their lockers."""

from collections.abc import Sequence

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session

from gateway.access.changes import access_changed
from gateway.audit import service as audit
from gateway.contracts.models import Holding
from gateway.custody.readiness import require_empty
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.loans.models import ToolLocker
from gateway.lockers.models import Allotment, Bank, Locker, Organisation, Site
from gateway.people.service import checked_name
from gateway.prepared import Prepared
from wire.errors import MessageError
from wire.hours import site_zone
from wire.limits import MAX_LOCKERS
from wire.topics import is_controller_id

MAX_LOCKER_NUMBER = 99_999
MAX_SIZE, MAX_LITRES = 16, 100_000
LOCKS = ("badge", "key")
_LOCKER = Prepared(
    select(Locker.id).where(
        Locker.bank_id == bindparam("bank"), Locker.number == bindparam("which"), Locker.retired_at.is_(None)
    )
)


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
        raise ConflictError("site_name", f"a site of that name exists, with zone {found.zone} or another organisation")
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


def add_lockers(
    session: Session,
    bank_id: str,
    numbers: Sequence[int],
    *,
    size: str | None = None,
    litres: int | None = None,
    lock: str = "badge",
    since: int | None = None,
    actor: str,
    now: int,
) -> list[Locker]:
    """Lockers the bank has not got yet; those it has stay. `since`: in service from then, not from now on.

    Raises InvalidError (`locker`, `size`, `litres`, `lock`), NotFoundError (`bank`).
    """
    bank_of(session, bank_id)
    if any(not 1 <= number <= MAX_LOCKER_NUMBER for number in numbers):
        raise InvalidError("locker", f"a locker's number is 1 to {MAX_LOCKER_NUMBER}")
    if lock not in LOCKS:
        raise InvalidError("lock", f"unknown lock {lock[:20]!r}; known: {', '.join(LOCKS)}")
    known = set(session.scalars(select(Locker.number).where(Locker.bank_id == bank_id)))
    fresh = sorted(set(numbers) - known)
    if len(known) + len(fresh) > MAX_LOCKERS:
        raise InvalidError("locker", f"a bank has at most {MAX_LOCKERS} lockers")
    begins = now if since is None else since
    lockers = [
        Locker(
            id=new_id(now), bank_id=bank_id, number=number, size=_size(size), litres=_litres(litres), lock=lock,
            in_service_since=begins,
        )
        for number in fresh
    ]  # fmt: skip
    session.add_all(lockers)
    session.flush()
    if lockers:
        audit.record(session, actor=actor, action="lockers_added", subject=bank_id, now=now, count=len(lockers))
        access_changed(session, bank_id)
    return lockers


def require_new(session: Session, bank_id: str, numbers: Sequence[int]) -> None:
    """None of these numbers was that of a locker that went out of service for good: its past stays in every figure.

    Raises ConflictError (`locker_retired`, whose `lockers` names them).
    """
    gone = select(Locker.number).where(
        Locker.bank_id == bank_id, Locker.number.in_(numbers), Locker.retired_at.is_not(None)
    )
    if retired := sorted(session.scalars(gone)):
        named = ", ".join(map(str, retired))
        raise ConflictError(
            "locker_retired", f"went out of service for good: {named}; number the new ones otherwise", lockers=retired
        )


def measure(
    session: Session, bank_id: str, number: int, *, size: str | None, litres: int | None, actor: str, now: int
) -> Locker:
    """How large a locker is, as staff call it and in litres. Raises InvalidError (`size`, `litres`), NotFoundError."""
    locker = locker_of(session, bank_id, number)
    locker.size, locker.litres = _size(size), _litres(litres)
    audit.record(
        session, actor=actor, action="locker_measured", subject=bank_id, now=now, locker=number, size=locker.size,
        litres=locker.litres,
    )  # fmt: skip
    return locker


def retire_locker(session: Session, bank_id: str, number: int, *, actor: str, now: int) -> Locker:
    """The locker is in service no more, nor kept for anyone; its past stays in every figure.

    Raises NotFoundError (`bank`, `locker`), ConflictError (`locker_taken`: someone holds it or will, `tool_locker`) and
    as custody.readiness.require_empty.
    """
    locker = locker_of(session, bank_id, number)
    # Drafts hold nothing yet: theirs begins and ends at once.
    held = select(Holding.id).where(
        Holding.locker_id == locker.id, Holding.until_at > now, Holding.from_at < Holding.until_at
    )
    if session.scalar(held.limit(1)) is not None:
        raise ConflictError("locker_taken", f"someone holds locker {number} or will: move or end that contract first")
    if session.get(ToolLocker, locker.id) is not None:
        raise ConflictError("tool_locker", f"locker {number} lends tools: stop that first")
    require_empty(session, locker, now)
    locker.retired_at = now
    open_ended = or_(Allotment.until_at.is_(None), Allotment.until_at > now)
    for kept in session.scalars(select(Allotment).where(Allotment.locker_id == locker.id, open_ended)):
        kept.until_at = max(kept.from_at, now)
    session.flush()
    audit.record(session, actor=actor, action="locker_retired", subject=bank_id, now=now, locker=number)
    access_changed(session, bank_id)
    return locker


def numbered(first: int, last: int) -> range:
    """The numbers from `first` to `last`, as many as a bank may have. Raises InvalidError with code `locker`."""
    if not first <= last < first + MAX_LOCKERS:
        raise InvalidError("locker", f"give the first number and then the last, at most {MAX_LOCKERS} lockers")
    return range(first, last + 1)


def site_of(session: Session, site_id: str) -> Site:
    """Raises NotFoundError with code `site`."""
    site = session.get(Site, site_id)
    if site is None:
        raise NotFoundError("site", "no such site")
    return site


def bank_of(session: Session, bank_id: str) -> Bank:
    """Raises NotFoundError with code `bank`."""
    bank = session.get(Bank, bank_id)
    if bank is None:
        raise NotFoundError("bank", f"no bank {bank_id[:60]!r}")
    return bank


def locker_of(session: Session, bank_id: str, number: int) -> Locker:
    """Raises NotFoundError with code `bank` or `locker`."""
    session.flush()  # the question below does not see what is pending
    found = _LOCKER.first(session.connection(), {"bank": bank_id, "which": number})
    if found is None:
        bank_of(session, bank_id)
        raise NotFoundError("locker", f"bank {bank_id} has no locker {number}")
    return session.get_one(Locker, found[0])


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


def list_organisations(session: Session) -> Sequence[Organisation]:
    """Every organisation, by name."""
    return session.scalars(select(Organisation).order_by(Organisation.name)).all()


def _size(size: str | None) -> str | None:
    text = (size or "").strip()
    if len(text) > MAX_SIZE or not text.isprintable():
        raise InvalidError("size", f"a size has at most {MAX_SIZE} characters, such as M or 1 m3")
    return text or None


def _litres(litres: int | None) -> int | None:
    if litres is not None and not 1 <= litres <= MAX_LITRES:
        raise InvalidError("litres", f"a volume is 1 to {MAX_LITRES} litres")
    return litres
