"""Care of a person as the API takes and gives it; instants unix milliseconds UTC, days in the site's zone."""

from datetime import date

from pydantic import Field

from gateway.care import codes
from gateway.care.cadence import Call
from gateway.care.files import MAX_NOTE
from gateway.care.looking_after import MAX_DAYS
from gateway.care.standing import Standing
from gateway.edge import Schema
from wire.limits import MAX_INSTANT

Note = Field(None, max_length=MAX_NOTE, description="for staff; sealed in the database")
At = Field(None, gt=0, le=MAX_INSTANT, description="when it was so, if not now")
_ID = Field(min_length=1, max_length=36)
_OPTIONAL_ID = Field(None, min_length=1, max_length=36)


class ContactIn(Schema):
    """A contact; a kind is enough."""

    kind: codes.ContactKind = Field(examples=["met"])
    place: codes.Place = codes.Place.UNKNOWN
    note: str | None = Note
    at: int | None = At


class ContactOut(Schema):
    """A contact that counts."""

    id: str
    person_id: str
    at: int
    kind: codes.ContactKind
    place: codes.Place
    note: str | None
    recorded_by: str
    recorded_at: int
    withdrawn_at: int | None


class WorkerIn(Schema):
    """Who looks after the person from now on."""

    staff_id: str = _ID


class CadenceIn(Schema):
    """How often this person is to be seen: null for no cadence; `as_scheme` gives it back to the scheme."""

    days: int | None = Field(None, ge=1, le=MAX_DAYS)
    as_scheme: bool = False
    note: str | None = Note


class StepIn(Schema):
    """A step agreed with the person."""

    topic: codes.Topic = Field(examples=["identity_papers"])
    what: str | None = Note
    due_on: date | None = None
    at: int | None = At


class StepCloseIn(Schema):
    """What became of a step."""

    result: codes.StepResult = Field(examples=["obtained"])
    note: str | None = Note
    at: int | None = At


class StepOut(Schema):
    """A step and its result."""

    id: str
    person_id: str
    topic: codes.Topic
    what: str | None
    agreed_at: int
    agreed_by: str
    due_on: date | None
    result: codes.StepResult
    note: str | None
    closed_at: int | None
    closed_by: str | None


class WishIn(Schema):
    """A wish or a refusal."""

    kind: codes.WishKind
    topic: codes.Topic = Field(examples=["housing"])
    note: str | None = Note
    at: int | None = At


class WishOut(Schema):
    """A wish or a refusal; it holds until `ended_at`."""

    id: str
    person_id: str
    kind: codes.WishKind
    topic: codes.Topic
    note: str | None
    said_at: int
    recorded_by: str
    ended_at: int | None


class SupportIn(Schema):
    """One act of support."""

    kind: codes.SupportKind = Field(examples=["food"])
    at: int | None = At
    note: str | None = Note
    contract_id: str | None = _OPTIONAL_ID
    partner_id: str | None = _OPTIONAL_ID
    certainty: codes.Certainty = codes.Certainty.STATED


class SupportOut(Schema):
    """One act of support that counts."""

    id: str
    person_id: str
    contract_id: str | None
    partner_id: str | None
    kind: codes.SupportKind
    at: int
    certainty: codes.Certainty
    note: str | None
    recorded_by: str
    recorded_at: int
    withdrawn_at: int | None


class Facts(Schema):
    """How things stand: leave out what was not asked; `unknown` is an answer."""

    identity_papers: codes.IdentityPapers | None = None
    residence: codes.Residence | None = None
    health_cover: codes.HealthCover | None = None
    income: codes.Income | None = None
    work: codes.Work | None = None
    address: codes.Address | None = None
    street_time: codes.StreetTime | None = None


class SnapshotIn(Facts):
    """A snapshot at entry or exit. Sent again, it replaces the facts it names and keeps the others."""

    moment: codes.Moment
    contract_id: str | None = _OPTIONAL_ID
    at: int | None = At
    certainty: codes.Certainty = codes.Certainty.STATED


class SnapshotOut(Facts):
    """A snapshot."""

    id: str
    person_id: str
    contract_id: str | None
    moment: codes.Moment
    at: int
    certainty: codes.Certainty
    recorded_by: str
    recorded_at: int


class ReviewIn(Schema):
    """Asks for a review."""

    why: codes.ReviewWhy = codes.ReviewWhy.ASKED


class ReviewDecideIn(Schema):
    """What was decided. Suspending or ending is then done at the contract."""

    decision: codes.ReviewDecision = Field(examples=["look_for"])
    note: str | None = Note
    next_on: date | None = Field(None, description="look again on this day, after today")


class ReviewOut(Schema):
    """A review; open until it was decided."""

    id: str
    person_id: str
    contract_id: str | None
    why: codes.ReviewWhy
    missed: int
    since: int
    opened_by: str | None
    decision: codes.ReviewDecision | None
    note: str | None
    next_on: date | None
    decided_at: int | None
    decided_by: str | None


class StandingOut(Schema):
    """Where a person stands today. Nothing here changes what their badge opens."""

    person_id: str
    name: str
    contract_id: str
    worker_id: str | None
    every_days: int | None = Field(description="the cadence that holds; null for none")
    call: Call
    due_on: date | None
    missed: int = Field(description="contacts that did not come since the last one")
    no_news_days: int
    long_silent: bool = Field(description="longer without news than the scheme finds usual")
    last_contact: date | None
    last_used: date | None = Field(description="the day they last opened a locker of theirs")


def standing_out(one: Standing) -> StandingOut:
    """A standing as the API gives it."""
    return StandingOut(
        person_id=one.person.id,
        name=one.person.name,
        contract_id=one.contract_id,
        worker_id=one.worker_id,
        every_days=one.every_days,
        call=one.due.call,
        due_on=one.due.due_on,
        missed=one.due.missed,
        no_news_days=one.due.no_news,
        long_silent=one.due.long_silent,
        last_contact=one.last_contact,
        last_used=one.last_used,
    )
