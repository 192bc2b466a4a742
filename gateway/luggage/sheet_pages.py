"""The single sheet on screen and on paper: what is here, what goes in and out, contributions, history."""

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gateway.contracts.service import contract_of
from gateway.custody import words as things
from gateway.custody.codes import Thing
from gateway.errors import ConflictError, NotFoundError
from gateway.luggage import service, words
from gateway.luggage.models import Luggage
from gateway.luggage.sheet import Happened, sheet_of
from gateway.luggage.shifts import present_id
from gateway.money import contributions
from gateway.money import service as money
from gateway.money.amounts import euros
from gateway.money.balance import balance
from gateway.money.codes import ForgivenReason, Kind, Means
from gateway.money.models import Claim
from gateway.web.cards import contract_card
from gateway.web.forms import Form
from gateway.web.visit import Member, MemberVisit, PostedForm
from wire.hours import site_zone

router = APIRouter()


@dataclass(frozen=True)
class ThingLine:
    """One line of the inventory."""

    id: str
    text: str
    quantity: int
    in_at: int
    out_at: int | None


@dataclass(frozen=True)
class ClaimLine:
    """One deposit, advance or contribution; `owed` is what is open, `can_waive` whether the desk may."""

    id: str
    text: str
    asked: str
    owed: str
    is_open: bool
    can_waive: bool


@router.get("/sheets/{contract_id}")
def sheet_page(visit: MemberVisit, contract_id: str) -> Response:
    """Everything on one page; the browser prints it. Raises NotFoundError with code `contract`."""
    with visit.database.reading() as session:
        return _sheet(visit, session, contract_id, Form({"kind": Thing.BAG, "quantity": "1"}))


@router.post("/sheets/{contract_id}/in")
def take_in(posted: PostedForm, contract_id: str) -> Response:
    """Something is left."""
    form = posted.form
    kind, quantity = form.choice("kind", list(things.THINGS)), form.number("quantity")

    def act(session: Session, now: int) -> str:
        service.take_in(
            session, contract_id, kind=Thing(kind), quantity=quantity, description=form.get("description"),
            actor=posted.visit.staff.staff_id, now=now,
        )  # fmt: skip
        return f"/sheets/{contract_id}"

    return posted.act(act, lambda session, again: _sheet(posted.visit, session, contract_id, again, 422))


@router.post("/sheets/{contract_id}/out")
def take_out(posted: PostedForm, contract_id: str) -> Response:
    """Something goes out, or a part of it."""
    form = posted.form
    quantity = form.number("how_many")

    def act(session: Session, now: int) -> str:
        line = session.get(Luggage, form.get("luggage"))
        if line is None or line.contract_id != contract_id:
            raise NotFoundError("luggage", "no such line on this sheet")
        service.take_out(session, line.id, quantity=quantity, actor=posted.visit.staff.staff_id, now=now)
        return f"/sheets/{contract_id}"

    return posted.act(act, lambda session, again: _sheet(posted.visit, session, contract_id, again, 422))


@router.post("/sheets/{contract_id}/contribution")
def ask_contribution(posted: PostedForm, contract_id: str) -> Response:
    """Today's contribution is asked for."""

    def act(session: Session, now: int) -> str:
        contributions.ask(
            session, contract_of(session, contract_id), actor=posted.visit.staff.staff_id, now=now
        )  # fmt: skip
        return f"/sheets/{contract_id}"

    return posted.act(act, lambda session, again: _sheet(posted.visit, session, contract_id, again, 422))


@router.post("/sheets/{contract_id}/receive")
def receive(posted: PostedForm, contract_id: str) -> Response:
    """All that is open came in."""
    means = posted.form.choice("means", list(words.MEANS))

    def act(session: Session, now: int) -> str:
        actor = posted.visit.staff.staff_id
        claim = _claim(session, contract_id, posted.form)
        money.receive(
            session, claim.id, means=Means(means), shift_id=present_id(session, actor), actor=actor, now=now
        )  # fmt: skip
        return f"/sheets/{contract_id}"

    return posted.act(act, lambda session, again: _sheet(posted.visit, session, contract_id, again, 422))


@router.post("/sheets/{contract_id}/waive")
def waive(posted: PostedForm, contract_id: str) -> Response:
    """A contribution is not asked any more: nobody is turned away for it."""
    reason = posted.form.choice("why", list(words.FORGIVEN))

    def act(session: Session, now: int) -> str:
        actor = posted.visit.staff.staff_id
        claim = _claim(session, contract_id, posted.form)
        money.waive(
            session, claim.id, reason=ForgivenReason(reason), shift_id=present_id(session, actor), actor=actor, now=now
        )
        return f"/sheets/{contract_id}"

    return posted.act(act, lambda session, again: _sheet(posted.visit, session, contract_id, again, 422))


def _claim(session: Session, contract_id: str, form: Form) -> Claim:
    claim = money.claim_of(session, form.get("claim"))
    if claim.contract_id != contract_id:
        raise ConflictError("other_person", "that is on another sheet")
    return claim


def _sheet(visit: Member, session: Session, contract_id: str, form: Form, status: int = 200) -> Response:
    sheet, now = sheet_of(session, contract_id), visit.clock()
    card = contract_card(sheet.contract, now)
    due = contributions.due_today(session, sheet.contract, now)
    return visit.page(
        "luggage/sheet.html",
        area="desk",
        zone=site_zone(card.zone),
        form=form,
        status=status,
        contract=card,
        url=f"/sheets/{contract_id}",
        inside=[_thing(visit, one) for one in sheet.inside],
        gone=[_thing(visit, one) for one in sheet.gone],
        claims=[_line(visit, claim) for claim in sheet.claims],
        owed=euros(sheet.balance.owed, visit.language),
        held=euros(sheet.balance.held, visit.language) if sheet.balance.held else "",
        due=euros(due[0].cents, visit.language) if due else "",
        history=[(one.at, _happened(visit, one)) for one in sheet.history],
        kinds=[(code, visit.say(text)) for code, text in things.THINGS.items()],
        means=[(code, visit.say(text)) for code, text in words.MEANS.items()],
        reasons=[(code, visit.say(text)) for code, text in words.FORGIVEN.items()],
    )


def _thing(visit: Member, one: Luggage) -> ThingLine:
    kind = visit.say(things.THINGS[one.kind])
    text = f"{kind} · {one.description}" if one.description else kind
    return ThingLine(one.id, text, one.quantity, one.in_at, one.out_at)


def _line(visit: Member, claim: Claim) -> ClaimLine:
    owed = balance(claim).owed
    text = visit.say(words.KINDS[claim.kind])
    return ClaimLine(
        claim.id,
        f"{text}, {visit.day(claim.opened_at)}",
        euros(claim.cents, visit.language),
        euros(owed, visit.language),
        owed > 0,
        claim.kind == Kind.CONTRIBUTION,
    )


def _happened(visit: Member, one: Happened) -> str:
    text = visit.say(words.HISTORY.get(one.what, one.what))
    if one.count is None:
        return text
    if one.what.startswith("money_"):
        return f"{text} · {euros(one.count, visit.language)}"
    return f"{text} · {one.count} × {visit.say(things.THINGS[one.detail or Thing.UNKNOWN])}"
