"""What is asked before someone comes onto a contract: the scheme's conditions, no exclusion here, a named worker."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from gateway.care import eligibility, looking_after
from gateway.care.codes import Finding
from gateway.contracts import codes
from gateway.contracts.models import Contract
from gateway.errors import ConflictError
from gateway.incidents import exclusions
from gateway.incidents.models import Exclusion
from gateway.schemes.terms import Condition

_SETTLED = (Finding.MET.value, Finding.EXCEPTION.value)


def require_entry(
    session: Session, contract: Contract, people: Iterable[str], *, despite_exclusion: str | None = None, now: int
) -> str | None:
    """These people may come onto the contract from `now` on; answers the reason to record where an exclusion hinders.

    Raises InvalidError (`despite_exclusion`), ConflictError (`not_eligible`, `conditions_open`, `excluded_here`).
    """
    reasons = set()
    for person_id in people:
        _require_conditions(session, contract, person_id)
        reasons.add(_require_admitted(session, contract, person_id, despite_exclusion, now))
    return next((reason for reason in reasons if reason is not None), None)


def name_worker(session: Session, person_id: str, worker_id: str | None, *, actor: str, now: int) -> None:
    """Nobody is without a worker: the one named here, else the present one, else whoever makes the contract.

    A contract that no member of staff makes (an import, a command) leaves the person on the list of those without.
    Raises NotFoundError (`staff`), ConflictError (`erased`, `worker`).
    """
    present = looking_after.worker_of(session, person_id)
    chosen = worker_id or present or (actor if looking_after.is_staff(session, actor) else None)
    if chosen is not None and chosen != present:
        looking_after.name_worker(session, person_id, chosen, actor=actor, now=now)


def noted(despite: str | None) -> dict[str, str]:
    """What audit and feed are told of it."""
    return {} if despite is None else {"reason": despite}


def open_conditions(session: Session, contract: Contract, person_id: str) -> list[Condition]:
    """What the contract asks and nobody has settled for this person; all of it where they were found not eligible."""
    asked = contract.terms.conditions
    decision = eligibility.latest(session, person_id, contract.scheme_id) if asked else None
    settled = {one.condition for one in decision.findings if one.finding in _SETTLED} if decision else set()
    return [one for one in asked if one.code not in settled or (decision and not decision.eligible)]


def hindrance(session: Session, contract: Contract, person_id: str, now: int) -> Exclusion | None:
    """The exclusion, if any, that stands against this person on the contract from `now` on."""
    site_id = contract.holdings[0].locker.bank.site_id
    return exclusions.hindering(
        session, person_id, site_id=site_id, from_at=max(now, contract.from_at), until_at=contract.until_at
    )


def _require_conditions(session: Session, contract: Contract, person_id: str) -> None:
    lacking = [condition.code for condition in open_conditions(session, contract, person_id)]
    if not lacking:
        return
    decision = eligibility.latest(session, person_id, contract.scheme_id)
    if decision is not None and not decision.eligible:
        raise ConflictError(
            "not_eligible",
            "it was decided that this person cannot enter the scheme: record a new decision first, or choose another",
        )
    raise ConflictError(
        "conditions_open",
        f"not decided for this person: {', '.join(lacking)}. Record for each condition that it is met, or the "
        "exception that holds, then make the contract",
        conditions=lacking,
    )


def _require_admitted(
    session: Session, contract: Contract, person_id: str, despite: str | None, now: int
) -> str | None:
    reason = None if despite is None else codes.checked(codes.DespiteExclusion, despite, "despite_exclusion").value
    found = hindrance(session, contract, person_id, now)
    if found is None:
        return None
    if reason is None:
        site = contract.holdings[0].locker.bank.site
        until = exclusions.last_day(found)
        raise ConflictError(
            "excluded_here",
            f"this person is excluded from {site.name} until {until}: choose another site or a later first day, ask "
            "whoever decided it, or say why the contract is made all the same (despite_exclusion)",
            until_on=until.isoformat(),
            ask=found.decided_by,
        )
    return reason
