"""Whose a tool library's things are: those of its scheme's organisation (staff/scope.py asks here)."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.loans.models import Consumable, Kit, Loan, Membership, Movement, Tool, ToolLocker
from gateway.loans.project_models import CollectiveAction, Project
from gateway.schemes.models import Scheme


def library_at(session: Session, locker_id: str) -> str | None:
    """The organisation whose tools are lent from that locker."""
    lends = select(Scheme.organisation_id).join(ToolLocker, ToolLocker.scheme_id == Scheme.id)
    return session.scalar(lends.where(ToolLocker.locker_id == locker_id))


def _is_own(session: Session, organisation_id: str, scheme_id: str | None) -> bool:
    """What is not there is said later, in the thing's own words."""
    owner = session.scalar(select(Scheme.organisation_id).where(Scheme.id == scheme_id))
    return owner in (None, organisation_id)


def _with_scheme(table: Any) -> Callable[[Session, str, str], bool]:
    def is_own(session: Session, organisation_id: str, row_id: str) -> bool:
        row = session.get(table, row_id)
        return row is None or _is_own(session, organisation_id, row.scheme_id)

    return is_own


def _with_member(table: Any) -> Callable[[Session, str, str], bool]:
    def is_own(session: Session, organisation_id: str, row_id: str) -> bool:
        row = session.get(table, row_id)
        return row is None or _is_own(session, organisation_id, row.membership.scheme_id)

    return is_own


def _movement(session: Session, organisation_id: str, movement_id: str) -> bool:
    row = session.get(Movement, movement_id)
    return row is None or _with_member(Loan)(session, organisation_id, row.loan_id)


OWN: Mapping[str, Callable[[Session, str, str], bool]] = {
    "library_id": _is_own,
    "membership_id": _with_scheme(Membership),
    "tool_id": _with_scheme(Tool),
    "kit_id": _with_scheme(Kit),
    "consumable_id": _with_scheme(Consumable),
    "action_id": _with_scheme(CollectiveAction),
    "loan_id": _with_member(Loan),
    "project_id": _with_member(Project),
    "movement_id": _movement,
}
