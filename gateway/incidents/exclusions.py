"""Exclusions: local, dated, decided by a person, open to appeal. None changes a contract or locks a door.

A new contract there is refused while one is in force, unless a reason to make it all the same is recorded.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import BigInteger, ColumnElement, Select, String, bindparam, or_, select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.care.files import note, note_in, open_file
from gateway.days import day_after, day_start, local_day
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.incidents.codes import AppealBy, AppealOutcome, IncidentKind
from gateway.incidents.models import Appeal, Exclusion
from gateway.incidents.service import incident_of
from gateway.incidents.visibility import at_sites, own_files, site_of
from gateway.paging import PAGE_SIZE, Page, page_of
from gateway.prepared import Prepared

MAX_DAYS = 366
# Made once: it is asked before each contract.
_HINDERING = Prepared(
    select(Exclusion.id)
    .where(
        Exclusion.person_id == bindparam("person", type_=String()),
        Exclusion.site_id == bindparam("site", type_=String()),
        Exclusion.from_at < Exclusion.until_at,
        Exclusion.from_at < bindparam("until", type_=BigInteger()),
        Exclusion.until_at > bindparam("from", type_=BigInteger()),
    )
    .order_by(Exclusion.from_at)
)


@dataclass(frozen=True)
class Warning:
    """What anyone at a desk may know of an exclusion: where, until which day, whom to ask; never why."""

    id: str
    site: str
    is_here: bool
    from_on: date
    until_on: date
    ask: str


def exclude(
    session: Session,
    *,
    person_id: str,
    site_id: str,
    from_on: date,
    until_on: date,
    reason: IncidentKind,
    text: str | None = None,
    incident_id: str | None = None,
    warns_elsewhere: bool = False,
    actor: str,
    now: int,
) -> Exclusion:
    """Someone stays away from this site on these days, a year at most; the contract stays what it was.

    Raises NotFoundError (`site`, `person`, `incident`), InvalidError (`exclusion_days`, `date`, `note`, `incident`),
    ConflictError (`excluded`, `erased`).
    """
    site = site_of(session, site_id, actor=actor)
    open_file(session, person_id)
    if not 0 <= (until_on - from_on).days < MAX_DAYS or until_on < local_day(site.zone, now):
        raise InvalidError("exclusion_days", f"an exclusion lasts from 1 to {MAX_DAYS} days, and ends today or later")
    if incident_id is not None and incident_of(session, incident_id, actor=actor).site_id != site_id:
        raise InvalidError("incident", "this incident happened at another site: an exclusion is local")
    start, end = max(day_start(site.zone, from_on), now), day_start(site.zone, day_after(until_on))
    met = session.scalar(
        select(Exclusion).where(
            Exclusion.person_id == person_id, Exclusion.site_id == site_id, Exclusion.from_at < Exclusion.until_at,
            Exclusion.from_at < end, Exclusion.until_at > start,
        )
    )  # fmt: skip
    if met is not None:
        raise ConflictError("excluded", f"they are excluded here from {met.from_on} to {met.until_on} already")
    exclusion = Exclusion(
        id=new_id(now), person_id=person_id, site_id=site_id, incident_id=incident_id, from_on=from_on,
        until_on=until_on, from_at=start, until_at=end, reason=reason.value, note=note(text),
        warns_elsewhere=warns_elsewhere, decided_by=actor, decided_at=now,
    )  # fmt: skip
    session.add(exclusion)
    session.flush()
    audit.record(
        session, actor=actor, action="person_excluded", subject=person_id, now=now, exclusion=exclusion.id,
        reason=reason.value,
    )  # fmt: skip
    return exclusion


def lift(session: Session, exclusion_id: str, *, actor: str, now: int) -> Exclusion:
    """Ends it now; lifting what is over changes nothing. Raises NotFoundError (`exclusion`)."""
    exclusion = exclusion_of(session, exclusion_id, actor=actor)
    if not is_over(exclusion, now):
        _end(exclusion, now, actor, now)
        session.flush()
        audit.record(
            session, actor=actor, action="exclusion_lifted", subject=exclusion.person_id, now=now,
            exclusion=exclusion.id,
        )  # fmt: skip
    return exclusion


def appeal(
    session: Session, exclusion_id: str, *, made_by: AppealBy, text: str | None = None, actor: str, now: int
) -> Appeal:
    """Someone asks that it be looked at again; one waits at a time.

    Raises NotFoundError (`exclusion`), InvalidError (`note`), ConflictError (`exclusion_over`, `appeal_waits`,
    `erased`).
    """
    exclusion = exclusion_of(session, exclusion_id, actor=actor)
    if is_over(exclusion, now):
        raise ConflictError("exclusion_over", "this exclusion is over: there is nothing to appeal against")
    if any(one.decided_at is None for one in exclusion.appeals):
        raise ConflictError("appeal_waits", "an appeal waits already: decide it first")
    made = Appeal(
        id=new_id(now), exclusion_id=exclusion.id, made_by=made_by.value,
        note=note_in(session, exclusion.person_id, text), recorded_by=actor, recorded_at=now,
    )  # fmt: skip
    exclusion.appeals.append(made)
    session.flush()
    audit.record(
        session, actor=actor, action="exclusion_appealed", subject=exclusion.person_id, now=now, appeal=made.id
    )
    return made


def decide(
    session: Session,
    appeal_id: str,
    *,
    outcome: AppealOutcome,
    until_on: date | None = None,
    text: str | None = None,
    actor: str,
    now: int,
) -> Appeal:
    """Upheld (by someone else than who excluded), shortened to a new last day, or lifted.

    Raises NotFoundError (`appeal`), InvalidError (`shorter`, `note`), ConflictError (`decided`, `own_decision`,
    `erased`).
    """
    made = session.get(Appeal, appeal_id)
    if made is None:
        raise NotFoundError("appeal", "no such appeal")
    exclusion = exclusion_of(session, made.exclusion_id, actor=actor)
    if made.decided_at is not None:
        raise ConflictError("decided", "this appeal was decided already")
    if outcome is AppealOutcome.UPHELD and exclusion.decided_by == actor:
        raise ConflictError("own_decision", "someone else decides whether your own decision stands")
    made.decision_note = note_in(session, exclusion.person_id, text)
    if outcome is AppealOutcome.SHORTENED:
        _shorten(exclusion, until_on, actor, now)
    elif outcome is AppealOutcome.LIFTED:
        _end(exclusion, now, actor, now)
    made.outcome, made.decided_by, made.decided_at = outcome.value, actor, now
    session.flush()
    audit.record(
        session, actor=actor, action="appeal_decided", subject=exclusion.person_id, now=now, appeal=made.id,
        outcome=outcome.value,
    )  # fmt: skip
    return made


def exclusion_of(session: Session, exclusion_id: str, *, actor: str) -> Exclusion:
    """Raises NotFoundError with code `exclusion`, also where `actor` does not see its site."""
    exclusion = session.scalar(_seen_by(session, actor).where(Exclusion.id == exclusion_id))
    if exclusion is None:
        raise NotFoundError("exclusion", "no such exclusion")
    return exclusion


def list_exclusions(
    session: Session, *, actor: str, site_id: str | None = None, person_id: str | None = None,
    at: int | None = None, after: str | None = None, limit: int = PAGE_SIZE, over: tuple[bool, int] | None = None,
    newest_first: bool = False,
) -> Page[Exclusion]:  # fmt: skip
    """Those of the sites and people that `actor` sees; with `at` only those in force then.

    `over`: whether those that are over at an instant, or those that are not.
    """
    query = _seen_by(session, actor)
    if site_id is not None:
        query = query.where(Exclusion.site_id == site_id)
    if person_id is not None:
        query = query.where(Exclusion.person_id == person_id)
    if at is not None:
        query = query.where(_in_force(at))
    if over is not None:
        is_over_by = or_(Exclusion.until_at <= over[1], Exclusion.from_at == Exclusion.until_at)
        query = query.where(is_over_by if over[0] else ~is_over_by)
    return page_of(session, query, Exclusion.id, after=after, limit=limit, newest_first=newest_first)


def warnings(session: Session, person_id: str, *, sites: Collection[str], now: int) -> Sequence[Warning]:
    """What the desk of one of these sites is shown: its own exclusions, and of other sites' those that safety requires.

    Raises NotFoundError (`person`), ConflictError (`erased`).
    """
    open_file(session, person_id)
    told = or_(Exclusion.site_id.in_(sites), Exclusion.warns_elsewhere.is_(True))
    query = select(Exclusion).where(Exclusion.person_id == person_id, _in_force(now), told)
    return [
        Warning(
            id=exclusion.id,
            site=exclusion.site.name,
            is_here=exclusion.site_id in sites,
            from_on=exclusion.from_on,
            until_on=last_day(exclusion),
            ask=exclusion.decided_by,
        )
        for exclusion in session.scalars(query.order_by(Exclusion.from_at))
    ]


def hindering(session: Session, person_id: str, *, site_id: str, from_at: int, until_at: int) -> Exclusion | None:
    """The exclusion from this site, and no other, that is in force at some moment of [from_at, until_at)."""
    session.flush()  # the question below does not see what is pending
    values = {"person": person_id, "site": site_id, "from": from_at, "until": until_at}
    found = _HINDERING.first(session.connection(), values)
    return None if found is None else session.get_one(Exclusion, found[0])


def last_day(exclusion: Exclusion) -> date:
    """The last day on which it is in force, after appeals."""
    return local_day(exclusion.site.zone, exclusion.until_at - 1)


def is_over(exclusion: Exclusion, at: int) -> bool:
    """Whether nobody stays away for it any more; one that was lifted before its first day never began."""
    return exclusion.until_at <= at or exclusion.from_at == exclusion.until_at


def _seen_by(session: Session, actor: str) -> Select[Exclusion]:
    at_site = at_sites(session, actor, Exclusion.site_id)
    return select(Exclusion).where(at_site, own_files(session, actor, Exclusion.person_id))


def _in_force(at: int) -> ColumnElement[bool]:
    return (Exclusion.from_at <= at) & (Exclusion.until_at > at)


def _end(exclusion: Exclusion, at: int, actor: str, now: int) -> None:
    exclusion.until_at = max(exclusion.from_at, min(exclusion.until_at, at))
    exclusion.lifted_by, exclusion.lifted_at = actor, now


def _shorten(exclusion: Exclusion, until_on: date | None, actor: str, now: int) -> None:
    last = last_day(exclusion)
    if until_on is None or not exclusion.from_on <= until_on < last:
        raise InvalidError("shorter", f"its new last day is {exclusion.from_on} or later, before {last}")
    _end(exclusion, day_start(exclusion.site.zone, day_after(until_on)), actor, now)
