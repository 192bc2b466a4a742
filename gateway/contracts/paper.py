"""The contract on paper: what was agreed, in French, English or Portuguese, to be signed by both."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated

from babel.dates import get_day_names
from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.care.models import NamedWorker
from gateway.contracts import words
from gateway.contracts.holders import people_on
from gateway.contracts.service import contract_of
from gateway.lockers.models import Organisation
from gateway.money.amounts import euros
from gateway.schemes.models import Scheme
from gateway.schemes.terms import Condition, OpeningHours, Terms
from gateway.staff.models import Staff
from gateway.web.cards import present_locker
from gateway.web.i18n import LANGUAGES, babel_locale
from gateway.web.visit import MemberVisit
from wire.hours import site_zone

router = APIRouter()


@dataclass(frozen=True)
class Paper:
    """What the printed contract says; `hours` by weekday, as clock times; `contribution` an amount and how often."""

    id: str
    organisation: str
    scheme: str
    people: list[str]
    worker: str
    site: str
    block: str
    locker: int
    starts_on: date
    ends_on: date
    signed_at: int | None
    terms: Terms
    conditions: list[str]
    hours: list[tuple[str, str]]
    contribution: tuple[str, str] | None


@router.get("/contracts/{contract_id}/print")
def print_page(
    visit: MemberVisit, contract_id: str, words_in: Annotated[str, Query(alias="in", max_length=2)] = ""
) -> Response:
    """In the person's language unless another one is asked for."""
    with visit.database.reading() as session:
        contract = contract_of(session, contract_id)
        language = words_in if words_in in LANGUAGES else contract.person.language
        paper = paper_of(session, contract_id, language, visit.now)
        locker = present_locker(contract, visit.now)
        return replace(visit, language=language).page(
            "contracts/print.html", area="people", zone=site_zone(locker.bank.site.zone), paper=paper,
            back_url=f"/people/{contract.person_id}", back_text=contract.person.name,
        )  # fmt: skip


def paper_of(session: Session, contract_id: str, language: str, now: int) -> Paper:
    """The contract with the terms it was signed under. Raises NotFoundError (`contract`)."""
    contract = contract_of(session, contract_id)
    scheme = session.get_one(Scheme, contract.scheme_id)
    locker, terms = present_locker(contract, now), contract.terms
    asked = terms.contribution
    return Paper(
        id=contract.id,
        organisation=session.get_one(Organisation, scheme.organisation_id).name,
        scheme=scheme.name,
        people=[one.person.name for one in people_on(contract, now)],
        worker=_worker(session, contract.person_id),
        site=locker.bank.site.name,
        block=locker.bank.name,
        locker=locker.number,
        starts_on=contract.starts_on,
        ends_on=contract.ends_on,
        signed_at=contract.signed_at,
        terms=terms,
        conditions=[_said(condition, language) for condition in terms.conditions],
        hours=_hours(terms.hours, language) if terms.hours else [],
        contribution=(euros(asked.cents, language), words.EVERY[asked.every]) if asked else None,
    )


def _said(condition: Condition, language: str) -> str:
    return str(getattr(condition.text, language))


def _worker(session: Session, person_id: str) -> str:
    query = select(Staff.name).join(NamedWorker, NamedWorker.staff_id == Staff.id)
    return session.scalar(query.where(NamedWorker.person_id == person_id, NamedWorker.until_at.is_(None))) or ""


def _hours(hours: OpeningHours, language: str) -> list[tuple[str, str]]:
    """The name of each weekday from Monday on, with its spans."""
    names = get_day_names(locale=babel_locale(language))
    return [
        (names[weekday], ", ".join(f"{_clock(start)}-{_clock(end)}" for start, end in spans))
        for weekday, spans in enumerate(hours.days)
    ]


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
