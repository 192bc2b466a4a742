"""A draft is signed: what its scheme still asks of each of its people is said here."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gateway.contracts import entry, entry_form, service
from gateway.contracts.deciding import decide_on, done, seen_in, showing
from gateway.contracts.holders import people_on
from gateway.contracts.models import Contract
from gateway.contracts.service import contract_of
from gateway.web.forms import Form
from gateway.web.visit import Member, MemberVisit, PostedForm

router = APIRouter()


def _values(visit: Member, session: Session, contract: Contract, _form: Form) -> dict[str, Any]:
    people = [one.person for one in people_on(contract, visit.now)]
    open_of = {one.id: entry.open_conditions(session, contract, one.id) for one in people}
    return {
        "asked": [(one.name, entry_form.asked(visit, one.id, open_of[one.id])) for one in people if open_of[one.id]],
        "despite": entry_form.despite(visit, session, contract, open_of),
    }


show_sign = showing("contracts/sign.html", _values)


@router.get("/contracts/{contract_id}/sign")
def sign_page(visit: MemberVisit, contract_id: str) -> Response:
    """One button, and what nobody has said yet of who is on it."""
    with visit.database.reading() as session:
        return show_sign(visit, session, contract_id, Form())


@router.post("/contracts/{contract_id}/sign")
def sign(posted: PostedForm, contract_id: str) -> Response:
    """The answers are recorded, and the draft becomes binding."""
    form, actor = posted.form, posted.visit.staff.staff_id

    def act(session: Session, now: int) -> str:
        contract = contract_of(session, contract_id)
        for one in people_on(contract, now):
            entry_form.decide(session, form, one.person_id, one.person_id, contract.scheme_id, actor=actor, now=now)
        signed = service.sign(
            session, contract_id, despite_exclusion=form.get("despite_exclusion") or None, actor=actor, now=now,
            seen=seen_in(form),
        )  # fmt: skip
        return done(signed, "signed")

    return decide_on(posted, contract_id, act, show_sign)
