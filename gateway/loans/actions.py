"""What people do together, and who was there."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.loans.codes import ActionKind, Presence
from gateway.loans.members import member_here, tool_scheme
from gateway.loans.project_models import Attendance, CollectiveAction
from gateway.lockers.models import Site
from gateway.paging import PAGE_SIZE, Page, page_of
from gateway.people.service import checked_name


def add_action(
    session: Session, *, scheme_id: str, site_id: str, kind: ActionKind, title: str, starts_at: int, ends_at: int,
    actor: str, now: int,
) -> CollectiveAction:  # fmt: skip
    """Something to come to, or that was. Raises NotFoundError (`scheme`, `site`), InvalidError (`dates`, `name`)."""
    scheme, site = tool_scheme(session, scheme_id), session.get(Site, site_id)
    if site is None:
        raise NotFoundError("site", "no such site")
    if ends_at <= starts_at:
        raise InvalidError("dates", "it ends before it begins: give a later end")
    action = CollectiveAction(
        id=new_id(now), scheme_id=scheme.id, site=site, kind=kind.value, title=checked_name(title),
        starts_at=starts_at, ends_at=ends_at, added_by=actor, added_at=now, attendances=[],
    )  # fmt: skip
    session.add(action)
    session.flush()
    audit.record(session, actor=actor, action="action_added", subject=action.id, now=now, kind=kind.value)
    return action


def cancel_action(session: Session, action_id: str, *, actor: str, now: int) -> CollectiveAction:
    """It does not take place. Raises NotFoundError (`action`), ConflictError (`attended`: somebody was there)."""
    action = action_of(session, action_id)
    if any(one.presence == Presence.PRESENT for one in action.attendances):
        raise ConflictError("attended", "somebody was there: correct who was present first")
    if action.cancelled_at is None:
        action.cancelled_at = now
        audit.record(session, actor=actor, action="action_cancelled", subject=action.id, now=now)
    return action


def attend(
    session: Session, action_id: str, membership_id: str, presence: Presence, *, actor: str, now: int
) -> Attendance:
    """Whether a member is expected, or was there; saying it again corrects it.

    Raises NotFoundError (`action`, `membership`), InvalidError (`member_elsewhere`), ConflictError (`cancelled`).
    """
    action = action_of(session, action_id)
    member = member_here(session, membership_id, action.scheme_id)
    if action.cancelled_at is not None:
        raise ConflictError("cancelled", "this action was cancelled: add another")
    row = session.get(Attendance, (action.id, member.id))
    if row is None:
        row = Attendance(action_id=action.id, membership=member)
        action.attendances.append(row)
    row.presence, row.recorded_by, row.recorded_at = presence.value, actor, now
    session.flush()
    audit.record(
        session, actor=actor, action="attendance", subject=action.id, now=now, member=member.id,
        presence=presence.value,
    )  # fmt: skip
    return row


def action_of(session: Session, action_id: str) -> CollectiveAction:
    """Raises NotFoundError with code `action`."""
    action = session.get(CollectiveAction, action_id)
    if action is None:
        raise NotFoundError("action", "no such collective action")
    return action


def list_actions(
    session: Session, *, scheme_id: str | None = None, after: str | None = None, limit: int = PAGE_SIZE
) -> Page[CollectiveAction]:
    """Collective actions in the order of their adding."""
    query = select(CollectiveAction)
    if scheme_id is not None:
        query = query.where(CollectiveAction.scheme_id == scheme_id)
    return page_of(session, query, CollectiveAction.id, after=after, limit=limit)
