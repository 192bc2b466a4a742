"""Messages for people without a phone: left here, shown as a light at the door, given by whoever meets them."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gateway.contracts import notices
from gateway.contracts import words as contract_words
from gateway.contracts.codes import NoticeWhy
from gateway.contracts.deciding import decide_on, options, seen_in, showing
from gateway.contracts.holders import people_on
from gateway.contracts.models import Contract, Notice
from gateway.contracts.service import contract_of
from gateway.errors import NotFoundError
from gateway.web.forms import Form
from gateway.web.visit import Member, MemberVisit, PostedForm

router = APIRouter()
# Ends announce themselves (service.announce_end); staff choose among the others.
_LEFT_BY_STAFF = {code: text for code, text in contract_words.NOTICES.items() if code != NoticeWhy.END_ANNOUNCED}


def _values(visit: Member, _session: Session, contract: Contract, _form: Form) -> dict[str, Any]:
    present = people_on(contract, visit.clock())
    for_one = [(one.person_id, one.person.name, "") for one in present]
    return {
        "reasons": options(visit, _LEFT_BY_STAFF),
        "people": [*for_one, ("", visit.say("Both"), "")] if len(present) > 1 else [],
    }


show_message = showing("contracts/message.html", _values)


@router.get("/contracts/{contract_id}/message")
def message_page(visit: MemberVisit, contract_id: str) -> Response:
    """What waits already, and the form of another one."""
    with visit.database.reading() as session:
        return show_message(visit, session, contract_id, Form({"why": NoticeWhy.MESSAGE.value}))


@router.post("/contracts/{contract_id}/message")
def leave(posted: PostedForm, contract_id: str) -> Response:
    """The door goes on opening; the light says that a message waits."""
    form = posted.form
    why, text = form.choice("why", _LEFT_BY_STAFF), form.text("text", required=False)

    def act(session: Session, now: int) -> str:
        notices.leave(
            session, contract_id, why=why, text=text, person_id=form.get("person") or None,
            actor=posted.visit.staff.staff_id, now=now, seen=seen_in(form),
        )  # fmt: skip
        return f"/people/{_back_to(session, contract_id, form)}?done=message_left"

    return decide_on(posted, contract_id, act, show_message)


@router.post("/contracts/{contract_id}/given")
def give(posted: PostedForm, contract_id: str) -> Response:
    """Someone has told them: the light is the usual one again."""
    form = posted.form

    def act(session: Session, now: int) -> str:
        notice = session.get(Notice, form.get("notice"))
        if notice is None or notice.contract_id != contract_id:
            raise NotFoundError("notice", "no such message on this contract")
        notices.give(session, notice.id, actor=posted.visit.staff.staff_id, now=now, seen=seen_in(form))
        return f"/people/{_back_to(session, contract_id, form)}?done=message_given"

    return decide_on(posted, contract_id, act, show_message)


def _back_to(session: Session, contract_id: str, form: Form) -> str:
    """The person whose page one came from, if they are on the contract; else the file it is found under."""
    contract = contract_of(session, contract_id)
    people = {party.person_id for party in contract.parties if party.until_at is None}
    return form.get("file") if form.get("file") in people else contract.person_id
