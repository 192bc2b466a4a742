"""Things of care that an address names by their own id: out of an organisation's sight they are not found."""

from collections.abc import Mapping
from typing import Any

from fastapi import Depends, Request
from sqlalchemy import Select, select

from gateway.care.models import Contact, Step, SupportAct, Wish
from gateway.care.waiting_models import Offer, Partner, Referral, WaitingEntry
from gateway.edge import Caller, Db
from gateway.errors import NotFoundError
from gateway.people.models import Person

_Theirs = type[Contact] | type[Step] | type[SupportAct] | type[Wish] | type[Referral] | type[WaitingEntry]
_OF_PEOPLE: Mapping[str, _Theirs] = {
    "contact_id": Contact,
    "step_id": Step,
    "support_id": SupportAct,
    "wish_id": Wish,
    "referral_id": Referral,
    "entry_id": WaitingEntry,
}


def _own(request: Request, database: Db, caller: Caller) -> None:
    """Raises NotFoundError with the thing's code. What is not there at all is found so by the service."""
    if caller.organisation_id is None:
        return
    for name, thing_id in request.path_params.items():
        query = _organisation(name, thing_id)
        if query is None:
            continue
        with database.reading() as session:
            if session.scalar(query) not in (None, caller.organisation_id):
                kind = name.removesuffix("_id")
                raise NotFoundError(kind, f"no such {kind}")


def _organisation(name: str, thing_id: str) -> Select[Any] | None:
    if name == "partner_id":
        return select(Partner.organisation_id).where(Partner.id == thing_id)
    people = select(Person.organisation_id)
    if name == "offer_id":
        entries = people.join(WaitingEntry, WaitingEntry.person_id == Person.id)
        return entries.join(Offer, Offer.entry_id == WaitingEntry.id).where(Offer.id == thing_id)
    table = _OF_PEOPLE.get(name)
    return None if table is None else people.join(table, table.person_id == Person.id).where(table.id == thing_id)


OWN: list[Any] = [Depends(_own)]
