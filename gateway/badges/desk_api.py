"""At the desk, from a phone: a badge given by its printed number, a lost one replaced, one enrolled at the bank."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy.orm import Session

from gateway.access.schemas import CommandOut, command_out
from gateway.badges import enrolling, replacing, service, stock
from gateway.badges.desk_schemas import (
    AssignIn,
    CountsOut,
    EnrolIn,
    EnrolledIn,
    RecognisedIn,
    RecognisedOut,
    ReplacedOut,
    ReplaceIn,
    WhichBadge,
)
from gateway.badges.models import Badge
from gateway.badges.schemas import BadgeOut, badge_out
from gateway.contracts.models import TrustedPerson
from gateway.edge import Caller, Db, OrdersIn, Writing
from gateway.errors import ConflictError, NotFoundError
from gateway.lockers.sight import sight_of
from gateway.problems import responses
from gateway.staff import scope

router = APIRouter(prefix="/badges", tags=["badges"])
BadgeId = Annotated[str, Path(max_length=36)]
_CHANGES = responses(404, 409)


@router.get("/counts", summary="How many badges there are", responses=responses())
def count(database: Db, caller: Caller, site: Annotated[str | None, Query(max_length=36)] = None) -> CountsOut:
    """In stock, in use, and dead by why; of all sites in sight, if none is named."""
    with database.reading() as session:
        seen = None if caller.organisation_id is None else sight_of(session, caller.organisation_id).sites
        return CountsOut.model_validate(stock.counts(session, seen if site is None else {site}))


@router.post("/assign", summary="Give a badge by its printed number", responses=_CHANGES)
def assign(writing: Writing, caller: Caller, asked: AssignIn) -> BadgeOut:
    """It opens at once what their contracts give them."""
    with writing() as (session, now):
        if asked.person_id is not None:
            scope.require_named(session, caller, now, person_id=asked.person_id)
        site_id = asked.site_id or stock.only_site(session)
        badge = _given(session, asked, site_id, asked.person_id, asked.trusted_id, caller.staff_id, now)
        _recognise(session, badge, asked.recognised, caller.staff_id, now)
        return badge_out(badge)


@router.post("/{badge_id}/replace", summary="Replace a lost badge", responses=_CHANGES)
def replace(writing: Writing, caller: Caller, badge_id: BadgeId, asked: ReplaceIn) -> ReplacedOut:
    """The old badge is dead first, whatever becomes of the new one: where that one is refused, the old stays dead."""
    actor = caller.staff_id
    with writing() as (session, now):
        old = replacing.dead_first(session, badge_id, reason=asked.reason.value, actor=actor, now=now)
    with writing() as (session, now):
        old = service.badge_of(session, badge_id)
        new = _given(session, asked, old.site_id, old.person_id, old.trusted_id, actor, now)
        replacing.succeed(old, new)
        _recognise(session, new, asked.recognised, actor, now)
        return ReplacedOut(old=badge_out(old), new=badge_out(new))


@router.get("/{badge_id}/recognition", summary="How its owner was recognised", responses=responses(404))
def recognition(database: Db, _caller: Caller, badge_id: BadgeId) -> RecognisedOut:
    """What staff wrote when they gave the badge."""
    with database.reading() as session:
        return RecognisedOut.model_validate(replacing.recognition_of(session, badge_id))


@router.post("/enrol", status_code=202, summary="Ask a bank for a new badge", responses=responses(404, 503))
def enrol(writing: Writing, caller: Caller, orders: OrdersIn, where: EnrolIn) -> CommandOut:
    """The bank reports the next badge it does not know; then register it in stock, assign it, or replace another."""
    with writing() as (session, now):
        command = enrolling.ask(session, orders, where.bank, actor=caller.staff_id, now=now)
        return command_out(command, command, now)


@router.post("/enrol/{command_id}", status_code=201, summary="Take the badge into stock", responses=_CHANGES)
def enrolled(
    writing: Writing, caller: Caller, command_id: Annotated[str, Path(max_length=36)], badge: EnrolledIn
) -> BadgeOut:
    """The badge that was presented, under its printed number."""
    with writing() as (session, now):
        taken = enrolling.take(session, command_id, label=badge.printed, actor=caller.staff_id, now=now)
        return badge_out(taken)


def _given(
    session: Session, which: WhichBadge, site_id: str, person_id: str | None, trusted_id: str | None, actor: str,
    now: int,
) -> Badge:  # fmt: skip
    if which.enrolment is not None:
        label = f"B-{which.enrolment[-6:]}".upper()
        badge = enrolling.take(session, which.enrolment, label=label, person_id=person_id, actor=actor, now=now)
    elif which.printed is not None:
        badge = stock.by_printed_number(session, site_id, which.printed)
    else:
        badge = service.badge_of(session, which.badge_id or "")
    if trusted_id is not None:
        return _to_trusted(session, badge, trusted_id, site_id, actor, now)
    return service.give(session, badge.id, person_id=person_id or "", site_id=site_id, actor=actor, now=now)


def _to_trusted(session: Session, badge: Badge, trusted_id: str, site_id: str, actor: str, now: int) -> Badge:
    trusted = session.get(TrustedPerson, trusted_id)
    if trusted is None:
        raise NotFoundError("trusted", "no such trusted person")
    if trusted.ended_at is not None or trusted.until_at <= now:
        raise ConflictError("trusted_over", "their days are over: name them again with new ones first")
    if badge.trusted_id == trusted_id and badge.revoked_at is None:
        return badge
    return service.give_trusted(session, badge.id, trusted_id=trusted_id, site_id=site_id, actor=actor, now=now)


def _recognise(session: Session, badge: Badge, how: RecognisedIn | None, actor: str, now: int) -> None:
    if how is not None:
        replacing.recognise(session, badge.id, how=how.how.value, note=how.note, actor=actor, now=now)
