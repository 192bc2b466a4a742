"""What belongs to another organisation is not found, whatever the address names it by."""

from typing import Any

import pytest

from gateway.care import contacts, offers, partners, progress, support, waiting
from gateway.care.codes import ContactKind, Direction, PartnerKind, Source, SupportKind, Topic, WishKind
from gateway.errors import NotFoundError
from gateway.lockers.service import organisation_named
from gateway.schemes.service import scheme_named
from gateway.staff.scope import require_own
from tests.unit.gateway.town import NOON, Town

BY: dict[str, Any] = {"actor": "t", "now": NOON}


def ask(town: Town, organisation_id: str | None, **named: str) -> None:
    with town.reading() as session:
        require_own(session, organisation_id, named, right=None, changing=True, now=NOON)


def test_things_of_care_are_found_by_their_own_organisation_only(town: Town) -> None:
    person = town.person()
    with town.writing() as session:
        other = organisation_named(session, "Other", **BY)
        scheme = scheme_named(session, town.organisation_id, now=NOON)
        partner = partners.add_partner(
            session, organisation_id=town.organisation_id, name="One", kind=PartnerKind.OTHER, **BY
        )
        entry = waiting.add_to_list(session, person.id, waiting.Wait(scheme.id, Source.UNKNOWN), **BY)
        named = {
            "contact_id": contacts.log_contact(session, person.id, kind=ContactKind.MET, **BY).id,
            "step_id": progress.agree_step(session, person.id, topic=Topic.WORK, **BY).id,
            "wish_id": progress.note_wish(session, person.id, kind=WishKind.WISH, topic=Topic.WORK, **BY).id,
            "support_id": support.record_support(session, person.id, SupportKind.FOOD, **BY).id,
            "partner_id": partner.id,
            "referral_id": partners.refer(session, person.id, partner.id, Direction.TO_PARTNER, **BY).id,
            "entry_id": entry.id,
            "offer_id": offers.make_offer(session, entry.id, **BY).id,
        }
    for name, thing in named.items():
        ask(town, None, **{name: thing})
        ask(town, town.organisation_id, **{name: thing})
        with pytest.raises(NotFoundError) as refused:
            ask(town, other.id, **{name: thing})
        assert refused.value.code == name.removesuffix("_id")
    with town.reading() as session:
        assert waiting.list_waiting(session, organisation_id=other.id).items == []
        assert len(waiting.list_waiting(session, organisation_id=town.organisation_id).items) == 1
