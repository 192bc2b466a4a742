"""Incidents, exclusions, hazards and uses of the override key as the API takes and gives them."""

from datetime import date
from typing import Annotated

from pydantic import Field

from gateway.care.files import MAX_NOTE
from gateway.custody.codes import Witness
from gateway.edge import Schema
from gateway.events.schemas import EventOut
from gateway.incidents.codes import (
    AppealBy,
    AppealOutcome,
    HazardAction,
    HazardKind,
    IncidentKind,
    KeyReason,
    Outcome,
    Part,
)
from gateway.incidents.models import Hazard, OverrideUse

Note = Field(None, max_length=MAX_NOTE)
At = Annotated[int, Field(ge=0, le=2**53, description="unix milliseconds")]


class ConcernedIn(Schema):
    """How one person was concerned; what is said of them alone."""

    person_id: str = Field(max_length=36)
    part: Part = Part.UNKNOWN
    note: str | None = Note


class IncidentIn(Schema):
    """What happened; `note` without names."""

    site_id: str = Field(max_length=36)
    kind: IncidentKind
    at: At | None = None
    locker_id: str | None = Field(None, max_length=36)
    people: list[ConcernedIn] = Field(default=[], max_length=50)
    note: str | None = Note


class ConcernedOut(Schema):
    """One person's part."""

    person_id: str
    part: str
    note: str | None


class IncidentOut(Schema):
    """An incident with those concerned; open until it has an outcome."""

    id: str
    site_id: str
    locker_id: str | None
    kind: str
    at: int
    note: str | None
    recorded_by: str
    recorded_at: int
    outcome: str | None
    closed_by: str | None
    closed_at: int | None
    concerned: list[ConcernedOut]


class ReportedOut(Schema):
    """What whoever reports gets back: the number of the case, and nothing of what others wrote."""

    id: str


class CloseIn(Schema):
    """What became of it."""

    outcome: Outcome


class ExclusionIn(Schema):
    """Who stays away from which site, both days included; `warns_elsewhere` only where safety requires it."""

    person_id: str = Field(max_length=36)
    site_id: str = Field(max_length=36)
    from_on: date
    until_on: date
    reason: IncidentKind
    incident_id: str | None = Field(None, max_length=36)
    warns_elsewhere: bool = False
    note: str | None = Note


class AppealIn(Schema):
    """Who asks for it, and why."""

    made_by: AppealBy
    note: str | None = Note


class DecideAppealIn(Schema):
    """`until_on`: the new last day of an exclusion that is shortened."""

    outcome: AppealOutcome
    until_on: date | None = None
    note: str | None = Note


class AppealOut(Schema):
    """An appeal; it waits while it has no outcome."""

    id: str
    exclusion_id: str
    made_by: str
    note: str | None
    recorded_at: int
    outcome: str | None
    decision_note: str | None
    decided_by: str | None
    decided_at: int | None


class ExclusionOut(Schema):
    """An exclusion, in force in [from_at, until_at)."""

    id: str
    person_id: str
    site_id: str
    incident_id: str | None
    from_on: date
    until_on: date
    from_at: int
    until_at: int
    reason: str
    note: str | None
    warns_elsewhere: bool
    decided_by: str
    decided_at: int
    lifted_by: str | None
    lifted_at: int | None
    appeals: list[AppealOut]


class WarningOut(Schema):
    """What a desk is told: where, until when, and whom of the staff to ask; never why."""

    site: str
    is_here: bool
    from_on: date
    until_on: date
    ask: str


class HazardIn(Schema):
    """What may be in which locker."""

    bank: str = Field(max_length=40)
    number: int = Field(ge=1, le=99_999)
    kind: HazardKind
    note: str | None = Note


class InspectIn(Schema):
    """What two saw and did; `witness` says who the second one was."""

    witness_kind: Witness
    witness: str | None = Field(None, max_length=200)
    found: HazardKind
    action: HazardAction
    at: At | None = None
    note: str | None = Note


class NoticeIn(Schema):
    """The written notice, in the holder's language."""

    text: str = Field(min_length=1, max_length=MAX_NOTE)


class HazardOut(Schema):
    """A hazard and how far it got: reported, inspected, told, closed."""

    id: str
    bank: str
    number: int
    contract_id: str | None
    kind: str
    note: str | None
    reported_by: str
    reported_at: int
    witness_kind: str | None
    witness: str | None
    found: str | None
    action: str | None
    found_note: str | None
    inspected_by: str | None
    inspected_at: int | None
    notice: str | None
    notice_at: int | None
    closed_at: int | None


class OverrideIn(Schema):
    """When the key was used, up to now, and why; an inspection needs a witness."""

    bank: str = Field(max_length=40)
    number: int = Field(ge=1, le=99_999)
    from_at: At
    until_at: At
    reason: KeyReason
    witness_kind: Witness | None = None
    note: str | None = Note


class OverrideOut(Schema):
    """A declared use of the key."""

    id: str
    bank: str
    number: int
    from_at: int
    until_at: int
    reason: str
    witness_kind: str | None
    note: str | None
    declared_by: str
    declared_at: int


class ForcedOut(Schema):
    """An entry `door_forced`, as it came and as it stays, with the declaration that explains it, if there is one."""

    entry: EventOut
    explained_by: OverrideOut | None


def hazard_out(hazard: Hazard) -> HazardOut:
    """With its locker by bank and number."""
    values = {name: getattr(hazard, name) for name in HazardOut.model_fields if name not in ("bank", "number")}
    return HazardOut(bank=hazard.locker.bank_id, number=hazard.locker.number, **values)


def override_out(use: OverrideUse) -> OverrideOut:
    """With its locker by bank and number."""
    values = {name: getattr(use, name) for name in OverrideOut.model_fields if name not in ("bank", "number")}
    return OverrideOut(bank=use.locker.bank_id, number=use.locker.number, **values)
