"""Two plain pages: log a contact in seconds, and my people, those to be seen first."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gateway.care import contacts, looking_after, standing, words
from gateway.care.codes import ContactKind, Place
from gateway.care.standing import Standing
from gateway.people.service import person_of
from gateway.web.formats import alphabetical
from gateway.web.forms import Form
from gateway.web.visit import Member, MemberVisit, PostedForm
from gateway.web.words import Word

router = APIRouter()
MY_PEOPLE = "/my-people"
# Usual where lockers and people are; one tap elsewhere.
_USUAL = {"kind": ContactKind.MET.value, "place": Place.LOCKERS.value}


@dataclass(frozen=True)
class PersonRow:
    """One person of the list."""

    person_id: str
    name: str
    call: Word
    standing: Standing


@router.get("/people/{person_id}/contact")
def contact_page(visit: MemberVisit, person_id: str) -> Response:
    """Kind and place are chosen already as usual: one tap logs a meeting at the lockers."""
    with visit.database.reading() as session:
        back = "mine" if visit.request.query_params.get("back") == "mine" else ""
        return _contact_form(visit, session, person_id, Form({**_USUAL, "back": back}))


@router.post("/people/{person_id}/contact")
def log_contact(posted: PostedForm, person_id: str) -> Response:
    """Logs it, and leads back to where one came from."""
    form, visit = posted.form, posted.visit
    kind, place = form.choice("kind", words.CONTACT_KINDS), form.choice("place", words.PLACES)

    def act(session: Session, now: int) -> str:
        contacts.log_contact(
            session, person_id, kind=ContactKind(kind), place=Place(place), note=form.get("note"),
            actor=visit.staff.staff_id, now=now,
        )  # fmt: skip
        back = MY_PEOPLE if form.get("back") == "mine" and visit.may_go(MY_PEOPLE) else f"/people/{person_id}"
        return f"{back}?done=contact_logged"

    return posted.act(act, lambda session, again: _contact_form(visit, session, person_id, again, 422))


@router.get("/my-people")
def my_people(visit: MemberVisit) -> Response:
    """Those I look after or stand in for, due first; then those whom nobody looks after."""
    with visit.database.reading() as session:
        return _my_people(visit, session, Form())


@router.post("/people/{person_id}/worker")
def look_after(posted: PostedForm, person_id: str) -> Response:
    """Whoever asks looks after the person from now on."""
    visit = posted.visit

    def act(session: Session, now: int) -> str:
        looking_after.name_worker(session, person_id, visit.staff.staff_id, actor=visit.staff.staff_id, now=now)
        return f"{MY_PEOPLE}?done=looked_after"

    return posted.act(act, lambda session, again: _my_people(visit, session, again, 422))


def _contact_form(visit: Member, session: Session, person_id: str, form: Form, status: int = 200) -> Response:
    person = person_of(session, person_id)
    mine = form.get("back") == "mine" and visit.may_go(MY_PEOPLE)
    return visit.page(
        "care/contact.html",
        area="mine" if mine else "people",
        status=status,
        form=form,
        person=person,
        mine=mine,
        kinds=visit.choices(words.CONTACT_KINDS),
        places=visit.choices(words.PLACES),
    )


def _my_people(visit: Member, session: Session, form: Form, status: int = 200) -> Response:
    staff, now = visit.staff, visit.clock()
    alone = standing.without_worker(session, staff.organisation_id, now=now)
    return visit.page(
        "care/my_people.html",
        area="mine",
        status=status,
        form=form,
        people=_rows(standing.of_worker(session, staff.staff_id, organisation_id=staff.organisation_id, now=now)),
        alone=sorted(_rows(alone), key=lambda row: alphabetical(row.name)),
    )


def _rows(standings: Sequence[Standing]) -> Sequence[PersonRow]:
    return [PersonRow(one.person.id, one.person.name, words.CALLS[one.due.call], one) for one in standings]
