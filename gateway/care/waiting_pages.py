"""The waiting list as pages: who waits and for how long, and someone put onto it."""

from collections.abc import Sequence
from statistics import median

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.care import waiting, words
from gateway.care.codes import Source
from gateway.care.repository import today
from gateway.care.waiting import Wait
from gateway.care.waiting_shown import DAY_MS, how_long, referrals, rows
from gateway.days import midnight
from gateway.incidents.visibility import seen_sites
from gateway.people import choosing
from gateway.people.service import person_of
from gateway.schemes.models import Scheme
from gateway.schemes.service import scheme_of
from gateway.schemes.words import scheme_name
from gateway.staff.scope import require_organisation
from gateway.web.formats import days_long
from gateway.web.forms import Form
from gateway.web.i18n import N_
from gateway.web.visit import Member, MemberVisit, PostedForm

router = APIRouter()
SHOWN = 25
FIRST_YEAR = 2000
_LIST = "/waiting"


@router.get(_LIST)
def waiting_page(visit: MemberVisit) -> Response:
    """Who waits, the longest first, of one scheme or for one place if asked."""
    asked = visit.request.query_params
    form = Form({"scheme": asked.get("scheme", ""), "site": asked.get("site", "")})
    scheme, site, mine = form.get("scheme") or None, form.get("site") or None, visit.organisation_id
    with visit.database.reading() as session:
        since = waiting.waiting_since(session, scheme_id=scheme, site_id=site, organisation_id=mine)
        page = waiting.list_waiting(
            session, scheme_id=scheme, site_id=site, organisation_id=mine, after=asked.get("after") or None, limit=SHOWN
        )
        return visit.page(
            "care/waiting.html",
            area="more",
            form=form,
            schemes=_schemes(visit, session, mine),
            sites=[(one.id, one.name) for one in seen_sites(session, visit.staff.staff_id)],
            rows=rows(visit, session, page.items, since[0] if since else visit.now),
            next=page.next,
            count=len(since),
            bars=how_long(since, visit.now),
            longest=days_long(visit.now - since[0], visit.language) if since else "",
            middle=_half_for(since, visit),
        )


def _half_for(since: Sequence[int], visit: Member) -> str:
    """How long half of them have waited at least; empty where that says nothing more than the longest wait."""
    if len(since) < 3:
        return ""
    waited = round(visit.now - median(since))
    said = days_long(waited, visit.language)
    return said if waited >= DAY_MS and said != days_long(visit.now - since[0], visit.language) else ""


@router.get(f"{_LIST}/new")
def new_page(visit: MemberVisit) -> Response:
    """The form that puts someone onto a list; someone with a file comes from their page."""
    with visit.database.reading() as session:
        person = visit.request.query_params.get("person", "")
        day = today(session, visit.now).isoformat()
        return _new(visit, session, Form({"person": person, "name": "", "day": day, "scheme": "", "referral": ""}))


@router.post(_LIST)
def add(posted: PostedForm) -> Response:
    """Whoever has no file gets one; then the person waits, from the day that is said."""
    form, visit = posted.form, posted.visit
    scheme_id, source = form.text("scheme"), form.choice("source", list(Source))
    day = form.day("day", FIRST_YEAR)
    if not form.get("person"):
        form.text("name")

    def act(session: Session, now: int) -> str:
        scheme = scheme_of(session, scheme_id)
        require_organisation(visit.organisation_id, scheme.organisation_id)
        person_id = choosing.chosen(session, visit, form, scheme.organisation_id, now)
        wait = Wait(
            scheme_id, Source(source), site_id=form.get("site") or None, referral_id=form.get("referral") or None,
            reach=form.get("reach"), note=form.get("note"),
        )  # fmt: skip
        since = now if day == today(session, now) else midnight(visit.home, day)
        entry = waiting.add_to_list(session, person_id, wait, since=since, actor=visit.staff.staff_id, now=now)
        return f"{_LIST}/{entry.id}?done=waiting_added"

    return posted.act(act, lambda session, again: _new(visit, session, again, 422))


def _new(visit: Member, session: Session, form: Form, status: int = 200) -> Response:
    person_id = form.get("person")
    known = person_of(session, person_id) if person_id not in ("", choosing.NEW) else None
    scheme = session.get(Scheme, form.get("scheme"))
    same = [] if known else choosing.to_choose(session, visit, form, scheme.organisation_id if scheme else None)
    return visit.page(
        "care/waiting_new.html",
        area="more",
        status=status,
        form=form,
        known=known,
        same=[*same, (choosing.NEW, visit.say(N_("Someone else: a new file")), "")] if same else [],
        schemes=_schemes(visit, session, known.organisation_id if known else visit.organisation_id),
        sites=[(one.id, one.name) for one in seen_sites(session, visit.staff.staff_id)],
        sources=visit.choices(words.SOURCES),
        referrals=referrals(visit, session, known),
    )


def _schemes(visit: Member, session: Session, organisation_id: str | None) -> list[tuple[str, str]]:
    query = select(Scheme).where(Scheme.closed_at.is_(None)).order_by(Scheme.name)
    if organisation_id is not None:
        query = query.where(Scheme.organisation_id == organisation_id)
    return [(one.id, scheme_name(one.name, visit.say)) for one in session.scalars(query)]
