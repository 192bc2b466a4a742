"""Whether someone may enter a scheme: each condition as found, exceptions with their reason, decided by a worker."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import String, bindparam, select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.care import files
from gateway.care.codes import Finding
from gateway.care.waiting_models import ConditionFinding, Eligibility
from gateway.contracts.models import Contract
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError
from gateway.paging import PAGE_SIZE, Page, page_of
from gateway.prepared import Prepared
from gateway.schemes.service import scheme_of
from gateway.schemes.terms import Condition

# Made once: it is asked with each contract.
_DECIDED = Prepared(
    select(Eligibility.id)
    .where(
        Eligibility.person_id == bindparam("person", type_=String()),
        Eligibility.scheme_id == bindparam("scheme", type_=String()),
    )
    .order_by(Eligibility.decided_at.desc(), Eligibility.id.desc())
)


@dataclass(frozen=True)
class Found:
    """What was found on one condition; an `exception` gives the scheme's code of its reason."""

    finding: Finding
    exception: str | None = None


def decide(
    session: Session,
    person_id: str,
    scheme_id: str,
    found: Mapping[str, Found],
    *,
    eligible: bool,
    note: str | None = None,
    keep: bool = False,
    actor: str,
    now: int,
) -> Eligibility:
    """A worker's decision. Conditions not named are `unknown`; one that is not met needs an exception to be eligible.

    A condition that the scheme has dropped is decided as long as a contract under the scheme asks it. With `keep` what
    is not named stays as found by the decision that holds, if that one lets the person in.

    Raises NotFoundError (`person`, `scheme`), InvalidError (`condition`, `exception`, `note`), ConflictError
    (`erased`, `condition_not_met`).
    """
    files.open_file(session, person_id)
    conditions = scheme_of(session, scheme_id).terms.conditions
    _check(_known(session, scheme_id, conditions, found), found)
    unmet = sorted(code for code, one in found.items() if one.finding is Finding.NOT_MET)
    if eligible and unmet:
        raise ConflictError(
            "condition_not_met",
            f"not met: {', '.join(unmet)}. Record the exception that holds, or decide that the person cannot enter",
            conditions=unmet,
        )
    decision = Eligibility(
        id=new_id(now), person_id=person_id, scheme_id=scheme_id, eligible=eligible, note=files.note(note),
        decided_at=now, decided_by=actor,
    )  # fmt: skip
    every = {condition.code: Found(Finding.UNKNOWN) for condition in conditions}
    every |= _kept(session, person_id, scheme_id) if keep else {}
    decision.findings = [
        ConditionFinding(condition=code, finding=one.finding.value, exception=one.exception)
        for code, one in {**every, **found}.items()
    ]
    session.add(decision)
    session.flush()
    exceptions = {code: one.exception for code, one in sorted(found.items()) if one.exception}
    audit.record(
        session, actor=actor, action="eligibility_decided", subject=person_id, now=now, scheme=scheme_id,
        eligible=eligible, exceptions=exceptions,
    )  # fmt: skip
    return decision


def latest(session: Session, person_id: str, scheme_id: str) -> Eligibility | None:
    """The decision that holds for this scheme; None if nobody has decided."""
    session.flush()  # the question below does not see what is pending
    found = _DECIDED.first(session.connection(), {"person": person_id, "scheme": scheme_id})
    return None if found is None else session.get_one(Eligibility, found[0])


def list_decisions(
    session: Session, person_id: str, *, after: str | None = None, limit: int = PAGE_SIZE
) -> Page[Eligibility]:
    """A person's decisions, in the order of their making."""
    query = select(Eligibility).where(Eligibility.person_id == person_id)
    return page_of(session, query, Eligibility.id, after=after, limit=limit)


def _known(
    session: Session, scheme_id: str, conditions: Iterable[Condition], found: Mapping[str, Found]
) -> dict[str, Condition]:
    """The scheme's conditions by code; where others are named, also those that its contracts were made under."""
    known = {condition.code: condition for condition in conditions}
    if not found.keys() <= known.keys():
        for terms in session.scalars(select(Contract.terms).where(Contract.scheme_id == scheme_id).distinct()):
            known = {condition.code: condition for condition in terms.conditions} | known
    return known


def _kept(session: Session, person_id: str, scheme_id: str) -> dict[str, Found]:
    holds = latest(session, person_id, scheme_id)
    if holds is None or not holds.eligible:
        return {}
    return {one.condition: Found(Finding(one.finding), one.exception) for one in holds.findings}


def _check(known: Mapping[str, Condition], found: Mapping[str, Found]) -> None:
    for code, one in found.items():
        if code not in known:
            names = ", ".join(known) or "none"
            raise InvalidError("condition", f"the scheme has no condition {code[:40]!r}; it has: {names}")
        if (one.finding is Finding.EXCEPTION) != (one.exception is not None):
            raise InvalidError("exception", f"{code}: an exception gives its reason, and nothing else does")
        if one.exception is not None and one.exception not in known[code].exceptions:
            allowed = ", ".join(known[code].exceptions) or "none"
            raise InvalidError("exception", f"{code}: unknown exception {one.exception[:40]!r}; known: {allowed}")
