"""What staff decide about one contract: suspend, resume, extend, change locker, end, confirm empty."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gateway.contracts import service
from gateway.contracts import words as contract_words
from gateway.contracts.decisions import last_transition
from gateway.contracts.models import Contract
from gateway.contracts.service import How, contract_of
from gateway.days import day_after, local_day
from gateway.lockers.free import free_lockers
from gateway.staff.models import Staff
from gateway.web import words
from gateway.web.asking import Asking
from gateway.web.cards import contract_card, present_locker
from gateway.web.forms import Form
from gateway.web.i18n import N_
from gateway.web.visit import Member, MemberVisit, Posted, PostedForm

router = APIRouter()
SUSPENDED_DAYS = 7
EXTENDED_DAYS = 365


def _show(template: str, values: Callable[[Member, Session, Contract], dict[str, Any]]) -> Callable[..., Response]:
    """A function that shows one decision's form for a contract."""

    def show(visit: Member, session: Session, contract_id: str, form: Form, status: int = 200) -> Response:
        contract = contract_of(session, contract_id)
        card, last = contract_card(contract, visit.now), _last(session, contract_id)
        shown = values(visit, session, contract)
        return visit.page(template, area="people", form=form, contract=card, last=last, status=status, **shown)

    return show


@dataclass(frozen=True)
class Last:
    """What was decided last: an English message, the author's name, the instant."""

    what: str
    who: str
    at: int


def _last(session: Session, contract_id: str) -> Last | None:
    found = last_transition(session, contract_id)
    if found is None:
        return None
    author = session.get(Staff, found.author)
    return Last(
        contract_words.ACTIONS.get(found.action, found.action), author.name if author else found.author, found.at
    )


def _options(visit: Member, texts: Mapping[str, str]) -> Sequence[tuple[str, str, str]]:
    return [(code, visit.say(text), "") for code, text in texts.items()]


def _choices(visit: Member, texts: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    return [(code, visit.say(text)) for code, text in texts.items()]


show_suspend = _show(
    "contracts/suspend.html",
    lambda visit, *_: {
        "reasons": _options(visit, words.SUSPEND_REASONS),
        "fetches": _options(visit, contract_words.FETCH),
    },
)
show_end = _show(
    "contracts/end.html",
    lambda visit, *_: {
        "reasons": _options(visit, words.END_REASONS),
        "deciders": _choices(visit, contract_words.DECIDED_BY),
        "destinations": _choices(visit, contract_words.DESTINATIONS),
        "stabilities": _choices(visit, contract_words.STABILITIES),
    },
)
show_renew = _show("contracts/renew.html", lambda *_: {})


def _free_here(visit: Member, session: Session, contract: Contract) -> dict[str, Any]:
    site = present_locker(contract, visit.now).bank.site_id
    free = free_lockers(session, visit.now, site_id=site, until=contract.collect_until)
    one_block = len({one.bank_id for one in free}) == 1
    return {
        "one_block": one_block,
        "lockers": [
            (f"{one.bank_id}/{one.number}", str(one.number) if one_block else f"{one.bank.name}, {one.number}", "")
            for one in free
        ],
    }


show_move = _show("contracts/move.html", _free_here)


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
            actor=posted.visit.staff.staff_id, now=now, seen=_seen(posted.form),
        )  # fmt: skip
        return _done(changed, "suspended")

    return _decide(posted, contract_id, act, show_suspend)


@router.get("/contracts/{contract_id}/renew")
def renew_page(visit: MemberVisit, contract_id: str) -> Response:
    """Asks for the new last day."""
    with visit.database.reading() as session:
        day = day_after(contract_of(session, contract_id).ends_on, EXTENDED_DAYS)
        return show_renew(visit, session, contract_id, Form({"ends_on": day.isoformat()}))


