"""One incident as a page: whom it concerned, what was decided, and each next step. Nothing follows by itself."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.days import local_day
from gateway.errors import InvalidError
from gateway.incidents import exclusion_steps, exclusions, service, words
from gateway.incidents.codes import IncidentKind, Outcome, Part
from gateway.incidents.incident_shown import CLOSED, OPEN, concerned, decided, place_of
from gateway.incidents.models import Exclusion
from gateway.incidents.service import Concerned, incident_of
from gateway.lockers.models import Site
from gateway.people import choosing
from gateway.staff.service import names_of
from gateway.web.forms import Form
from gateway.web.steps import Change, named, take
from gateway.web.visit import Member, MemberVisit, Posted, PostedForm
from wire.hours import site_zone

router = APIRouter()
_WEEK = timedelta(days=7)


@router.get("/incidents/{incident_id}")
def incident_page(visit: MemberVisit, incident_id: str) -> Response:
    """One incident. Raises NotFoundError (`incident`)."""
    with visit.database.reading() as session:
        return _incident(visit, session, incident_id, Form())


@router.post("/incidents/{incident_id}/{step}")
def take_step(posted: PostedForm, incident_id: str, step: str) -> Response:
    """One step: the form's own name says which. Raises NotFoundError (`step`, `incident`)."""
    return take(
        posted, named(_STEPS, step)(posted), incident_id, f"/incidents/{incident_id}?done=incident_{step}",
        lambda session, form: _incident(posted.visit, session, incident_id, form, 422),
    )  # fmt: skip


def _add_concerned(posted: Posted) -> Change:
    part = posted.form.choice("part", list(Part))
    if not posted.form.get("person"):
        posted.form.text("name")

    def change(session: Session, incident_id: str, actor: str, now: int) -> object:
        person = choosing.found(session, posted.visit, posted.form) or ""
        return service.add_concerned(session, incident_id, person, Concerned(Part(part)), actor=actor, now=now)

    return change


def _exclude(posted: Posted) -> Change:
    form = posted.form
    person, first, last = form.text("person"), form.day("from_on"), form.day("until_on")

    def change(session: Session, incident_id: str, actor: str, now: int) -> object:
        incident = incident_of(session, incident_id, actor=actor)
        if person not in {one.person_id for one in incident.concerned}:
            raise InvalidError("person", "the incident does not concern this person")
        return exclusions.exclude(
            session, person_id=person, site_id=incident.site_id, from_on=first, until_on=last,
            reason=IncidentKind(incident.kind), text=form.get("note"), incident_id=incident_id,
            warns_elsewhere=form.get("warns_elsewhere") == "yes", actor=actor, now=now,
        )  # fmt: skip

    return change


def _close(posted: Posted) -> Change:
    outcome = posted.form.choice("became", list(Outcome))
    return lambda session, incident_id, actor, now: service.close(
        session, incident_id, outcome=Outcome(outcome), actor=actor, now=now
    )


_STEPS: Mapping[str, Callable[[Posted], Change]] = {
    "people": _add_concerned,
    "exclude": _exclude,
    "close": _close,
    **exclusion_steps.STEPS,
}


def _incident(visit: Member, session: Session, incident_id: str, form: Form, status: int = 200) -> Response:
    incident = incident_of(session, incident_id, actor=visit.staff.staff_id)
    zone = session.get_one(Site, incident.site_id).zone
    site, bank, number = place_of(session, incident)
    people = concerned(visit, session, incident)
    found = session.scalars(select(Exclusion).where(Exclusion.incident_id == incident_id).order_by(Exclusion.id)).all()
    today = local_day(zone, visit.now)
    if "from_on" not in form.values:
        form.values |= {"from_on": today.isoformat(), "until_on": (today + _WEEK).isoformat()}
    return visit.page(
        "incidents/incident.html",
        area="more",
        zone=site_zone(zone),
        status=status,
        form=form,
        url=f"/incidents/{incident.id}",
        incident=incident,
        kind=words.INCIDENTS[incident.kind],
        state=OPEN if incident.closed_at is None else CLOSED,
        outcome=words.OUTCOMES.get(incident.outcome or "", ""),
        by=names_of(session, [incident.recorded_by]).get(incident.recorded_by, ""),
        place=site,
        locker=(f"/lockers/{bank}/{number}", number) if bank else None,
        people=people,
        exclusions=decided(visit, session, [one for one in found if one.person_id in {who.id for who in people}]),
        excluded={one.person_id for one in found if not exclusions.is_over(one, visit.now)},
        same=choosing.to_choose(session, visit, form, visit.organisation_id),
        parts=visit.choices(words.PARTS),
        outcomes=visit.choices(words.OUTCOMES),
        appealing=visit.choices(words.APPEAL_BY),
        appeal_outcomes=visit.choices(words.APPEALS),
    )
