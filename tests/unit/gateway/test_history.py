"""What staff see of a locker's openings by other staff: who, and why, where it was opened from."""

from types import SimpleNamespace
from typing import Any, cast

from gateway.access import lists
from gateway.access.models import CommandRecord, CommandStep
from gateway.access.service import register_badge
from gateway.db import new_id
from gateway.ingest.effects import take_effect
from gateway.ingest.service import Arrived, store
from gateway.lockers.history import lately
from gateway.staff import service as accounts
from gateway.web.visit import Visit
from tests.unit.gateway.journal import Journal
from tests.unit.gateway.town import NOON, Town


def shown(town: Town, journal: Journal) -> list[str]:
    def say(message: str, **values: object) -> str:
        return message % values if values else message

    with town.writing() as session:
        stored = store(session, [Arrived(town.bank, batch) for batch in journal.batches()], now=NOON)
        take_effect(session, stored, now=NOON)
    with town.reading() as session:
        visit: Any = SimpleNamespace(say=say, clock=lambda: NOON)
        return [one.text for one in lately(cast(Visit, visit), session, town.bank, 3)]


def test_an_opening_by_a_technician_on_the_spot_is_shown_with_its_reason(town: Town) -> None:
    journal = Journal().start()
    for reason in ("maintenance", "commissioning"):
        journal.write("release_intended", NOON, locker=3, origin="on_site", reason=reason)
    assert sorted(shown(town, journal)) == [
        "Opened on the spot by a technician: Commissioning",
        "Opened on the spot by a technician: Maintenance",
    ]


def test_an_opening_with_a_staff_badge_at_the_keypad_names_its_owner(town: Town) -> None:
    with town.writing() as session:
        member = accounts.add_staff(session, email="l@e.org", name="Léa M.", password="x" * 12, actor="t", now=NOON)
        badge = register_badge(
            session, town.keystore, site_id=town.site_id, number="em4100:00000000FE", label="S-1",
            staff_id=member.id, actor="t", now=NOON,
        )  # fmt: skip
    with town.reading() as session:
        (grant,) = lists.build(session, town.bank, version=1, now=NOON).grants
    assert grant.digest == badge.digest
    journal = Journal().start()
    journal.write("release_intended", NOON, locker=3, cause="badge", kind="staff", grant=grant.id, digest=grant.digest)
    journal.write("release_intended", NOON, locker=3, cause="badge", kind="holder", grant="someone-h0")
    assert shown(town, journal) == ["Opened with the badge of Léa M."]


def test_an_opening_by_a_staff_grant_that_nobody_knows_is_shown_without_a_name(town: Town) -> None:
    journal = Journal().start()
    for grant in ("staff-%%%%%%%%%%%%-0", "nonsense", ""):
        journal.write("release_intended", NOON, locker=3, kind="technician", grant=grant)
    assert shown(town, journal) == ["Opened with the badge of –"] * 3


def test_what_two_sensors_said_is_shown_in_words(town: Town) -> None:
    journal = Journal().start()
    journal.write("tamper", NOON, locker=3, source="locker 3", code="latch_released", active=True)
    journal.write("tamper", NOON + 1, locker=3, source="locker 3", code="latch_released", active=False)
    journal.write("door_left_open", NOON + 2, locker=3, open_ms=3000, code="ajar", sensor="latch")
    assert shown(town, journal) == ["Not locked", "No longer tampered with", "Tampered with"]


def test_an_order_that_came_to_nothing_does_not_stand_as_an_opening(town: Town) -> None:
    with town.writing() as session:
        for at, state in enumerate(("opened", "refused", "expired", "requested")):
            order = CommandRecord(
                id=new_id(NOON + at), bank_id=town.bank, kind="open", locker=3, args={},
                reason="holder_present", requested_by="t", requested_at=NOON - 600_000 + at, state=state,
            )  # fmt: skip
            order.steps.append(CommandStep(number=0, state=state, at=NOON - 600_000, received_at=NOON - 600_000))
            session.add(order)
    said = "Remote opening by –: The holder is here"
    assert shown(town, Journal().start()) == [
        f"{said} · No answer", f"{said} · Not carried out", f"{said} · Refused by the block", said
    ]  # fmt: skip
