"""To which organisation a thing belongs that an address names by its own id: its contract's, or its person's."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from gateway.contracts.models import Contract, Notice, TrustedPerson
from gateway.custody.models import Custody
from gateway.luggage.models import DeskShift, Luggage, ServiceUse
from gateway.money.models import Claim, MoneyMovement
from gateway.people.models import Person

_OF_CONTRACTS: Mapping[str, Any] = {
    "trusted_id": TrustedPerson, "notice_id": Notice, "custody_id": Custody, "luggage_id": Luggage,
}  # fmt: skip
_AT_SITES: Mapping[str, Any] = {"shift_id": DeskShift, "use_id": ServiceUse}


def belongs(session: Session, organisation_id: str, name: str, thing_id: str) -> bool:
    """Whether the thing is the organisation's people's; one that is not there is found so by its service."""
    query = _organisations(name, thing_id)
    return query is None or session.scalar(query) in (None, organisation_id)


def site_of(session: Session, name: str, thing_id: str) -> str | None:
    """The site of a desk's shift or service; None for anything else."""
    table = _AT_SITES.get(name)
    return None if table is None else session.scalar(select(table.site_id).where(table.id == thing_id))


def _organisations(name: str, thing_id: str) -> Select[Any] | None:
    people = select(Person.organisation_id)
    table = _OF_CONTRACTS.get(name)
    if table is not None:
        held = people.join(Contract, Contract.person_id == Person.id).join(table, table.contract_id == Contract.id)
        return held.where(table.id == thing_id)
    if name == "claim_id":
        return people.join(Claim, Claim.person_id == Person.id).where(Claim.id == thing_id)
    if name == "movement_id":
        return select(MoneyMovement.organisation_id).where(MoneyMovement.id == thing_id)
    return None
