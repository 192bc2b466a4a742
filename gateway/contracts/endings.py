"""Ends that are planned."""

from datetime import date

from sqlalchemy.orm import Session

from gateway.contracts import holdings
from gateway.contracts.models import Contract
from gateway.contracts.service import How, announce_end, open_decision, say_how
from gateway.contracts.states import Action
from gateway.days import day_after, day_start, local_day
from gateway.errors import InvalidError


def plan_end(
    session: Session, contract_id: str, *, ends_on: date, reason: str, how: How | None = None, actor: str, now: int,
    seen: int | None = None,
) -> Contract:  # fmt: skip
    """An earlier last day, from today on, which the bank will know whatever happens; renewing takes it back.

    Until then the door tells that a message waits, unless the holder decided it.
    Raises InvalidError (`ends_on`, and as end), ConflictError (`transition`).
    """
    decision = open_decision(session, contract_id, Action.PLAN_END, actor=actor, now=now, seen=seen)
    contract, zone = decision.contract, holdings.zone_of(decision.contract)
    until = day_start(zone, day_after(ends_on))
    if ends_on < max(local_day(zone, now), contract.starts_on) or until > contract.until_at:
        raise InvalidError("ends_on", "the planned last day is today or later, and no later than the present one")
    say_how(contract, reason, how or How())
    contract.ends_on, contract.until_at = ends_on, until
    contract.collect_until = holdings.collect_end(contract)
    holdings.cut(contract)
    announce_end(contract, actor, now)
    decision.done("contract_end_planned", reason=reason, ends_on=ends_on.isoformat())
    return contract
