"""Enrolling a badge by presenting it: the block reports the next unknown badge, and it is given to the person."""

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gateway.access import commands
from gateway.badges import enrolling
from gateway.badges.enrolling import WAIT_S
from gateway.badges.pages import dead_first, given, live_badges, show_give_form
from gateway.lockers.service import bank_of
from gateway.people.service import person_of
from gateway.web import words
from gateway.web.forms import Form
from gateway.web.i18n import N_
from gateway.web.visit import Member, MemberVisit, PostedForm

router = APIRouter()


@dataclass(frozen=True)
class Enrolment:
    """How far the presenting has come: `waiting`, `presented` or `failed`."""

    person: str
    person_url: str
    url: str
    stream_url: str
    block: str
    state: str
    text: str
    replaces: list[tuple[str, str]]
    recognised: list[tuple[str, str]]


@router.post("/people/{person_id}/enrol")
def ask(posted: PostedForm, person_id: str) -> Response:
    """Asks the block to report the next badge that it does not know."""
    visit, bank = posted.visit, posted.form.get("block")

    def act(session: Session, now: int) -> str:
        person_of(session, person_id)
        orders = visit.request.app.state.orders
        command = enrolling.ask(session, orders, bank, actor=visit.staff.staff_id, now=now)
        return f"/people/{person_id}/enrol/{command.id}"

    return posted.act(act, lambda session, form: show_give_form(visit, session, person_id, form, 422))


@router.get("/people/{person_id}/enrol/{command_id}")
def waiting_page(visit: MemberVisit, person_id: str, command_id: str) -> Response:
    """Says where to present the badge, then offers to give it."""
    with visit.database.reading() as session:
        return _show(visit, session, person_id, command_id, Form())


@router.post("/people/{person_id}/enrol/{command_id}")
def give(posted: PostedForm, person_id: str, command_id: str) -> Response:
    """The badge that was presented becomes the person's; the one it replaces is dead first."""
    visit = posted.visit

    old = dead_first(posted, person_id)

    def act(session: Session, now: int) -> str:
        label = visit.say("Badge of %(day)s", day=visit.day(now))
        actor = visit.staff.staff_id
        new = enrolling.take(session, command_id, label=label, person_id=person_id, actor=actor, now=now)
        given(session, visit, posted.form, new.id, old, now)
        return f"/people/{person_id}?done=badge_given"

    return posted.act(act, lambda session, form: _show(visit, session, person_id, command_id, form, 422))


def enrolment_shown(visit: Member, session: Session, person_id: str, command_id: str) -> Enrolment:
    """The enrolment as plain values. Raises NotFoundError (`person`, `command`)."""
    person, command = person_of(session, person_id), commands.latest_of(session, command_id)
    now = visit.clock()
    code = commands.state_of(command, now)
    overdue = now - command.requested_at > (WAIT_S + 10) * 1000
    if command.digest is not None:
        state, text = "presented", N_("The badge was presented.")
    elif code == "refused":
        state, text = "failed", words.COMMAND_REFUSALS.get(command.why or "", N_("Refused by the block"))
    elif code not in commands.PENDING or overdue:
        state, text = "failed", N_("No new badge was presented in time.")
    else:
        state, text = "waiting", N_("Present the new badge at the reader now. You have one minute.")
    return Enrolment(
        person=person.name,
        person_url=f"/people/{person_id}",
        url=f"/people/{person_id}/enrol/{command_id}",
        stream_url=f"/live/enrol/{person_id}/{command_id}",
        block=bank_of(session, command.bank_id).name,
        state=state,
        text=visit.say(text),
        replaces=[(badge.id, badge.label) for badge in live_badges(session, person_id)],
        recognised=[(code, visit.say(text)) for code, text in words.RECOGNISED.items()],
    )


def _show(visit: Member, session: Session, person_id: str, command_id: str, form: Form, status: int = 200) -> Response:
    shown = enrolment_shown(visit, session, person_id, command_id)
    return visit.page("people/enrol.html", area="people", form=form, enrolment=shown, status=status)
