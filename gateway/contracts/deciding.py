"""What every form that decides about a contract shares: the card, the version seen, and who decided last."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi.responses import Response
from sqlalchemy.orm import Session

from gateway.contracts import words
from gateway.contracts.decisions import last_transition
from gateway.contracts.models import Contract
from gateway.contracts.service import contract_of
from gateway.staff.models import Staff
from gateway.web.cards import contract_card
from gateway.web.forms import Form
from gateway.web.visit import Member, Posted
from wire.hours import site_zone

Show = Callable[..., Response]


@dataclass(frozen=True)
class Last:
    """What was decided last: an English message, the author's name, the instant."""

    what: str
    who: str
    at: int


def last_of(session: Session, contract_id: str) -> Last | None:
    """The last decision about a contract; None if there was none."""
    found = last_transition(session, contract_id)
    if found is None:
        return None
    author = session.get(Staff, found.author)
    return Last(words.ACTIONS.get(found.action, found.action), author.name if author else found.author, found.at)


def showing(template: str, values: Callable[[Member, Session, Contract, Form], dict[str, Any]]) -> Show:
    """A function that shows one decision's form for a contract; `values`: what else its template reads."""

    def show(visit: Member, session: Session, contract_id: str, form: Form, status: int = 200) -> Response:
        contract = contract_of(session, contract_id)
        card, last = contract_card(contract, visit.now), last_of(session, contract_id)
        shown = values(visit, session, contract, form)
        return visit.page(
            template, area="people", zone=site_zone(card.zone), form=form, contract=card, last=last, status=status,
            **shown,
        )  # fmt: skip

    return show


def decide_on(posted: Posted, contract_id: str, act: Callable[[Session, int], str], show: Show) -> Response:
    """Acts once and goes where `act` says; a refusal shows the form again."""
    return posted.act(act, lambda session, form: show(posted.visit, session, contract_id, form, 422))


def seen_in(form: Form) -> int | None:
    """The version of the contract that the form was made from."""
    value = form.get("seen")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def done(contract: Contract, what: str) -> str:
    """The page that says that it is done: the file under which the contract is found."""
    return f"/people/{contract.person_id}?done={what}"


def options(visit: Member, texts: Mapping[str, str]) -> Sequence[tuple[str, str, str]]:
    """Codes as choices of a form."""
    return [(code, visit.say(text), "") for code, text in texts.items()]


def choices(visit: Member, texts: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """Codes as lines of a list to choose from."""
    return [(code, visit.say(text)) for code, text in texts.items()]
