"""The PIN of a badge at the gateway: a keyed hash in the list, nothing anywhere else."""

import pytest
from sqlalchemy import select

from gateway.access import lists
from gateway.access.changes import AccessChanged
from gateway.access.service import register_badge
from gateway.audit.models import AuditRecord
from gateway.badges import pins, service
from gateway.badges.models import Badge
from gateway.badges.schemas import badge_out
from gateway.db import Base
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.staff import service as accounts
from gateway.web.cards import badge_card
from tests.unit.gateway.town import NOON, Town
from wire.access_list import AccessList
from wire.pin import pin_hash

PIN = "82659174"


def with_pin(town: Town, badge: Badge, pin: str = PIN) -> Badge:
    with town.writing() as session:
        return pins.set_pin(session, town.keystore, badge.id, pin=pin, actor="lea", now=NOON)


def listed(town: Town) -> AccessList:
    with town.reading() as session:
        return lists.build(session, town.bank, version=1, now=NOON)


def held(town: Town) -> Badge:
    person = town.person()
    badge = town.badge(person)
    town.assign(person)
    return badge


def test_every_opening_grant_of_the_badge_carries_its_keyed_hash(town: Town) -> None:
    badge = with_pin(town, held(town))
    expected = pin_hash(town.keystore.badge_key(badge.key_id), badge.digest, PIN)
    assert {grant.kind: grant.pin for grant in listed(town).grants} == {"holder": expected, "collect": expected}
    with town.writing() as session:
        pins.clear_pin(session, badge.id, actor="lea", now=NOON)
    assert {grant.pin for grant in listed(town).grants} == {None}


def test_a_staff_badge_may_ask_for_one_too(town: Town) -> None:
    with town.writing() as session:
        member = accounts.add_staff(
            session, email="lea@example.org", name="Lea", password="un mot de passe long", actor="x", now=NOON
        )
        badge = register_badge(
            session, town.keystore, site_id=town.site_id, number="em4100:00000000FF", label="S-1", staff_id=member.id,
            actor="x", now=NOON,
        )  # fmt: skip
    with_pin(town, badge)
    assert [(grant.kind, grant.pin is None) for grant in listed(town).grants] == [("staff", False)]


def test_the_pin_itself_is_nowhere_in_the_database(town: Town) -> None:
    badge = with_pin(town, held(town))
    with town.reading() as session:
        kept = "".join(repr(session.execute(table.select()).all()) for table in Base.metadata.sorted_tables)
        actions = session.scalars(select(AuditRecord.action).where(AuditRecord.subject == badge.id)).all()
    assert badge.digest in kept
    assert PIN not in kept
    assert actions[-1] == "badge_pin_set"
    assert PIN not in badge_out(badge).model_dump_json()
    assert badge.pin is not None
    assert badge.pin not in badge_out(badge).model_dump_json()


def test_the_banks_get_a_new_list_when_a_pin_changes_and_not_when_it_does_not(town: Town) -> None:
    badge = held(town)
    told: list[object] = []
    town.database.listeners.append(told.append)
    with_pin(town, badge)
    assert AccessChanged(town.bank) in told
    told.clear()
    with_pin(town, badge)
    assert AccessChanged(town.bank) not in told
    with_pin(town, badge, "0000")
    assert AccessChanged(town.bank) in told


@pytest.mark.parametrize("pin", ["", "123", "123456789", "12a4", "12 34", "١٢٣٤"])
def test_what_is_no_pin_is_refused_and_not_repeated(town: Town, pin: str) -> None:
    badge = held(town)
    with pytest.raises(InvalidError) as refused:
        with_pin(town, badge, pin)
    assert (refused.value.code, refused.value.text) == ("pin", "a PIN has 4 to 8 digits")


def test_a_revoked_badge_keeps_no_pin_and_takes_none(town: Town) -> None:
    badge = with_pin(town, held(town))
    with town.writing() as session:
        assert service.revoke(session, badge.id, reason="lost", actor="lea", now=NOON).pin is None
    with pytest.raises(ConflictError):
        with_pin(town, badge)
    with town.writing() as session, pytest.raises(NotFoundError):
        pins.clear_pin(session, "no-such-badge", actor="lea", now=NOON)


def test_a_place_that_asks_for_pins_shows_which_badges_have_none_and_shuts_nobody_out(town: Town) -> None:
    badge = held(town)
    with town.writing() as session:
        pins.ask_for_pins(session, town.bank, asks=True, actor="lea", now=NOON)
    assert {grant.pin for grant in listed(town).grants} == {None}
    assert badge_card(badge, asks_pin=True).pin == "missing"
    assert badge_card(badge).pin == ""
    assert badge_card(with_pin(town, badge), asks_pin=True).pin == "set"
