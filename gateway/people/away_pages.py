"""Absences and deaths on a person's page: noted in calm words, ended or taken back by a person only."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gateway.care.repository import today
from gateway.contracts import away, deaths
from gateway.contracts import words as contract_words
from gateway.contracts.codes import AbsenceKind
from gateway.errors import ConflictError
from gateway.people.service import person_of
from gateway.people.situation import AwayNow, DeathKnown, absence_shown, death_shown
from gateway.web.forms import Form
from gateway.web.i18n import N_
from gateway.web.visit import Member, MemberVisit, Posted, PostedForm

router = APIRouter()


@router.get("/people/{person_id}/absence")
def absence_page(visit: MemberVisit, person_id: str) -> Response:
    """Where they are and until when, or the form that says so."""
    with visit.database.reading() as session:
        return _absence(visit, session, person_id, Form({"from_on": today(session, visit.now).isoformat()}))


@router.post("/people/{person_id}/absence")
def leave(posted: PostedForm, person_id: str) -> Response:
    """Reviews, the time to collect and disposal wait until someone says that they are back."""
    form = posted.form
    kind, first = form.choice("kind", list(AbsenceKind)), form.day("from_on")
    expected = form.day("expected_on") if form.get("expected_on") else None
    if expected is not None and expected < first:
        form.error("expected_on", N_("The return is before the first day."))

    def act(session: Session, now: int) -> str:
        away.leave(
            session, person_id, kind=kind, from_on=first, expected_on=expected, note=form.text("note", required=False),
            actor=posted.visit.staff.staff_id, now=now,
        )  # fmt: skip
        return f"/people/{person_id}?done=away"

    return posted.act(act, lambda session, again: _absence(posted.visit, session, person_id, again, 422))


@router.post("/people/{person_id}/back")
def back(posted: PostedForm, person_id: str) -> Response:
    """They are back: what time to collect ran begins anew, in full."""
    return _no_longer(posted, person_id, "absence", away.absence_of, away.back, "back", _absence)


@router.get("/people/{person_id}/death")
def death_page(visit: MemberVisit, person_id: str) -> Response:
    """What is written down, or the form that says so."""
    with visit.database.reading() as session:
        return _death(visit, session, person_id, Form())


@router.post("/people/{person_id}/death")
def record_death(posted: PostedForm, person_id: str) -> Response:
    """What is inside is kept for those entitled to it; reminders end."""
    form = posted.form
    day = form.day("died_on") if form.get("died_on") else None

    def act(session: Session, now: int) -> str:
        deaths.record(
            session, person_id, died_on=day, note=form.text("note", required=False),
            actor=posted.visit.staff.staff_id, now=now,
        )  # fmt: skip
        return f"/people/{person_id}?done=death_noted"

    return posted.act(act, lambda session, again: _death(posted.visit, session, person_id, again, 422))


@router.post("/people/{person_id}/alive")
def withdraw_death(posted: PostedForm, person_id: str) -> Response:
    """The report was a mistake."""
    return _no_longer(posted, person_id, "death", deaths.death_of, deaths.withdraw, "death_withdrawn", _death)


def _no_longer(
    posted: Posted, person_id: str, field: str, present_of: Callable[[Session, str], Any],
    end: Callable[..., object], done: str, page: Callable[..., Response],
) -> Response:  # fmt: skip
    """Ends what the page showed; it is refused (`situation`) where something else holds by now."""

    def act(session: Session, now: int) -> str:
        present = present_of(session, person_id)
        if present is None or present.id != posted.form.get(field):
            raise ConflictError("situation", "someone else has changed this meanwhile: look at it again")
        end(session, person_id, actor=posted.visit.staff.staff_id, now=now)
        return f"/people/{person_id}?done={done}"

    return posted.act(act, lambda session, again: page(posted.visit, session, person_id, again, 422))


def _absence(visit: Member, session: Session, person_id: str, form: Form, status: int = 200) -> Response:
    return _page(visit, session, person_id, form, status, "people/absence.html", absence_shown)


def _death(visit: Member, session: Session, person_id: str, form: Form, status: int = 200) -> Response:
    return _page(visit, session, person_id, form, status, "people/death.html", death_shown)


def _page(
    visit: Member, session: Session, person_id: str, form: Form, status: int, template: str,
    shown: Callable[[Session, str], AwayNow | DeathKnown | None],
) -> Response:  # fmt: skip
    return visit.page(
        template, area="people", form=form, status=status, person=person_of(session, person_id),
        kinds=visit.choices(contract_words.ABSENCES), present=shown(session, person_id),
    )  # fmt: skip
