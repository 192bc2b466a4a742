"""The page on which a badge gets a PIN, another one, or none."""

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gateway.badges import pins
from gateway.badges.service import badge_of
from gateway.people.service import person_of
from gateway.web.forms import Form
from gateway.web.i18n import N_
from gateway.web.visit import Member, MemberVisit, PostedForm

router = APIRouter()


@router.get("/badges/{badge_id}/pin")
def pin_page(visit: MemberVisit, badge_id: str) -> Response:
    """Asks for the PIN twice; never shows one."""
    with visit.database.reading() as session:
        return _show(visit, session, badge_id, Form())


@router.post("/badges/{badge_id}/pin")
def set_or_clear(posted: PostedForm, badge_id: str) -> Response:
    """The person's page then says whether the controllers know."""
    form, actor = posted.form, posted.visit.staff.staff_id
    clear = form.get("clear") == "yes"
    if not clear and form.get("pin") != form.get("again"):
        form.error("again", N_("The two are not the same. Type the PIN again."))

    def act(session: Session, now: int) -> str:
        if clear:
            badge = pins.clear_pin(session, badge_id, actor=actor, now=now)
        else:
            store = posted.visit.request.app.state.keystore
            badge = pins.set_pin(session, store, badge_id, pin=form.get("pin"), actor=actor, now=now)
        return f"/people/{badge.person_id}" if badge.person_id else "/people"

    return posted.act(act, lambda session, again: _show(posted.visit, session, badge_id, again, 422))


def _show(visit: Member, session: Session, badge_id: str, form: Form, status: int = 200) -> Response:
    badge = badge_of(session, badge_id)
    person = person_of(session, badge.person_id) if badge.person_id else None
    return visit.page(
        "people/pin.html", area="people", form=form, status=status, label=badge.label, has_pin=badge.pin is not None,
        url=f"/badges/{badge.id}/pin", person=person.name if person else "",
        back_url=f"/people/{person.id}" if person else "/people",
        back_text=person.name if person else visit.say("People"),
    )  # fmt: skip
