"""Badges over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query

from gateway.access.service import register_badge
from gateway.badges import pins, service, stock
from gateway.badges.schemas import BadgeIn, BadgeOut, GiveIn, PinIn, RevokeIn, RevokeReason, badge_out
from gateway.edge import PAGE, After, Caller, Db, Keys, Limit, PageOut, Writing
from gateway.problems import responses

router = APIRouter(prefix="/badges", tags=["badges"])
BadgeId = Annotated[str, Path(max_length=36)]
_CHANGES = responses(404, 409)


@router.get("", summary="Badges, in the order of their registering")
def list_badges(
    database: Db,
    caller: Caller,
    person: Annotated[str | None, Query(max_length=36)] = None,
    site: Annotated[str | None, Query(max_length=36)] = None,
    stock: bool = False,
    after: After = None,
    limit: Limit = PAGE,
) -> PageOut[BadgeOut]:
    """Narrowed by person and site; `stock`: live ones that belong to nobody yet."""
    with database.reading() as session:
        page = service.list_badges(
            session, person_id=person, site_id=site, stock=stock, organisation_id=caller.organisation_id, after=after,
            limit=limit,
        )  # fmt: skip
        return PageOut(items=[badge_out(badge) for badge in page.items], next=page.next)


@router.post("", status_code=201, summary="Register a badge", responses=_CHANGES)
def add_badge(writing: Writing, caller: Caller, keystore: Keys, badge: BadgeIn) -> BadgeOut:
    """Refused if the same badge is live at the site already."""
    with writing() as (session, now):
        added = register_badge(
            session,
            keystore,
            site_id=badge.site_id or stock.only_site(session),
            number=badge.number.get_secret_value(),
            label=badge.label,
            person_id=badge.person_id,
            actor=caller.staff_id,
            now=now,
        )
        return badge_out(added)


@router.get("/{badge_id}", summary="One badge", responses=responses(404))
def badge(database: Db, _caller: Caller, badge_id: BadgeId) -> BadgeOut:
    """Without its number or digest."""
    with database.reading() as session:
        return badge_out(service.badge_of(session, badge_id))


@router.post("/{badge_id}/give", summary="Give a stock badge to someone", responses=_CHANGES)
def give(writing: Writing, caller: Caller, badge_id: BadgeId, owner: GiveIn) -> BadgeOut:
    """It opens what their contracts give them."""
    with writing() as (session, now):
        site_id = service.badge_of(session, badge_id).site_id
        given = service.give(
            session, badge_id, person_id=owner.person_id, site_id=site_id, actor=caller.staff_id, now=now
        )
        return badge_out(given)


@router.post("/{badge_id}/revoke", summary="Revoke", responses=_CHANGES)
def revoke(
    writing: Writing, caller: Caller, badge_id: BadgeId, decision: Annotated[RevokeIn | None, Body()] = None
) -> BadgeOut:
    """Dead at once and for good: when this answers, the new list has been sent to the banks that are online."""
    reason = decision.reason if decision else RevokeReason("lost")
    with writing() as (session, now):
        revoked = service.revoke(session, badge_id, reason=reason.value, actor=caller.staff_id, now=now)
        return badge_out(revoked)


@router.post("/{badge_id}/pin", summary="Set, change or take away the PIN", responses=_CHANGES)
def pin(writing: Writing, caller: Caller, keystore: Keys, badge_id: BadgeId, wanted: PinIn) -> BadgeOut:
    """In force with the next list of the block; where no keypad works, the badge alone opens."""
    with writing() as (session, now):
        if wanted.pin is None:
            badge = pins.clear_pin(session, badge_id, actor=caller.staff_id, now=now)
        else:
            badge = pins.set_pin(
                session, keystore, badge_id, pin=wanted.pin.get_secret_value(), actor=caller.staff_id, now=now
            )
        return badge_out(badge)
