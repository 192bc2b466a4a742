"""Incidents as pages: those of one's sites, and a new one in a few taps."""

from datetime import date

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gateway.incidents import service, words
from gateway.incidents.codes import IncidentKind, Part
from gateway.incidents.incident_shown import by_month, line
from gateway.incidents.service import Concerned
from gateway.incidents.visibility import seen_sites, site_of
from gateway.loans.due import instant_of
from gateway.lockers.service import locker_of
from gateway.people import choosing
from gateway.people.service import person_of
from gateway.staff.rights import Right
from gateway.staff.scope import require_named
from gateway.web.formats import local
from gateway.web.forms import Form
from gateway.web.i18n import N_
from gateway.web.visit import Member, MemberVisit, PostedForm
from wire.hours import site_zone

router = APIRouter()
SHOWN = 25
_LIST = "/incidents"
_HOUR_MS = 3_600_000
_STATES = {"open": True, "closed": False}


@router.get(_LIST)
def incidents_page(visit: MemberVisit) -> Response:
    """The newest first: of one site, kind or person, open or closed, as asked."""
    asked = visit.request.query_params
    form = Form({name: asked.get(name, "") for name in ("site", "kind", "state", "person")})
    actor = visit.staff.staff_id
    person, site, kind = (form.get(name) or None for name in ("person", "site", "kind"))
    with visit.database.reading() as session:
        page = service.list_incidents(
            session, actor=actor, site_id=site, person_id=person, kind=kind,
            is_open=_STATES.get(form.get("state")), after=asked.get("after") or None, limit=SHOWN, newest_first=True,
        )  # fmt: skip
        sites = seen_sites(session, actor)
        return visit.page(
            "incidents/incidents.html",
            area="more",
            form=form,
            sites=[(one.id, one.name) for one in sites],
            kinds=[(code, text) for code, text, _detail in visit.choices(words.INCIDENTS)],
            states=[("open", visit.say(N_("Open"))), ("closed", visit.say(N_("Closed")))],
            person=person_of(session, person) if person else None,
            rows=[line(one, {site.id: site for site in sites}) for one in page.items],
            next=page.next,
            months=[] if person else by_month(visit, session, site, kind),
        )


@router.get(f"{_LIST}/new")
def new_page(visit: MemberVisit) -> Response:
    """The form that writes down what happened; person or locker are known where it is reached from their page."""
    asked = visit.request.query_params
    form = Form({name: asked.get(name, "")[:60] for name in ("person", "locker")} | {"name": "", "part": Part.UNKNOWN})
    with visit.database.reading() as session:
        when = local(visit.now, site_zone(_zone(visit, session, form)))
        form.values |= {"day": f"{when:%Y-%m-%d}", "time": f"{when:%H:%M}"}
        return _new(visit, session, form)


@router.post(_LIST)
def report(posted: PostedForm) -> Response:
    """Writes it down; nothing follows from it by itself."""
    form, visit = posted.form, posted.visit
    kind, day, minute = form.choice("kind", list(IncidentKind)), form.day("day"), form.minute("time")
    part = form.choice("part", list(Part)) if visit.may(Right.SEE_PEOPLE) else Part.UNKNOWN.value
    place = form.locker("locker") if form.get("locker") else None
    site_id = form.get("site") if place else form.text("site")

    def act(session: Session, now: int) -> str:
        locker = None
        if place is not None:
            require_named(session, visit.staff, now, bank=place[0])
            locker = locker_of(session, *place)
        site = site_of(session, locker.bank.site_id if locker else site_id, actor=visit.staff.staff_id)
        person = choosing.found(session, visit, form) if visit.may(Right.SEE_PEOPLE) else None
        made = service.report(
            session, site_id=site.id, kind=IncidentKind(kind), at=_past(site.zone, day, minute, now),
            locker_id=locker.id if locker else None, people={person: Concerned(Part(part))} if person else {},
            text=form.get("note"), actor=visit.staff.staff_id, now=now,
        )  # fmt: skip
        back = f"{_LIST}/{made.id}" if visit.may(Right.CASES) else "/"
        return f"{back}?done=incident_reported"

    return posted.act(act, lambda session, again: _new(visit, session, again, 422))


def _zone(visit: Member, session: Session, form: Form) -> str:
    """Of the locker's place, else of the first that there is to choose."""
    if form.get("locker"):
        return locker_of(session, *form.locker("locker")).bank.site.zone
    return next((site.zone for site in seen_sites(session, visit.staff.staff_id)), visit.home)


def _past(zone: str, day: date, minute: int, now: int) -> int:
    """The instant of a time of day; of an hour that a change of clocks repeats, the reading that is not yet to come."""
    later = instant_of(zone, day, minute)
    earlier = later - _HOUR_MS
    same = f"{local(earlier, site_zone(zone)):%H:%M}" == f"{local(later, site_zone(zone)):%H:%M}"
    return earlier if later > now and same else later


def _new(visit: Member, session: Session, form: Form, status: int = 200) -> Response:
    named = visit.may(Right.SEE_PEOPLE)
    known = person_of(session, form.get("person")) if named and form.get("person") else None
    locker = locker_of(session, *form.locker("locker")) if form.get("locker") else None
    return visit.page(
        "incidents/incident_new.html",
        area="more",
        status=status,
        form=form,
        known=known,
        locker=locker,
        names_people=named,
        same=[] if known else choosing.to_choose(session, visit, form, visit.organisation_id),
        sites=[(one.id, one.name) for one in seen_sites(session, visit.staff.staff_id)],
        kinds=visit.choices(words.INCIDENTS),
        parts=visit.choices(words.PARTS),
    )
