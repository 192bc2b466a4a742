"""Projects: a member's work on their home, from the asking to the end of the support."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.loans.codes import DroppedWhy, ProjectKind
from gateway.loans.conditions import require_decided
from gateway.loans.due import limits_of
from gateway.loans.members import membership_of
from gateway.loans.models import Membership
from gateway.loans.project_models import Project
from gateway.paging import PAGE_SIZE, Page, page_of
from gateway.people.service import checked_name, open_person


@dataclass(frozen=True)
class Figures:
    """Projects asked for in a time: how many, how many finished, and the means of those whose figure is known."""

    count: int
    finished: int
    mean_cost_cents: float | None
    mean_surface_dm2: float | None
    largest_surface_dm2: int | None


def add_project(
    session: Session,
    *,
    membership_id: str,
    kind: ProjectKind,
    title: str,
    asked_on: date,
    surface_dm2: int | None = None,
    cost_cents: int | None = None,
    actor: str,
    now: int,
) -> Project:
    """Someone asks for help with a work.

    Raises NotFoundError (`membership`), InvalidError (`name`, `surface`, `cost`), ConflictError (`left`,
    `erased`).
    """
    member = membership_of(session, membership_id)
    if member.ended_at is not None:
        raise ConflictError("left", "this membership has ended: let the person join again")
    open_person(session, member.person_id)
    project = Project(
        id=new_id(now), membership=member, kind=kind.value, title=checked_name(title), asked_on=asked_on,
        added_by=actor, added_at=now, decisions=[],
    )  # fmt: skip
    _measure(project, surface_dm2, cost_cents)
    session.add(project)
    _changed(session, project, "project_added", actor, now)
    return project


def measure(
    session: Session, project_id: str, *, surface_dm2: int | None, cost_cents: int | None, actor: str, now: int
) -> Project:
    """Its surface in square decimetres and its cost in cents, as known now; None: not known.

    Raises NotFoundError (`project`), InvalidError (`surface`, `cost`).
    """
    project = project_of(session, project_id)
    _measure(project, surface_dm2, cost_cents)
    _changed(session, project, "project_measured", actor, now)
    return project


def plan_work(session: Session, project_id: str, *, starts_on: date, actor: str, now: int) -> Project:
    """The work site's days: as many working days as the terms say, from `starts_on` or the next day that is not off.

    Raises NotFoundError (`project`), InvalidError (`dates`), ConflictError (`project_over`).
    """
    project = _running(session, project_id)
    if starts_on < project.asked_on:
        raise InvalidError("dates", f"the work cannot begin before it was asked for ({project.asked_on})")
    terms = project.membership.terms
    project.starts_on = terms.calendar.next_open(starts_on)
    project.ends_on = terms.calendar.after(project.starts_on, limits_of(terms).work_days)
    _changed(session, project, "project_planned", actor, now)
    return project


def start(session: Session, project_id: str, *, on: date, actor: str, now: int) -> Project:
    """The work begins, every condition met or excepted. Starting twice changes nothing.

    Raises NotFoundError (`project`), InvalidError (`dates`), ConflictError (`project_over`, `conditions`).
    """
    project = _running(session, project_id)
    if project.started_on is not None:
        return project
    if on < project.asked_on:
        raise InvalidError("dates", f"the work cannot begin before it was asked for ({project.asked_on})")
    require_decided(session, project)
    project.started_on = on
    _changed(session, project, "project_started", actor, now)
    return project


def finish(session: Session, project_id: str, *, on: date, actor: str, now: int) -> Project:
    """The work is done; support may go on.

    Raises NotFoundError (`project`), InvalidError (`dates`), ConflictError (`project_over`, `not_started`).
    """
    project = _running(session, project_id)
    if project.started_on is None:
        raise ConflictError("not_started", "this project has not begun: start it first, or drop it")
    if on < project.started_on:
        raise InvalidError("dates", f"the work cannot end before it began ({project.started_on})")
    project.finished_on = on
    _changed(session, project, "project_finished", actor, now)
    return project


def end_support(session: Session, project_id: str, *, on: date, actor: str, now: int) -> Project:
    """Nobody follows the project any more. Raises NotFoundError (`project`), InvalidError (`dates`)."""
    project = project_of(session, project_id)
    if on < project.asked_on:
        raise InvalidError("dates", f"support cannot end before it was asked for ({project.asked_on})")
    project.support_ended_on = on
    _changed(session, project, "project_support_ended", actor, now)
    return project


def drop(session: Session, project_id: str, *, why: DroppedWhy, actor: str, now: int) -> Project:
    """Given up; dropping twice changes nothing. Raises NotFoundError (`project`), ConflictError (`project_over`)."""
    project = project_of(session, project_id)
    if project.cancelled_at is None:
        _running(session, project_id)
        project.cancelled_at, project.cancelled_why = now, why.value
        _changed(session, project, "project_dropped", actor, now, why=why.value)
    return project


def project_of(session: Session, project_id: str) -> Project:
    """Raises NotFoundError with code `project`."""
    project = session.get(Project, project_id)
    if project is None:
        raise NotFoundError("project", "no such project")
    return project


def list_projects(
    session: Session, *, scheme_id: str | None = None, membership_id: str | None = None, after: str | None = None,
    limit: int = PAGE_SIZE,
) -> Page[Project]:  # fmt: skip
    """Projects in the order of their adding."""
    query = select(Project)
    if scheme_id is not None:
        query = query.where(Project.membership.has(Membership.scheme_id == scheme_id))
    if membership_id is not None:
        query = query.where(Project.membership_id == membership_id)
    return page_of(session, query, Project.id, after=after, limit=limit)


def figures(session: Session, *, scheme_id: str, first: date, last: date) -> Figures:
    """Of the projects asked for from `first` to `last`, both included; those given up are not counted."""
    row = session.execute(
        select(
            func.count(Project.id),
            func.count(Project.finished_on),
            func.avg(Project.cost_cents),
            func.avg(Project.surface_dm2),
            func.max(Project.surface_dm2),
        )
        .join(Membership, Membership.id == Project.membership_id)
        .where(
            Membership.scheme_id == scheme_id,
            Project.asked_on >= first,
            Project.asked_on <= last,
            Project.cancelled_at.is_(None),
        )
    ).one()
    return Figures(row[0], row[1], _mean(row[2]), _mean(row[3]), row[4])


def _mean(value: object) -> float | None:
    return None if value is None else float(str(value))


def _running(session: Session, project_id: str) -> Project:
    project = project_of(session, project_id)
    if project.finished_on is not None or project.cancelled_at is not None:
        raise ConflictError("project_over", "this project is over: add another")
    return project


def _measure(project: Project, surface_dm2: int | None, cost_cents: int | None) -> None:
    if surface_dm2 is not None and surface_dm2 < 1:
        raise InvalidError("surface", "a surface is above 0; leave it out if nobody has measured it")
    if cost_cents is not None and cost_cents < 0:
        raise InvalidError("cost", "a cost is 0 or more; leave it out if nobody knows it")
    project.surface_dm2, project.cost_cents = surface_dm2, cost_cents


def _changed(session: Session, project: Project, what: str, actor: str, now: int, **details: str) -> None:
    session.flush()
    audit.record(session, actor=actor, action=what, subject=project.id, now=now, **details)
