"""When a locker may be given again: seen empty, cleaned and its lock checked since its last holder left it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, ColumnElement, ScalarSelect, String, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session

from gateway.access.changes import access_changed
from gateway.audit import service as audit
from gateway.contracts.models import Holding
from gateway.contracts.repository import has_locker, held_after
from gateway.custody.codes import USED, Check
from gateway.custody.let_in import has_been_let_in
from gateway.custody.models import Custody, LockerCheck
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError
from gateway.events.service import record
from gateway.lockers.models import Locker
from gateway.prepared import Prepared

_LACKING: Mapping[Check, str] = {
    Check.EMPTY: "has not been seen empty",
    Check.CLEANED: "has not been cleaned",
    Check.LOCK: "has not had its lock checked",
}

_LOCKER = bindparam("locker", type_=String())
# Made once, and asked at once: when its last holder's time was over, a custody not stored, since when it is known that
# somebody else used it, and each check's last time.
_STANDING = Prepared(
    select(
        select(func.max(Holding.until_at))
        .where(
            Holding.locker_id == _LOCKER,
            Holding.from_at < Holding.until_at,
            Holding.until_at <= bindparam("now"),
            Holding.waits_since.is_(None),
        )
        .scalar_subquery(),
        select(func.min(Custody.id))
        .where(Custody.locker_id == _LOCKER, Custody.stored_at.is_(None), Custody.closed_at.is_(None))
        .scalar_subquery(),
        *(
            select(func.max(LockerCheck.at))
            .where(LockerCheck.locker_id == _LOCKER, LockerCheck.kind == bindparam(kind))
            .scalar_subquery()
            for kind in (USED, *Check)
        ),
    )
)
_NOW = bindparam("now", type_=BigInteger())
_COMING = Prepared(
    select(Holding.id, Holding.from_at, Holding.waits_since)
    .where(Holding.locker_id == _LOCKER, held_after(_NOW))
    .order_by(Holding.from_at)
)
_HELD = Prepared(select(Holding.id).where(Holding.locker_id == _LOCKER, has_locker(_NOW)))


@dataclass(frozen=True)
class Readiness:
    """`left_at`: when its last holder's time was over; `lacking`: what nobody has confirmed since; `custody_id`: one
    that has begun and is not stored yet; `used_at`: since when it is known that somebody used it later who is not
    known as its holder, until all is confirmed."""

    left_at: int | None
    lacking: Sequence[Check]
    custody_id: str | None
    used_at: int | None

    @property
    def ready(self) -> bool:
        """Whether someone else may get the locker."""
        return not self.lacking and self.custody_id is None


def readiness(session: Session, locker: Locker, now: int) -> Readiness:
    """What is known of the locker since its last holding was over; nothing is asked of one that nobody has used."""
    session.flush()  # the question below does not see what is pending
    values = {"locker": locker.id, "now": now, **{kind: kind for kind in (USED, *map(str, Check))}}
    [(left_at, custody_id, used_at, *last)] = _STANDING.run(session.connection(), values)
    seen = dict(zip(Check, last, strict=True))
    # Looks from before such a use are gone (used.py): any that there is counts, whatever the clock said.
    since = max(0 if used_at is not None else -1, -1 if left_at is None else left_at)
    lacking = [check for check in Check if (-1 if seen[check] is None else seen[check]) < since]
    is_latest = used_at is not None and (left_at is None or left_at <= used_at)
    return Readiness(left_at, lacking, custody_id, used_at if lacking and is_latest else None)


def require_ready(session: Session, locker: Locker, now: int) -> None:
    """Before a locker goes to someone else now. Of a locker that is held now its holder's contract says more.

    Raises ConflictError with code `custody_open` (belongings are being taken out of it), or `locker_not_ready`, whose
    `lacking` names the checks that nobody has confirmed.
    """
    if _held(session, locker, now):
        return
    found = _put_away(session, locker, now)
    if found.lacking:
        missing = ", ".join(_LACKING[check] for check in found.lacking)
        since = (
            "its last holder"
            if found.used_at is None
            else "it was used by somebody who is not known here as its holder"
        )
        raise ConflictError(
            "locker_not_ready",
            f"locker {locker.number} {missing} since {since}: look, then confirm it on the locker's page",
            lacking=[check.value for check in found.lacking],
        )


def require_empty(session: Session, locker: Locker, now: int) -> None:
    """Before a locker that nobody holds is taken out of service: of nobody's things is lost sight.

    Raises ConflictError with code `custody_open` as require_ready, or `locker_not_empty`.
    """
    if Check.EMPTY in _put_away(session, locker, now).lacking:
        raise ConflictError(
            "locker_not_empty",
            f"nobody has seen locker {locker.number} empty since it was last used: look, then confirm it on the "
            "locker's page",
        )


def _put_away(session: Session, locker: Locker, now: int) -> Readiness:
    found = readiness(session, locker, now)
    if found.custody_id is not None:
        raise ConflictError(
            "custody_open",
            f"belongings from locker {locker.number} are not stored yet: finish that inventory first",
            custody=found.custody_id,
        )
    return found


def confirm(session: Session, locker: Locker, checks: Collection[Check], *, actor: str, now: int) -> Readiness:
    """Someone has seen it with their own eyes: the locker is empty, was cleaned, its lock works.

    Raises InvalidError (`checks`) if nothing is confirmed, ConflictError (`still_held`) while a contract has it, and
    (`custody_open`) for an empty locker whose belongings are not stored yet.
    """
    if not checks:
        raise InvalidError("checks", "say what was seen: empty, cleaned, lock")
    if _held(session, locker, now):
        raise ConflictError(
            "still_held", f"locker {locker.number} is held by a contract: its holder's things are inside"
        )
    if Check.EMPTY in checks and readiness(session, locker, now).custody_id is not None:
        raise ConflictError("custody_open", "finish the inventory first: storing it confirms that the locker is empty")
    return note(session, locker, checks, actor=actor, now=now)


def note(session: Session, locker: Locker, checks: Collection[Check], *, actor: str, now: int) -> Readiness:
    """Records what another step has established already."""
    for check in sorted(set(checks)):
        session.add(LockerCheck(id=new_id(now), locker_id=locker.id, kind=check.value, at=now, by=actor))
    session.flush()
    names = sorted(check.value for check in set(checks))
    audit.record(session, actor=actor, action="locker_checked", subject=locker.id, now=now, checks=names)
    record(session, "locker_checked", now=now, bank_id=locker.bank_id, locker=locker.number, checks=names)
    look_again(session, locker, now)
    return readiness(session, locker, now)


def look_again(session: Session, locker: Locker, now: int) -> None:
    """Settles who waits for the locker: the next one as long as it is not ready, whoever comes after them in any case.

    Someone who waits is shown the amber light, on their first day too (access/grants.py); who has once been let in is
    never asked again, also where this gateway's clock is behind their first day.
    """
    session.flush()  # the question below does not see what is pending
    coming = _COMING.run(session.connection(), {"locker": locker.id, "now": now})
    for turn, (holding_id, from_at, waits_since) in enumerate(coming):
        if from_at <= now and waits_since is None:
            continue
        waits = turn > 0 or not readiness(session, locker, now).ready
        holding = session.get_one(Holding, holding_id)
        if waits and waits_since is None and has_been_let_in(session, holding):
            continue
        holding.waits_since = (waits_since or now) if waits else None
    session.flush()
    access_changed(session, locker.bank_id)


def unready(now: int) -> ColumnElement[bool]:
    """The SQL of "not ready" for a query over lockers that nobody holds."""
    left = exists().where(
        Holding.locker_id == Locker.id,
        Holding.from_at < Holding.until_at,
        Holding.until_at <= now,
        Holding.waits_since.is_(None),
        or_(*(Holding.until_at > func.coalesce(_last(check), -1) for check in Check)),
    )
    taken_out = exists().where(Custody.locker_id == Locker.id, Custody.stored_at.is_(None), Custody.closed_at.is_(None))
    used = exists().where(LockerCheck.locker_id == Locker.id, LockerCheck.kind == USED)
    return or_(left, taken_out, and_(used, or_(*(_last(check).is_(None) for check in Check))))


def _last(check: Check) -> ScalarSelect[int]:
    return (
        select(func.max(LockerCheck.at))
        .where(LockerCheck.locker_id == Locker.id, LockerCheck.kind == check.value)
        .correlate(Locker)
        .scalar_subquery()
    )


def _held(session: Session, locker: Locker, now: int) -> bool:
    session.flush()  # the question below does not see what is pending
    return bool(_HELD.run(session.connection(), {"locker": locker.id, "now": now}))
