"""Conditions of a scheme with their exceptions, decided by a worker for a project or for the whole membership."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError
from gateway.loans.codes import Outcome
from gateway.loans.models import Membership
from gateway.loans.project_models import ConditionDecision, Project
from gateway.people.service import open_person

_LETS_GO = frozenset({Outcome.MET, Outcome.EXCEPTED})


def decide(
    session: Session,
    member: Membership,
    project: Project | None,
    condition: str,
    outcome: Outcome,
    *,
    exception: str | None = None,
    note: str | None = None,
    actor: str,
    now: int,
) -> ConditionDecision:
    """What a worker decided; the newest counts, for a project before what was decided for the membership.

    Raises InvalidError (`condition`, `exception`: not one that the terms allow, or missing), ConflictError (`erased`).
    """
    known = {one.code: one for one in member.terms.conditions}
    if condition not in known:
        raise InvalidError("condition", f"the terms have no such condition; they have: {', '.join(known) or 'none'}")
    allowed = known[condition].exceptions
    if outcome is Outcome.EXCEPTED and exception not in allowed:
        raise InvalidError("exception", f"say which exception; the terms allow: {', '.join(allowed) or 'none'}")
    if note:
        open_person(session, member.person_id)
    made = ConditionDecision(
        id=new_id(now), membership_id=member.id, project_id=project.id if project else None, condition=condition,
        outcome=outcome.value, exception=exception if outcome is Outcome.EXCEPTED else None, note=note,
        decided_by=actor, decided_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    if project is not None:
        session.refresh(project, ["decisions"])
    audit.record(
        session, actor=actor, action="condition_decided", subject=member.id, now=now, condition=condition,
        outcome=outcome.value, exception=made.exception,
    )  # fmt: skip
    return made


def decided(session: Session, project: Project) -> dict[str, ConditionDecision]:
    """What counts for a project, by condition."""
    rows = session.scalars(
        select(ConditionDecision)
        .where(
            ConditionDecision.membership_id == project.membership_id,
            or_(ConditionDecision.project_id.is_(None), ConditionDecision.project_id == project.id),
        )
        .order_by(ConditionDecision.project_id.is_not(None), ConditionDecision.id)
    )
    return {row.condition: row for row in rows}


def undecided(session: Session, project: Project) -> list[str]:
    """Conditions that are neither met nor excepted yet."""
    found = decided(session, project)
    codes = [condition.code for condition in project.membership.terms.conditions]
    return [code for code in codes if code not in found or found[code].outcome not in _LETS_GO]


def require_decided(session: Session, project: Project) -> None:
    """Raises ConflictError with code `conditions`, naming those that are neither met nor excepted."""
    lacking = undecided(session, project)
    if lacking:
        raise ConflictError(
            "conditions",
            f"not met yet: {', '.join(lacking)}. Decide about each of them, or record why the person goes without",
            conditions=lacking,
        )
