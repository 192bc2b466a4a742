"""Exclusions as pages: those of one's sites, with and without an incident, and one with its appeals."""

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gateway.incidents import exclusion_steps, exclusions, words
from gateway.incidents.incident_shown import decided, excluded_line
from gateway.incidents.visibility import seen_sites
from gateway.web.forms import Form
from gateway.web.i18n import N_
from gateway.web.steps import named, take
from gateway.web.visit import Member, MemberVisit, PostedForm
from wire.hours import site_zone

router = APIRouter()
SHOWN = 25
_LIST = "/exclusions"
_STATES = {"open": False, "over": True}


@router.get(_LIST)
def exclusions_page(visit: MemberVisit) -> Response:
    """The newest first: of one site, over or not, as asked."""
    asked = visit.request.query_params
    form = Form({name: asked.get(name, "") for name in ("site", "state")})
    actor, state = visit.staff.staff_id, form.get("state")
    with visit.database.reading() as session:
        page = exclusions.list_exclusions(
            session, actor=actor, site_id=form.get("site") or None, after=asked.get("after") or None, limit=SHOWN,
            over=(_STATES[state], visit.now) if state in _STATES else None, newest_first=True,
        )  # fmt: skip
        return visit.page(
            "incidents/exclusions.html",
            area="more",
            form=form,
            sites=[(one.id, one.name) for one in seen_sites(session, actor)],
            states=[("open", visit.say(N_("In force or to come"))), ("over", visit.say(N_("Over")))],
            rows=[excluded_line(visit, session, one) for one in page.items],
            next=page.next,
        )


@router.get(f"{_LIST}/{{exclusion_id}}")
def exclusion_page(visit: MemberVisit, exclusion_id: str) -> Response:
    """One exclusion. Raises NotFoundError (`exclusion`)."""
    with visit.database.reading() as session:
        return _exclusion(visit, session, exclusion_id, Form())


@router.post(f"{_LIST}/{{exclusion_id}}/{{step}}")
def take_step(posted: PostedForm, exclusion_id: str, step: str) -> Response:
    """One step: the form's own name says which. Raises NotFoundError (`step`, `exclusion`)."""
    return take(
        posted, named(exclusion_steps.STEPS, step)(posted), exclusion_id,
        f"{_LIST}/{exclusion_id}?done=incident_{step}",
        lambda session, form: _exclusion(posted.visit, session, exclusion_id, form, 422),
    )  # fmt: skip


def _exclusion(visit: Member, session: Session, exclusion_id: str, form: Form, status: int = 200) -> Response:
    exclusion = exclusions.exclusion_of(session, exclusion_id, actor=visit.staff.staff_id)
    return visit.page(
        "incidents/exclusion.html",
        area="more",
        zone=site_zone(exclusion.site.zone),
        status=status,
        form=form,
        url=f"{_LIST}/{exclusion.id}",
        one=decided(visit, session, [exclusion])[0],
        place=exclusion.site.name,
        person_url=f"/people/{exclusion.person_id}",
        incident_url=f"/incidents/{exclusion.incident_id}" if exclusion.incident_id else "",
        reason=words.INCIDENTS[exclusion.reason],
        appealing=visit.choices(words.APPEAL_BY),
        appeal_outcomes=visit.choices(words.APPEALS),
    )
