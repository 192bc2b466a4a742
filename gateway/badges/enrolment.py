"""Enrolling a badge by presenting it: the block reports the next unknown badge, and it is given to the person."""

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gateway.access import commands
from gateway.badges import service
from gateway.badges.pages import live_badges, show_give_form
from gateway.errors import ConflictError
from gateway.lockers.service import bank_of
from gateway.people.service import person_of
from gateway.web import words
from gateway.web.forms import Form
from gateway.web.i18n import N_
from gateway.web.visit import Member, MemberVisit, PostedForm

router = APIRouter()
# Long enough to walk to the reader, short enough that nobody else's badge is taken by mistake.
WAIT_S = 60


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


@router.post("/people/{person_id}/enrol")
def ask(posted: PostedForm, person_id: str) -> Response:
    """Asks the block to report the next badge that it does not know."""
    visit, bank = posted.visit, posted.form.get("block")

    def act(session: Session, now: int) -> str:
        person_of(session, person_id)
        bank_of(session, bank)
        command = commands.order(
            session, visit.request.app.state.orders, bank_id=bank, kind="enrol", args={"seconds": WAIT_S},
            reason="enrolment", actor=visit.staff.staff_id, now=now,
        )  # fmt: skip
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

    def act(session: Session, now: int) -> str:
        command = commands.latest_of(session, command_id)
        if command.digest is None or command.key_id is None:
            raise ConflictError("not_presented", "no badge has been presented yet")
        actor, replaced = visit.staff.staff_id, posted.form.get("replaces")
        if replaced in {badge.id for badge in live_badges(session, person_id)}:
            service.revoke(session, replaced, reason="replaced", actor=actor, now=now)
        service.register(
            session, site_id=bank_of(session, command.bank_id).site_id, key_id=command.key_id, digest=command.digest,
            label=visit.say("Badge of %(day)s", day=visit.day(now)), person_id=person_id, actor=actor, now=now,
        )  # fmt: skip
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
    )


def _show(visit: Member, session: Session, person_id: str, command_id: str, form: Form, status: int = 200) -> Response:
    shown = enrolment_shown(visit, session, person_id, command_id)
    return visit.page("people/enrol.html", area="people", form=form, enrolment=shown, status=status)
