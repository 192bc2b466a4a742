"""Hazards as pages: reported, inspected with a witness, told in writing, closed; each step shows the next."""

from collections.abc import Callable, Mapping

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.custody import words as custody_words
from gateway.custody.codes import Witness
from gateway.incidents import hazards, words
from gateway.incidents.codes import HazardAction, HazardKind
from gateway.incidents.models import Hazard
from gateway.lockers.models import Bank
from gateway.lockers.sight import sight_of
from gateway.staff.scope import require_named
from gateway.web.forms import Form
from gateway.web.steps import Change, named, take
from gateway.web.visit import Member, MemberVisit, PostedForm
from wire.hours import site_zone

router = APIRouter()
SHOWN = 25
# Whoever reports what another organisation sees to learns no more of it.
_REPORTED = "/hazards?done=incident_reported"
# The step whose turn it is.
INSPECT, TELL, CLOSE, OVER = "inspect", "notice", "close", "over"
# Its turn is another organisation's, whose holder has the locker.
THEIRS = "theirs"


def step_of(hazard: Hazard) -> str:
    """What is to be done next."""
    if hazard.closed_at is not None:
        return OVER
    if hazard.inspected_at is None:
        return INSPECT
    return TELL if hazard.contract_id is not None and hazard.notice_at is None else CLOSE


@router.get("/hazards")
def hazards_page(visit: MemberVisit) -> Response:
    """Those that are open, the oldest first, and the form that reports one."""
    with visit.database.reading() as session:
        bank, _slash, number = visit.request.query_params.get("locker", "")[:60].partition("/")
        return _list(visit, session, Form({"bank": bank, "locker": number}))


@router.post("/hazards")
def report(posted: PostedForm) -> Response:
    """It asks for an inspection, and opens nothing by itself."""
    form, visit = posted.form, posted.visit
    bank, number = form.text("bank"), form.number("locker", most=99_999)
    kind = form.choice("kind", list(words.HAZARDS))

    def act(session: Session, now: int) -> str:
        require_named(session, visit.staff, now, bank=bank)
        made = hazards.report(
            session, bank_id=bank, number=number, kind=HazardKind(kind), text=form.get("note") or None,
            actor=visit.staff.staff_id, now=now,
        )  # fmt: skip
        return f"/hazards/{made.id}" if hazards.is_seen(session, made, actor=visit.staff.staff_id) else _REPORTED

    return posted.act(act, lambda session, again: _list(visit, session, again, 422))


@router.get("/hazards/{hazard_id}")
def hazard_page(visit: MemberVisit, hazard_id: str) -> Response:
    """One hazard with its next step. Raises NotFoundError (`hazard`)."""
    with visit.database.reading() as session:
        return _hazard(visit, session, hazard_id, Form())


@router.post("/hazards/{hazard_id}/{step}")
def take_step(posted: PostedForm, hazard_id: str, step: str) -> Response:
    """One step: the form's own name says which. Raises NotFoundError (`step`, `hazard`)."""
    return take(
        posted, named(_STEPS, step)(posted.form), hazard_id, f"/hazards/{hazard_id}",
        lambda session, form: _hazard(posted.visit, session, hazard_id, form, 422),
    )  # fmt: skip


def _inspect(form: Form) -> Change:
    witness, found = form.choice("witness", list(custody_words.WITNESSES)), form.choice("found", list(words.HAZARDS))
    action = form.choice("action", list(words.ACTIONS))
    return lambda session, hazard_id, actor, now: hazards.inspect(
        session, hazard_id, witness_kind=Witness(witness), witness=form.get("witness_name") or None,
        found=HazardKind(found), action=HazardAction(action), text=form.get("note") or None, actor=actor, now=now,
    )  # fmt: skip


def _tell(form: Form) -> Change:
    text = form.text("note")
    return lambda session, hazard_id, actor, now: hazards.tell(session, hazard_id, text=text, actor=actor, now=now)


def _close(_form: Form) -> Change:
    return lambda session, hazard_id, actor, now: hazards.close(session, hazard_id, actor=actor, now=now)


_STEPS: Mapping[str, Callable[[Form], Change]] = {INSPECT: _inspect, TELL: _tell, CLOSE: _close}


def _list(visit: Member, session: Session, form: Form, status: int = 200) -> Response:
    after = visit.request.query_params.get("after") or None
    page = hazards.list_hazards(session, actor=visit.staff.staff_id, is_open=True, after=after, limit=SHOWN)
    return visit.page(
        "incidents/hazards.html",
        area="more",
        status=status,
        form=form,
        hazards=[(one, words.HAZARDS[one.kind], step_of(one)) for one in page.items],
        next=page.next,
        kinds=[(code, visit.say(text)) for code, text in words.HAZARDS.items() if code != HazardKind.NOTHING],
        blocks=_blocks(session, visit.organisation_id),
    )


def _blocks(session: Session, organisation_id: str | None) -> list[tuple[str, str]]:
    query = select(Bank.id, Bank.name).order_by(Bank.name, Bank.id)
    if organisation_id is not None:
        query = query.where(Bank.id.in_(sight_of(session, organisation_id).seen))
    return [(bank, name) for bank, name in session.execute(query)]


def _hazard(visit: Member, session: Session, hazard_id: str, form: Form, status: int = 200) -> Response:
    hazard = hazards.hazard_of(session, hazard_id, actor=visit.staff.staff_id)
    step = step_of(hazard)
    if step == TELL and hazards.contract_seen(session, hazard, actor=visit.staff.staff_id) is None:
        step = THEIRS
    return visit.page(
        "incidents/hazard.html",
        area="more",
        zone=site_zone(hazard.locker.bank.site.zone),
        status=status,
        form=form,
        hazard=hazard,
        url=f"/hazards/{hazard.id}",
        step=step,
        kind=words.HAZARDS[hazard.kind],
        found=words.HAZARDS.get(hazard.found or "", ""),
        done_there=words.ACTIONS.get(hazard.action or "", ""),
        kinds=[(code, visit.say(text)) for code, text in words.HAZARDS.items()],
        actions=[(code, visit.say(text)) for code, text in words.ACTIONS.items()],
        witnesses=[
            (code, visit.say(text), visit.say(more) if more else "")
            for code, (text, more) in custody_words.WITNESSES.items()
        ],
    )