@router.post("/contracts/{contract_id}/renew")
def renew(posted: PostedForm, contract_id: str) -> Response:
    """A later last day: same badge, same locker."""
    day = posted.form.day("ends_on")

    def act(session: Session, now: int) -> str:
        actor, seen = posted.visit.staff.staff_id, _seen(posted.form)
        return _done(service.renew(session, contract_id, ends_on=day, actor=actor, now=now, seen=seen), "renewed")

    return _decide(posted, contract_id, act, show_renew)


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
        changed = service.move(
            session, contract_id, bank_id=bank, number=number, actor=posted.visit.staff.staff_id, now=now,
            seen=_seen(posted.form),
        )  # fmt: skip
        return _done(changed, "moved")

    return _decide(posted, contract_id, act, show_move)


@router.get("/contracts/{contract_id}/end")
def end_page(visit: MemberVisit, contract_id: str) -> Response:
    """Asks for the reason."""
    with visit.database.reading() as session:
        return show_end(visit, session, contract_id, Form())


@router.post("/contracts/{contract_id}/end")
def end(posted: PostedForm, contract_id: str) -> Response:
    """Ends it now; the time to collect begins."""
    reason, how = posted.form.choice("reason", words.END_REASONS), _how(posted.form)

    def act(session: Session, now: int) -> str:
        changed = service.end(
            session, contract_id, reason=reason, how=how, actor=posted.visit.staff.staff_id, now=now,
            seen=_seen(posted.form),
        )  # fmt: skip
        return _done(changed, "ended")

    return _decide(posted, contract_id, act, show_end)


def _asking(kind: str) -> Callable[..., Response]:
    """Shows the one-button question of a decision that needs nothing but a yes."""

    def show(visit: Member, session: Session, contract_id: str, form: Form, status: int = 200) -> Response:
        contract = contract_of(session, contract_id)
        card = contract_card(contract, visit.now)
        title, text, button, icon = QUESTIONS[kind]
        ask = Asking(
            title=title, subject=f"{card.holder} · {card.locker}", text=text, button=button, icon=icon,
            url=f"{card.url}/{kind}", back_url=card.person_url, back_text=card.holder,
        )  # fmt: skip
        return visit.page(
            "contracts/confirm.html", area="people", form=form, ask=ask, seen=contract.version,
            last=_last(session, contract_id), status=status,
        )  # fmt: skip

    return show


QUESTIONS = {
    "resume": (
        N_("Resume the contract"),
        N_("The badge opens the locker again as soon as the block has the new list."),
        N_("Resume"),
        "resume",
    ),
    "sign": (
        N_("Sign the contract"),
        N_("The person has signed: the badge opens from the first day on."),
        N_("It is signed"),
        "check",
    ),
    "emptied": (
        N_("The locker is empty"),
        N_("You have looked inside: nothing is left. The badge stops opening and the locker can be given away."),
        N_("It is empty"),
        "to_empty",
    ),
}
_YES = {
    "resume": (service.resume, "resumed"),
    "sign": (service.sign, "signed"),
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
            decide, done = _YES[kind]
            contract = decide(session, contract_id, actor=posted.visit.staff.staff_id, now=now, seen=_seen(posted.form))
            if kind == "emptied":
                locker = present_locker(contract, now)
                return f"/lockers/{locker.bank_id}/{locker.number}?done=emptied"
            return _done(contract, done)

        return _decide(posted, contract_id, act, show)


for _kind in QUESTIONS:
    _question_pages(_kind)


def _seen(form: Form) -> int | None:
    """The version of the contract that the form was made from."""
    value = form.get("seen")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def _how(form: Form) -> How:
    """What else the form says about an end; "unknown" where it says nothing."""
    return How(
        tuple(code for code in words.END_REASONS if form.get(f"also_{code}")),
        form.get("decided_by") or "unknown",
        form.get("destination") or "unknown",
        form.get("stability") or "unknown",
    )


def _done(contract: Contract, what: str) -> str:
    return f"/people/{contract.person_id}?done={what}"


def _decide(
    posted: Posted, contract_id: str, act: Callable[[Session, int], str], show: Callable[..., Response]
) -> Response:
    return posted.act(act, lambda session, form: show(posted.visit, session, contract_id, form, 422))
