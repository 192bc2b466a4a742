"""How a contract ends: now or on a day to come, why, who decided, where to; said afterwards too."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gateway.contracts import endings, service
from gateway.contracts import words as contract_words
from gateway.contracts.deciding import choices, decide_on, done, seen_in, showing
from gateway.contracts.models import Contract
from gateway.contracts.service import How, contract_of
from gateway.web import words
from gateway.web.forms import Form
from gateway.web.visit import Member, MemberVisit, PostedForm

router = APIRouter()


def _said(visit: Member, *_: object) -> dict[str, Any]:
    return {
        "reasons": choices(visit, words.END_REASONS),
        "deciders": choices(visit, contract_words.DECIDED_BY),
        "destinations": choices(visit, contract_words.DESTINATIONS),
        "stabilities": choices(visit, contract_words.STABILITIES),
    }


show_end = showing("contracts/end.html", _said)
show_how = showing("contracts/how.html", _said)


@router.get("/contracts/{contract_id}/end")
def end_page(visit: MemberVisit, contract_id: str) -> Response:
    """Asks for the reason; everything else may stay unsaid."""
    with visit.database.reading() as session:
        return show_end(visit, session, contract_id, Form())


@router.post("/contracts/{contract_id}/end")
def end(posted: PostedForm, contract_id: str) -> Response:
    """Ends it now, or plans its last day; the time to collect follows."""
    form, actor = posted.form, posted.visit.staff.staff_id
    reason, how = form.choice("reason", words.END_REASONS), _how(form)
    day = form.day("last_day") if form.get("last_day") else None

    def act(session: Session, now: int) -> str:
        if day is not None:
            changed = endings.plan_end(
                session, contract_id, ends_on=day, reason=reason, how=how, actor=actor, now=now, seen=seen_in(form)
            )
            return done(changed, "end_planned")
        changed = service.end(session, contract_id, reason=reason, how=how, actor=actor, now=now, seen=seen_in(form))
        return done(changed, "ended")

    return decide_on(posted, contract_id, act, show_end)


@router.get("/contracts/{contract_id}/how")
def how_page(visit: MemberVisit, contract_id: str) -> Response:
    """What is known of the end, to be completed or put right."""
    with visit.database.reading() as session:
        return show_how(visit, session, contract_id, Form(_known(contract_of(session, contract_id))))


@router.post("/contracts/{contract_id}/how")
def say_how(posted: PostedForm, contract_id: str) -> Response:
    """Why and how it ended, said afterwards."""
    form = posted.form
    reason, how = form.choice("reason", words.END_REASONS), _how(form)

    def act(session: Session, now: int) -> str:
        changed = service.tell_how(
            session, contract_id, reason=reason, how=how, actor=posted.visit.staff.staff_id, now=now,
            seen=seen_in(form),
        )  # fmt: skip
        return done(changed, "end_said")

    return decide_on(posted, contract_id, act, show_how)


def _how(form: Form) -> How:
    """What else the form says about an end; "unknown" where it says nothing."""
    return How(
        tuple(code for code in words.END_REASONS if form.get(f"also_{code}")),
        form.get("decided_by") or "unknown",
        form.get("destination") or "unknown",
        form.get("stability") or "unknown",
        form.text("end_note", required=False) or None,
    )


def _known(contract: Contract) -> Mapping[str, str]:
    """What the contract says of its end, as the form's values."""
    known = [row.reason for row in contract.end_reasons]
    return {
        "reason": known[0] if known else "",
        **{f"also_{code}": "yes" for code in known[1:]},
        "decided_by": contract.end_decided_by or "",
        "destination": contract.destination or "",
        "stability": contract.stability or "",
        "end_note": contract.end_note or "",
    }
