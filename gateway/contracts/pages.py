"""What staff decide about one contract: suspend, resume, extend, change locker, confirm empty."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gateway.contracts import service
from gateway.contracts import words as contract_words
from gateway.contracts.deciding import Show, decide_on, done, last_of, options, seen_in, showing
from gateway.contracts.decisions import refuse_stale
from gateway.contracts.holdings import still_open
from gateway.contracts.models import Contract
from gateway.contracts.service import contract_of, one_more_term
from gateway.contracts.states import State, state_at
from gateway.custody import service as custodies
from gateway.days import day_after, local_day
from gateway.lockers.free import free_lockers
from gateway.staff.rights import Right
from gateway.staff.scope import require_own
from gateway.web import words
from gateway.web.asking import Asking
from gateway.web.cards import contract_card, present_locker
from gateway.web.forms import Form
from gateway.web.i18n import N_
from gateway.web.visit import Member, MemberVisit, PostedForm
from wire.hours import site_zone

router = APIRouter()
SUSPENDED_DAYS = 7


show_suspend = showing(
    "contracts/suspend.html",
    lambda visit, *_: {
        "reasons": options(visit, words.SUSPEND_REASONS),
        "fetches": options(visit, contract_words.FETCH),
    },
)
show_renew = showing("contracts/renew.html", lambda *_: {})


def _free_here(visit: Member, session: Session, contract: Contract, _form: Form) -> dict[str, Any]:
    site = present_locker(contract, visit.now).bank.site_id
    free = free_lockers(
        session, visit.now, site_id=site, until=contract.collect_until, organisation_id=visit.organisation_id
    )
    back = [one.locker for one in still_open(contract, visit.now)]
    one_block = len({one.bank_id for one in (*back, *free)}) == 1
    names = [str(one.number) if one_block else f"{one.bank.name}, {one.number}" for one in (*back, *free)]
    return {
        "one_block": one_block,
        "before": names[: len(back)],
        "lockers": [(f"{one.bank_id}/{one.number}", name, "") for one, name in zip((*back, *free), names, strict=True)],
    }


show_move = showing("contracts/move.html", _free_here)


@router.get("/contracts/{contract_id}/suspend")
def suspend_page(visit: MemberVisit, contract_id: str) -> Response:
    """Asks for the reason and the day on which the suspension ends."""
    with visit.database.reading() as session:
        zone = present_locker(contract_of(session, contract_id), visit.now).bank.site.zone
        day = day_after(local_day(zone, visit.now), SUSPENDED_DAYS)
        return show_suspend(visit, session, contract_id, Form({"review_on": day.isoformat(), "fetch": "desk"}))


@router.post("/contracts/{contract_id}/suspend")
def suspend(posted: PostedForm, contract_id: str) -> Response:
    """The badge stops opening until that day."""
    reason = posted.form.choice("reason", words.SUSPEND_REASONS)
    day, fetch = posted.form.day("review_on"), posted.form.choice("fetch", contract_words.FETCH)
    fetch_note = posted.form.text("fetch_note", required=False)

    def act(session: Session, now: int) -> str:
        changed = service.suspend(
            session, contract_id, reason=reason, review_on=day, fetch=fetch, fetch_note=fetch_note,
            actor=posted.visit.staff.staff_id, now=now, seen=seen_in(posted.form),
        )  # fmt: skip
        return done(changed, "suspended")

    return decide_on(posted, contract_id, act, show_suspend)


@router.get("/contracts/{contract_id}/renew")
def renew_page(visit: MemberVisit, contract_id: str) -> Response:
    """Asks for the new last day: one more term, unless another is chosen."""
    with visit.database.reading() as session:
        day = one_more_term(contract_of(session, contract_id), visit.now)
        return show_renew(visit, session, contract_id, Form({"ends_on": day.isoformat()}))


@router.post("/contracts/{contract_id}/renew")
def renew(posted: PostedForm, contract_id: str) -> Response:
    """A later last day, one more term if none is said: same badge, same locker."""
    day = posted.form.day("ends_on") if posted.form.get("ends_on") else None

    def act(session: Session, now: int) -> str:
        actor, seen = posted.visit.staff.staff_id, seen_in(posted.form)
        return done(service.renew(session, contract_id, ends_on=day, actor=actor, now=now, seen=seen), "renewed")

    return decide_on(posted, contract_id, act, show_renew)


@router.get("/contracts/{contract_id}/move")
def move_page(visit: MemberVisit, contract_id: str) -> Response:
    """Shows the free lockers of the place."""
    with visit.database.reading() as session:
        return show_move(visit, session, contract_id, Form())


@router.post("/contracts/{contract_id}/move")
def move(posted: PostedForm, contract_id: str) -> Response:
    """The contract goes on in another locker."""
    bank, number = posted.form.locker("locker")

    def act(session: Session, now: int) -> str:
        mine = posted.visit.organisation_id
        require_own(session, mine, {"bank": bank}, right=Right.CONTRACTS, changing=True, now=now)
        changed = service.move(
            session, contract_id, bank_id=bank, number=number, actor=posted.visit.staff.staff_id, now=now,
            seen=seen_in(posted.form),
        )  # fmt: skip
        return done(changed, "moved")

    return decide_on(posted, contract_id, act, show_move)


@router.get("/contracts/{contract_id}/inventory")
def inventory_page(visit: MemberVisit, contract_id: str) -> Response:
    """Says what is decided about the things of someone who is away without an end, or has died."""
    with visit.database.reading() as session:
        return _asking("inventory")(visit, session, contract_id, Form())


@router.post("/contracts/{contract_id}/inventory")
def begin_inventory(posted: PostedForm, contract_id: str) -> Response:
    """Leads to the inventory, where every step can be left and resumed."""

    def act(session: Session, now: int) -> str:
        refuse_stale(session, contract_of(session, contract_id), seen_in(posted.form))
        made = custodies.begin(session, contract_id, actor=posted.visit.staff.staff_id, now=now)
        return f"/safekeeping/{made.id}"

    return decide_on(posted, contract_id, act, _asking("inventory"))


def _asking(kind: str) -> Show:
    """Shows the one-button question of a decision that needs nothing but a yes."""

    def show(visit: Member, session: Session, contract_id: str, form: Form, status: int = 200) -> Response:
        contract = contract_of(session, contract_id)
        card = contract_card(contract, visit.now)
        title, text, button, icon = QUESTIONS[_asked(kind, contract, visit.now)]
        ask = Asking(
            title=title, subject=f"{card.holder} · {card.locker}", text=text, button=button, icon=icon,
            url=f"{card.url}/{kind}", back_url=card.person_url, back_text=card.holder,
        )  # fmt: skip
        return visit.page(
            "contracts/confirm.html", area="people", zone=site_zone(card.zone), form=form, ask=ask,
            seen=contract.version, last=last_of(session, contract_id), status=status,
        )  # fmt: skip

    return show


QUESTIONS = {
    "resume": (
        N_("Resume the contract"),
        N_("The badge opens the locker again as soon as the block has the new list."),
        N_("Resume"),
        "resume",
    ),
    "stays_active": (
        N_("Take the planned suspension back"),
        N_("The badge goes on opening the locker."),
        N_("Take it back"),
        "resume",
    ),
    "emptied": (
        N_("The locker is empty"),
        N_("You have looked inside: nothing is left. The badge stops opening and the locker can be given away."),
        N_("It is empty"),
        "to_empty",
    ),
    "inventory": (
        N_("Put into safekeeping"),
        N_(
            "The holder is away or has died: what is inside is written down with a witness, and kept for them or for "
            "those entitled to it. Once it is put away, the badge stops opening and the locker can be given away."
        ),
        N_("Start the inventory"),
        "to_empty",
    ),
}
_YES = {
    "resume": (service.resume, "resumed"),
    "emptied": (service.confirm_emptied, "emptied"),
}


def _question_pages(kind: str) -> None:
    show = _asking(kind)

    @router.get(f"/contracts/{{contract_id}}/{kind}")
    def question(visit: MemberVisit, contract_id: str) -> Response:
        with visit.database.reading() as session:
            return show(visit, session, contract_id, Form())

    @router.post(f"/contracts/{{contract_id}}/{kind}")
    def answer(posted: PostedForm, contract_id: str) -> Response:
        def act(session: Session, now: int) -> str:
            decide, what = _YES[kind]
            asked = _asked(kind, contract_of(session, contract_id), now)
            contract = decide(
                session, contract_id, actor=posted.visit.staff.staff_id, now=now, seen=seen_in(posted.form)
            )
            if kind == "emptied":
                locker = present_locker(contract, now)
                return f"/lockers/{locker.bank_id}/{locker.number}?done=emptied"
            return done(contract, what if asked == kind else asked)

        return decide_on(posted, contract_id, act, show)


def _asked(kind: str, contract: Contract, now: int) -> str:
    """Which question it is: resuming what is not suspended yet takes a plan back."""
    return "stays_active" if kind == "resume" and state_at(contract, now) is State.ACTIVE else kind


for _kind in _YES:
    _question_pages(_kind)
