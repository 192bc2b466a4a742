"""Projects with their conditions, and collective actions, over HTTP."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy.orm import Session

from gateway.edge import PAGE, After, Caller, Db, Limit, Now, PageOut
from gateway.loans import actions, conditions, projects
from gateway.loans.members import member_here, membership_of
from gateway.loans.project_models import Project
from gateway.loans.project_schemas import (
    ActionIn,
    ActionOut,
    AttendIn,
    DecisionIn,
    DecisionOut,
    DropIn,
    FiguresOut,
    MeasureIn,
    OnIn,
    ProjectIn,
    ProjectOut,
    action_out,
    project_out,
)
from gateway.problems import responses

router = APIRouter(tags=["tool library"])
Key = Annotated[str, Path(max_length=36)]
_CHANGES = responses(404, 409)


@router.get("/tool-libraries/{library_id}/projects", summary="Projects", responses=responses(404))
def list_projects(
    database: Db, _caller: Caller, library_id: Key, after: After = None, limit: Limit = PAGE
) -> PageOut[ProjectOut]:
    """In the order of their adding."""
    with database.reading() as session:
        page = projects.list_projects(session, scheme_id=library_id, after=after, limit=limit)
        return PageOut(items=[_shown(session, row) for row in page.items], next=page.next)


@router.post("/tool-libraries/{library_id}/projects", status_code=201, summary="A new project", responses=_CHANGES)
def add_project(database: Db, caller: Caller, now: Now, library_id: Key, project: ProjectIn) -> ProjectOut:
    """Someone asks for help with a work."""
    with database.writing() as session:
        member = member_here(session, project.membership_id, library_id)
        made = projects.add_project(
            session, membership_id=member.id, kind=project.kind, title=project.title,
            asked_on=project.asked_on, surface_dm2=project.surface_dm2, cost_cents=project.cost_cents,
            actor=caller.staff_id, now=now,
        )  # fmt: skip
        return _shown(session, made)


@router.get("/tool-libraries/{library_id}/project-figures", summary="Count and means", responses=responses(404))
def project_figures(
    database: Db,
    _caller: Caller,
    library_id: Key,
    first: Annotated[date, Query(description="projects asked for from this day")],
    last: Annotated[date, Query(description="to this day, included")],
) -> FiguresOut:
    """Projects that were given up are not counted."""
    with database.reading() as session:
        return FiguresOut.model_validate(projects.figures(session, scheme_id=library_id, first=first, last=last))


@router.post("/projects/{project_id}/measure", summary="Surface and cost", responses=responses(404))
def measure(database: Db, caller: Caller, now: Now, project_id: Key, found: MeasureIn) -> ProjectOut:
    """As known now."""
    with database.writing() as session:
        changed = projects.measure(
            session, project_id, surface_dm2=found.surface_dm2, cost_cents=found.cost_cents, actor=caller.staff_id,
            now=now,
        )  # fmt: skip
        return _shown(session, changed)


@router.post("/projects/{project_id}/conditions", summary="Decide about a condition", responses=_CHANGES)
def decide(database: Db, caller: Caller, now: Now, project_id: Key, decision: DecisionIn) -> DecisionOut:
    """The newest decision counts; an exception is one that the terms allow."""
    with database.writing() as session:
        project = projects.project_of(session, project_id)
        made = conditions.decide(
            session, project.membership, project, decision.condition, decision.outcome, exception=decision.exception,
            note=decision.note, actor=caller.staff_id, now=now,
        )  # fmt: skip
        return DecisionOut.model_validate(made)


@router.post("/memberships/{membership_id}/conditions", summary="Decide for every project", responses=_CHANGES)
def decide_for_all(database: Db, caller: Caller, now: Now, membership_id: Key, decision: DecisionIn) -> DecisionOut:
    """It counts for each project of the member about which nothing else was decided."""
    with database.writing() as session:
        made = conditions.decide(
            session, membership_of(session, membership_id), None, decision.condition, decision.outcome,
            exception=decision.exception, note=decision.note, actor=caller.staff_id, now=now,
        )  # fmt: skip
        return DecisionOut.model_validate(made)


@router.post("/projects/{project_id}/plan", summary="The work site's days", responses=_CHANGES)
def plan_work(database: Db, caller: Caller, now: Now, project_id: Key, start: OnIn) -> ProjectOut:
    """As many working days as the terms say."""
    with database.writing() as session:
        changed = projects.plan_work(session, project_id, starts_on=start.on, actor=caller.staff_id, now=now)
        return _shown(session, changed)


@router.post("/projects/{project_id}/start", summary="The work begins", responses=_CHANGES)
def start(database: Db, caller: Caller, now: Now, project_id: Key, when: OnIn) -> ProjectOut:
    """Every condition met or excepted."""
    with database.writing() as session:
        return _shown(session, projects.start(session, project_id, on=when.on, actor=caller.staff_id, now=now))


@router.post("/projects/{project_id}/finish", summary="The work is done", responses=_CHANGES)
def finish(database: Db, caller: Caller, now: Now, project_id: Key, when: OnIn) -> ProjectOut:
    """Support may go on."""
    with database.writing() as session:
        return _shown(session, projects.finish(session, project_id, on=when.on, actor=caller.staff_id, now=now))


@router.post("/projects/{project_id}/end-support", summary="Support ends", responses=_CHANGES)
def end_support(database: Db, caller: Caller, now: Now, project_id: Key, when: OnIn) -> ProjectOut:
    """Nobody follows the project any more."""
    with database.writing() as session:
        return _shown(session, projects.end_support(session, project_id, on=when.on, actor=caller.staff_id, now=now))


@router.post("/projects/{project_id}/drop", summary="Give it up", responses=_CHANGES)
def drop(database: Db, caller: Caller, now: Now, project_id: Key, dropping: DropIn) -> ProjectOut:
    """It leaves the figures."""
    with database.writing() as session:
        return _shown(session, projects.drop(session, project_id, why=dropping.why, actor=caller.staff_id, now=now))


@router.get("/tool-libraries/{library_id}/actions", summary="Collective actions", responses=responses(404))
def list_actions(
    database: Db, _caller: Caller, library_id: Key, after: After = None, limit: Limit = PAGE
) -> PageOut[ActionOut]:
    """In the order of their adding, with who came."""
    with database.reading() as session:
        page = actions.list_actions(session, scheme_id=library_id, after=after, limit=limit)
        return PageOut(items=[action_out(row) for row in page.items], next=page.next)


@router.post("/tool-libraries/{library_id}/actions", status_code=201, summary="A new action", responses=_CHANGES)
def add_action(database: Db, caller: Caller, now: Now, library_id: Key, action: ActionIn) -> ActionOut:
    """To come, or that was."""
    with database.writing() as session:
        made = actions.add_action(
            session, scheme_id=library_id, site_id=action.site_id, kind=action.kind, title=action.title,
            starts_at=action.starts_at, ends_at=action.ends_at, actor=caller.staff_id, now=now,
        )  # fmt: skip
        return action_out(made)


@router.post("/actions/{action_id}/attendance", summary="Who is expected, who was there", responses=_CHANGES)
def attend(database: Db, caller: Caller, now: Now, action_id: Key, one: AttendIn) -> ActionOut:
    """Saying it again corrects it."""
    with database.writing() as session:
        actions.attend(session, action_id, one.membership_id, one.presence, actor=caller.staff_id, now=now)
        return action_out(actions.action_of(session, action_id))


@router.post("/actions/{action_id}/cancel", summary="It does not take place", responses=_CHANGES)
def cancel_action(database: Db, caller: Caller, now: Now, action_id: Key) -> ActionOut:
    """Refused once somebody was there."""
    with database.writing() as session:
        return action_out(actions.cancel_action(session, action_id, actor=caller.staff_id, now=now))


def _shown(session: Session, row: Project) -> ProjectOut:
    return project_out(row, conditions.undecided(session, row))
