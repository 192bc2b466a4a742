"""The notice of a hazard on paper: what was found in a locker, with whom, what was done, and where to ask."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gateway.contracts.models import Contract
from gateway.custody import words as custody_words
from gateway.errors import ConflictError
from gateway.incidents import hazards, words
from gateway.incidents.models import Hazard
from gateway.lockers.models import Organisation
from gateway.web.i18n import LANGUAGES
from gateway.web.visit import MemberVisit
from wire.hours import site_zone

router = APIRouter()


@router.get("/hazards/{hazard_id}/print")
def print_page(
    visit: MemberVisit, hazard_id: str, words_in: Annotated[str, Query(alias="in", max_length=2)] = ""
) -> Response:
    """In the holder's language unless another one is asked for; no name is on it, for it hangs at the door.

    Raises NotFoundError (`hazard`), ConflictError (`not_inspected`).
    """
    with visit.database.reading() as session:
        hazard = hazards.hazard_of(session, hazard_id, actor=visit.staff.staff_id)
        if hazard.inspected_at is None:
            raise ConflictError("not_inspected", "inspect the locker with a witness first")
        language = words_in if words_in in LANGUAGES else _holders_language(session, hazard) or visit.language
        bank = hazard.locker.bank
        return replace(visit, language=language).page(
            "incidents/hazard_print.html",
            area="more",
            zone=site_zone(bank.site.zone),
            hazard=hazard,
            place=f"{bank.name}, {bank.site.name}",
            organisation=session.get_one(Organisation, bank.site.organisation_id).name,
            found=words.HAZARDS[hazard.found or "unknown"],
            done_there=words.ACTIONS[hazard.action or "other"],
            witness=custody_words.WITNESSES[hazard.witness_kind or ""][0],
            back=f"/hazards/{hazard.id}",
        )


def _holders_language(session: Session, hazard: Hazard) -> str:
    return session.get_one(Contract, hazard.contract_id).person.language if hazard.contract_id else ""
