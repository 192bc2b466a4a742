"""What is asked before someone comes onto a contract (entry.py), as fields of a form; the answers are recorded."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from gateway.care import eligibility
from gateway.care.codes import Finding
from gateway.care.eligibility import Found
from gateway.contracts import entry, words
from gateway.contracts.models import Contract
from gateway.schemes.terms import Condition
from gateway.schemes.words import EXCEPTIONS
from gateway.web.forms import Form
from gateway.web.i18n import N_
from gateway.web.visit import Member

_CONDITION, _MET = "condition-", "met"


@dataclass(frozen=True)
class Asked:
    """One condition on the form: the field, what is asked, the answers."""

    name: str
    text: str
    answers: list[tuple[str, str]]


def asked(visit: Member, key: str, conditions: Iterable[Condition]) -> list[Asked]:
    """Each is met, or gone without for one of the reasons it allows; `key` tells the fields of one form apart."""
    return [
        Asked(
            f"{_prefix(key)}{one.code}",
            str(getattr(one.text, visit.language)),
            [(_MET, visit.say(N_("Yes")))]
            + [(code, visit.say(N_("No, but: %(reason)s"), reason=_exception(visit, code))) for code in one.exceptions],
        )
        for one in conditions
    ]


def decide(session: Session, form: Form, key: str, person_id: str, scheme_id: str, *, actor: str, now: int) -> None:
    """What was said in the fields of that key is recorded, beside what was decided before; nothing said, nothing is."""
    found = _found(form.values, _prefix(key))
    if found:
        eligibility.decide(session, person_id, scheme_id, found, eligible=True, keep=True, actor=actor, now=now)


def despite(visit: Member, session: Session, contract: Contract, people: Iterable[str]) -> list[tuple[str, str]]:
    """Why they may come onto the contract all the same, where one of them is excluded there; else nothing to choose."""
    if all(entry.hindrance(session, contract, one, visit.now) is None for one in people):
        return []
    return [(code, visit.say(text)) for code, text in words.DESPITE.items()]


def _found(values: Mapping[str, str], prefix: str) -> dict[str, Found]:
    said = {name.removeprefix(prefix): value for name, value in values.items() if value and name.startswith(prefix)}
    return {
        code: Found(Finding.MET) if value == _MET else Found(Finding.EXCEPTION, value) for code, value in said.items()
    }


def _prefix(key: str) -> str:
    return f"{_CONDITION}{key}-"


def _exception(visit: Member, code: str) -> str:
    return visit.say(EXCEPTIONS[code]) if code in EXCEPTIONS else code.replace("_", " ")
