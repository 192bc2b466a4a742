"""Projects and collective actions as the API takes and gives them; surfaces in square decimetres, money in cents."""

from datetime import date
from typing import Annotated

from pydantic import Field

from gateway.edge import Schema
from gateway.loans.codes import ActionKind, DroppedWhy, Outcome, Presence, ProjectKind
from gateway.loans.project_models import CollectiveAction, Project
from gateway.loans.schemas import Cents, Key, Name

Surface = Annotated[int, Field(ge=1, le=10_000_000, description="square decimetres: 100 a m2")]


class ProjectIn(Schema):
    """A work that someone asks help with."""

    membership_id: Key
    kind: ProjectKind = ProjectKind.UNKNOWN
    title: Name
    asked_on: date
    surface_dm2: Surface | None = None
    cost_cents: Cents | None = None


class MeasureIn(Schema):
    """Surface and cost as known now; null: not known."""

    surface_dm2: Surface | None
    cost_cents: Cents | None


class OnIn(Schema):
    """The day something begins or ended."""

    on: date


class DropIn(Schema):
    """Why a project is given up."""

    why: DroppedWhy = DroppedWhy.UNKNOWN


class DecisionIn(Schema):
    """What was decided about a condition of the terms; `exception` is one of those they allow."""

    condition: str = Field(min_length=1, max_length=40)
    outcome: Outcome
    exception: str | None = Field(None, max_length=40)
    note: str | None = Field(None, max_length=1000)


class DecisionOut(Schema):
    """The decision about a condition that counts."""

    condition: str
    outcome: Outcome
    exception: str | None
    decided_at: int


class ProjectOut(Schema):
    """A project."""

    id: str
    membership_id: str
    person_id: str
    kind: ProjectKind
    title: str
    surface_dm2: int | None
    cost_cents: int | None
    asked_on: date
    starts_on: date | None
    ends_on: date | None
    started_on: date | None
    finished_on: date | None
    support_ended_on: date | None
    cancelled_why: DroppedWhy | None
    undecided: list[str] = Field(description="conditions neither met nor excepted yet")


class FiguresOut(Schema):
    """Of projects asked for within the dates, not given up; means are of those whose figure is known."""

    count: int
    finished: int
    mean_cost_cents: float | None
    mean_surface_dm2: float | None
    largest_surface_dm2: int | None


class ActionIn(Schema):
    """Something to do together."""

    site_id: Key
    kind: ActionKind
    title: Name
    starts_at: int = Field(ge=0, le=2**53)
    ends_at: int = Field(ge=0, le=2**53)


class AttendIn(Schema):
    """Whether a member is expected or was there."""

    membership_id: Key
    presence: Presence


class AttendanceOut(Schema):
    """One member's presence."""

    membership_id: str
    presence: Presence


class ActionOut(Schema):
    """A collective action and who came."""

    id: str
    site_id: str
    kind: ActionKind
    title: str
    starts_at: int
    ends_at: int
    cancelled_at: int | None
    attendances: list[AttendanceOut]


def project_out(row: Project, undecided: list[str]) -> ProjectOut:
    """A project with the conditions that are still open."""
    return ProjectOut(
        id=row.id, membership_id=row.membership_id, person_id=row.membership.person_id, kind=ProjectKind(row.kind),
        title=row.title, surface_dm2=row.surface_dm2, cost_cents=row.cost_cents, asked_on=row.asked_on,
        starts_on=row.starts_on, ends_on=row.ends_on, started_on=row.started_on, finished_on=row.finished_on,
        support_ended_on=row.support_ended_on,
        cancelled_why=DroppedWhy(row.cancelled_why) if row.cancelled_why else None, undecided=undecided,
    )  # fmt: skip


def action_out(row: CollectiveAction) -> ActionOut:
    """A collective action."""
    return ActionOut.model_validate(row)
