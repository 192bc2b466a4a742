"""What a contract's scheme asks for today, once a period: a visit's day, a month, a year, or once and for all."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.contracts.models import Contract
from gateway.contracts.states import State, state_at
from gateway.days import local_day
from gateway.money import service
from gateway.money.codes import Kind
from gateway.money.models import Claim
from gateway.schemes.codes import Every
from gateway.schemes.terms import Contribution

_ASKED_IN = frozenset({State.UPCOMING, State.ACTIVE, State.SUSPENDED})


def period_of(contribution: Contribution, starts_on: date, day: date) -> str:
    """The name of the period that `day` falls in; years are counted from the contract's first day."""
    match contribution.every:
        case Every.ONCE:
            return "once"
        case Every.VISIT:
            return day.isoformat()
        case Every.MONTH:
            return f"{day.year:04}-{day.month:02}"
        case Every.YEAR:
            passed = (day.month, day.day) >= (starts_on.month, starts_on.day)
            return f"year-{day.year - starts_on.year + passed}"


def due_today(session: Session, contract: Contract, now: int) -> tuple[Contribution, str] | None:
    """The contribution and period that nobody has asked for yet; None if there is none, as for a draft or once over.

    Whoever pays before the first day, as when signing, pays for that day's period.
    """
    contribution = contract.terms.contribution
    if contribution is None or state_at(contract, now) not in _ASKED_IN:
        return None
    period = period_of(contribution, contract.starts_on, _day(contract, now))
    asked = session.scalar(
        select(Claim.id).where(
            Claim.contract_id == contract.id, Claim.kind == Kind.CONTRIBUTION.value, Claim.period == period
        )
    )
    return None if asked is not None else (contribution, period)


def ask(session: Session, contract: Contract, *, actor: str, now: int) -> Claim | None:
    """Opens today's contribution; None where the scheme asks for none, or it is there already."""
    due = due_today(session, contract, now)
    if due is None:
        return None
    contribution, period = due
    return service.open_claim(
        session, person_id=contract.person_id, kind=Kind.CONTRIBUTION, cents=contribution.cents,
        contract_id=contract.id, period=period, due_on=_day(contract, now), actor=actor, now=now,
    )  # fmt: skip


def _day(contract: Contract, now: int) -> date:
    return max(contract.starts_on, local_day(contract.holdings[0].locker.bank.site.zone, now))
