"""Whose things of care are: their person's organisation's, a partner its own (staff/scope.py asks here)."""

from collections.abc import Callable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.care.models import Contact, Step, SupportAct, Wish
from gateway.care.waiting_models import Offer, Partner, Referral, WaitingEntry
from gateway.people.models import Person

_OfPeople = type[Contact] | type[Step] | type[SupportAct] | type[Wish] | type[Referral] | type[WaitingEntry]
_IsOwn = Callable[[Session, str, str], bool]


def _of_person(table: _OfPeople) -> _IsOwn:
    def is_own(session: Session, organisation_id: str, thing_id: str) -> bool:
        people = select(Person.organisation_id).join(table, table.person_id == Person.id)
        return session.scalar(people.where(table.id == thing_id)) in (None, organisation_id)

    return is_own


def _offer(session: Session, organisation_id: str, offer_id: str) -> bool:
    offer = session.get(Offer, offer_id)
    return offer is None or _of_person(WaitingEntry)(session, organisation_id, offer.entry_id)


def _partner(session: Session, organisation_id: str, partner_id: str) -> bool:
    partner = session.get(Partner, partner_id)
    return partner is None or partner.organisation_id == organisation_id


OWN: Mapping[str, _IsOwn] = {
    "contact_id": _of_person(Contact),
    "step_id": _of_person(Step),
    "support_id": _of_person(SupportAct),
    "wish_id": _of_person(Wish),
    "referral_id": _of_person(Referral),
    "entry_id": _of_person(WaitingEntry),
    "offer_id": _offer,
    "partner_id": _partner,
}
