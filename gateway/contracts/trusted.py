"""People whom a holder trusts with the locker: a dated badge of their own, taken back at once."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.badges import service as badges
from gateway.badges.models import Badge
from gateway.contracts.holders import people_on
from gateway.contracts.holdings import zone_of
from gateway.contracts.models import TrustedPerson
from gateway.contracts.service import contract_of, open_decision
from gateway.contracts.states import Action
from gateway.days import day_after, day_start, local_day
from gateway.db import new_id
from gateway.errors import InvalidError, NotFoundError
from gateway.people.service import checked_name


def trust(
    session: Session, contract_id: str, *, person_id: str | None = None, name: str, from_on: date, until_on: date,
    badge_id: str | None = None, actor: str, now: int, seen: int | None = None,
) -> TrustedPerson:  # fmt: skip
    """A holder (`person_id`; the contract's file if None) names someone, from the first day to the last.

    Their badge opens within these days, as long as the contract does; suspensions and ends hold for it too.
    Raises InvalidError (`name`, `dates`, `person`), as badges.service.give, ConflictError (`transition`).
    """
    decision = open_decision(session, contract_id, Action.TRUST, actor=actor, now=now, seen=seen)
    contract, zone = decision.contract, zone_of(decision.contract)
    by = person_id or contract.person_id
    if by not in {one.person_id for one in people_on(contract, now)}:
        raise InvalidError("person", "only someone who is on the contract names a person they trust")
    if until_on < max(from_on, local_day(zone, now)):
        raise InvalidError("dates", "the last day of a trusted person is neither before the first nor over")
    made = TrustedPerson(
        id=new_id(now), contract_id=contract.id, person_id=by, name=checked_name(name), from_on=from_on,
        until_on=until_on, from_at=day_start(zone, from_on), until_at=day_start(zone, day_after(until_on)),
        added_by=actor, added_at=now,
    )  # fmt: skip
    contract.trusted.append(made)
    session.flush()
    if badge_id is not None:
        give_badge(session, made.id, badge_id=badge_id, actor=actor, now=now)
    decision.done("trusted_person_added", until=made.until_at)
    return made


def give_badge(session: Session, trusted_id: str, *, badge_id: str, actor: str, now: int) -> Badge:
    """A stock badge for a trusted person: the first, or another one. Raises NotFoundError (`trusted`), and as give."""
    named = trusted_of(session, trusted_id)
    if named.ended_at is not None or named.until_at <= now:
        raise InvalidError("dates", "this trusted person's days are over: name them again")
    site_id = contract_of(session, named.contract_id).holdings[0].locker.bank.site_id
    return badges.give_trusted(session, badge_id, trusted_id=named.id, site_id=site_id, actor=actor, now=now)


def distrust(session: Session, trusted_id: str, *, actor: str, now: int, seen: int | None = None) -> TrustedPerson:
    """Takes the trust back: their badges are dead at once; again changes nothing.

    Raises NotFoundError (`trusted`), ConflictError (`transition`).
    """
    named = trusted_of(session, trusted_id)
    if named.ended_at is not None:
        return named
    decision = open_decision(session, named.contract_id, Action.DISTRUST, actor=actor, now=now, seen=seen)
    stop(session, named, actor, now)
    decision.done("trusted_person_ended")
    return named


def stop(session: Session, named: TrustedPerson, actor: str, now: int) -> None:
    """Ends a trust, if it has not ended, and blocks its badges."""
    if named.ended_at is not None:
        return
    named.ended_at, named.ended_by = now, actor
    alive = select(Badge.id).where(Badge.trusted_id == named.id, Badge.revoked_at.is_(None))
    for badge_id in session.scalars(alive).all():
        badges.revoke(session, badge_id, reason="ended", actor=actor, now=now)


def trusted_of(session: Session, trusted_id: str) -> TrustedPerson:
    """Raises NotFoundError with code `trusted`."""
    found = session.get(TrustedPerson, trusted_id)
    if found is None:
        raise NotFoundError("trusted", "no such trusted person")
    return found
