"""Each release is judged against contracts and commands as of its moment; a breach is an event."""

from collections.abc import Sequence
from datetime import date

import pytest
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from gateway.access.models import CommandRecord
from gateway.access.service import controller_of
from gateway.badges import service as badges
from gateway.badges.models import Badge
from gateway.contracts import service as contracts
from gateway.contracts.holdings import MOVE_MS
from gateway.contracts.models import Contract, Holding
from gateway.events import judgement
from gateway.events.plainly import questionable
from gateway.events.service import latest_events
from gateway.ingest.effects import take_effect
from gateway.ingest.service import Arrived, store
from gateway.lockers import service as places
from gateway.lockers import wall
from tests.unit.gateway.journal import Journal
from tests.unit.gateway.town import DAY, NOON, Town
from wire.entries import Entry, decode_entry

MINUTE = 60_000
ALARMS = ("forced", "tampered", "jammed", "open_too_long", "ajar")


def told(town: Town, journal: Journal, now: int = NOON + 600_000) -> list[dict[str, object]]:
    with town.writing() as session:
        stored = store(session, [Arrived(town.bank, batch) for batch in journal.batches()], now=now)
        take_effect(session, stored, now=now)
    with town.reading() as session:
        return [item.body for item in latest_events(session, kinds=["breach"])]


def released(badge: Badge, at: int, locker: int = 1, journal: Journal | None = None) -> Journal:
    return (journal or Journal().start()).write(
        "release_intended", at, release="r", locker=locker, cause="badge", attempt=1, digest=badge.digest, kind="holder"
    )


@pytest.fixture(autouse=True)
def _what_is_plainly_right_is_no_breach(monkeypatch: pytest.MonkeyPatch) -> None:
    """In every test here: a release that is not even judged would not be one if it were."""

    def checked(connection: Connection, bank_id: str, releases: Sequence[Entry]) -> list[Entry]:
        left = questionable(connection, bank_id, releases)
        known = judgement._known(Session(connection, join_transaction_mode="control_fully"), bank_id, releases)
        assert not [entry for entry in releases if entry not in left and judgement.judge(entry, bank_id, known)]
        return left

    monkeypatch.setattr(judgement, "questionable", checked)


def test_only_what_is_not_plainly_right_is_judged(town: Town, badge: Badge, contract: Contract) -> None:
    journal = released(badge, NOON, locker=2, journal=released(badge, contract.collect_until))
    released(badge, NOON - DAY, journal=journal)
    journal.write("release_intended", NOON, release="r", locker=1, cause="command", command="x")
    doubtful = [decode_entry(line) for line in journal.lines[1:]]
    for body in ({"locker": 10**30, "digest": badge.digest}, {"locker": 1, "digest": "\0" * 16}, {}):
        doubtful.append(Entry("ab" * 16, 9, "release_intended", NOON, 1, "boot", "trusted", body))
    plain = [decode_entry(line) for line in released(badge, NOON, journal=released(badge, contract.until_at)).lines[1:]]
    with town.reading() as session:
        assert questionable(session.connection(), town.bank, [*doubtful, *plain]) == doubtful
        assert questionable(session.connection(), "another-1", plain) == plain
    with town.writing() as session:
        contracts.suspend(session, contract.id, reason="other", review_on=date(2026, 7, 1), actor="t", now=NOON)
    with town.reading() as session:
        assert questionable(session.connection(), town.bank, plain) == plain


def test_what_came_after_a_suspension_was_lifted_is_plainly_right(town: Town, badge: Badge, contract: Contract) -> None:
    with town.writing() as session:
        contracts.suspend(session, contract.id, reason="other", review_on=date(2026, 7, 1), actor="t", now=NOON)
    with town.writing() as session:
        contracts.resume(session, contract.id, actor="t", now=NOON + 3_600_000)
    during, after = (decode_entry(released(badge, at).lines[-1]) for at in (NOON + 3_599_999, NOON + 3_600_000))
    with town.reading() as session:
        assert questionable(session.connection(), town.bank, [during]) == [during]
        assert questionable(session.connection(), town.bank, [after]) == []


@pytest.fixture
def badge(town: Town) -> Badge:
    return town.badge(town.person())


@pytest.fixture
def contract(town: Town, badge: Badge) -> Contract:
    with town.reading() as session:
        from gateway.people.service import person_of

        owner = person_of(session, badge.person_id or "")
    return town.assign(owner)


def test_a_holder_at_their_own_locker_is_no_breach(town: Town, badge: Badge, contract: Contract) -> None:
    assert told(town, released(badge, NOON)) == []


def test_opened_two_minutes_after_a_revocation_that_had_not_reached_the_bank(
    town: Town, badge: Badge, contract: Contract
) -> None:
    with town.writing() as session:
        badges.revoke(session, badge.id, reason="lost", actor="t", now=NOON)
    found = told(town, released(badge, NOON + 120_000, journal=released(badge, NOON - 1)))
    assert [(body["why"], body["late_ms"], body["since"]) for body in found] == [("revoked", 120_000, NOON)]


def test_decisions_taken_later_do_not_count(town: Town, badge: Badge, contract: Contract) -> None:
    with town.writing() as session:
        badges.revoke(session, badge.id, reason="lost", actor="t", now=NOON + 1)
        contracts.end(session, contract.id, reason="other", collect_days=0, actor="t", now=NOON + 1)
    assert told(town, released(badge, NOON)) == []


@pytest.mark.parametrize("owner", ["the same", "another"])
def test_a_lost_badges_use_is_told_though_it_was_found_and_given_again_before_the_bank_said(
    town: Town, owner: str
) -> None:
    number, nadia = "em4100:00000000AA", town.person("Nadia")
    lost = town.badge(nadia, number=number)
    town.assign(nadia)
    with town.writing() as session:
        badges.revoke(session, lost.id, reason="lost", actor="t", now=NOON + 1)
    again = NOON + 20 * MINUTE
    found = town.badge(nadia if owner == "the same" else town.person("Mo"), number=number, now=again)
    journal = released(lost, NOON + 5 * MINUTE, journal=released(lost, NOON))
    if owner == "the same":
        released(found, again, journal=journal)
    assert [(body["why"], body["badge"], body["since"]) for body in told(town, journal)] == [
        ("revoked", lost.id, NOON + 1)
    ]


def test_a_found_card_tried_at_once_at_a_bank_whose_clock_is_a_little_behind_is_no_breach(town: Town) -> None:
    number, nadia = "em4100:00000000AA", town.person("Nadia")
    lost = town.badge(nadia, number=number)
    town.assign(nadia)
    with town.writing() as session:
        badges.revoke(session, lost.id, reason="lost", actor="t", now=NOON + 1)
    found = town.badge(nadia, number=number, now=NOON + 20 * MINUTE)
    assert told(town, released(found, NOON + 18 * MINUTE)) == []


def test_opened_during_a_suspension_or_after_the_end_or_elsewhere(town: Town, badge: Badge, contract: Contract) -> None:
    with town.writing() as session:
        contracts.suspend(session, contract.id, reason="other", review_on=date(2026, 7, 1), actor="t", now=NOON)
    journal = released(badge, NOON + 1, locker=2, journal=released(badge, NOON + 1))
    released(badge, contract.collect_until, journal=journal)
    released(badge, contract.until_at, journal=journal)
    assert [body["why"] for body in told(town, journal)] == ["ended", "no_contract", "suspended"]


def test_whoever_was_let_in_before_the_locker_that_they_wait_for_was_looked_into_is_a_breach(
    town: Town, badge: Badge, contract: Contract
) -> None:
    with town.writing() as session:
        session.get_one(Holding, contract.holdings[0].id).waits_since = NOON + 1
    journal = released(badge, NOON + 5, journal=released(badge, NOON))
    assert [(body["why"], body["late_ms"]) for body in told(town, journal)] == [("waits", 4)]


def test_the_former_locker_opens_for_a_day_after_a_move_and_is_a_breach_later(
    town: Town, badge: Badge, contract: Contract
) -> None:
    with town.writing() as session:
        contracts.move(session, contract.id, bank_id=town.bank, number=2, actor="t", now=NOON)
    moved = NOON + MOVE_MS
    journal = released(badge, moved, locker=2, journal=released(badge, moved - 1))
    assert [(body["why"], body["late_ms"]) for body in told(town, released(badge, moved + 5, journal=journal))] == [
        ("moved", 5)
    ]


def test_a_stranger_and_an_order_nobody_gave(town: Town) -> None:
    journal = Journal().start()
    journal.write("release_intended", release="r", locker=1, cause="badge", digest="ab" * 16)
    journal.write("release_intended", release="s", locker=1, cause="command", command="nobody")
    assert [body["why"] for body in told(town, journal)] == ["no_command", "no_contract"]


def test_an_order_to_one_locker_or_bank_explains_no_other(town: Town) -> None:
    with town.writing() as session:
        places.add_bank(session, bank_id="lille-1", site_id=town.site_id, name="Lille", actor="t", now=NOON)
        for number, bank in enumerate((town.bank, town.bank, "lille-1")):
            session.add(
                CommandRecord(
                    id=f"order-{number}", bank_id=bank, kind="open", args={"locker": 1}, locker=1, requested_by="t",
                    reason="emergency", requested_at=NOON, state="accepted",
                )
            )  # fmt: skip
    journal = Journal().start()
    for number, locker in enumerate((1, 2, 1)):
        journal.write("release_intended", NOON, release="r", locker=locker, cause="command", command=f"order-{number}")
    assert [(body["why"], body["command"]) for body in told(town, journal)] == [
        ("no_command", "order-2"),
        ("no_command", "order-1"),
    ]


@pytest.mark.parametrize(
    ("before", "state"), [("door_opened", "free"), ("door_left_open", "free"), ("door_forced", "forced")]
)
def test_after_a_restart_a_door_is_not_said_to_stand_open_that_may_have_been_shut(
    town: Town, before: str, state: str
) -> None:
    with town.writing() as session:
        controller_of(session, town.bank).online = True
    first = Journal().start(at=NOON).write(before, NOON + 1, locker=3, release="r")
    told(town, first)
    told(town, Journal().start(first, at=NOON + 9))
    with town.reading() as session:
        tile = wall.lockers(session, lambda _bank: True, now=NOON + 20)[2]
    assert (tile.door, tile.state) == ("unknown", state)
    told(town, first)
    with town.reading() as session:
        assert wall.lockers(session, lambda _bank: True, now=NOON + 20)[2].door == "unknown"


def test_a_late_epoch_does_not_turn_the_wall_back(town: Town) -> None:
    with town.writing() as session:
        controller_of(session, town.bank).online = True
    told(town, Journal().start().write("door_closed", NOON + 10, locker=3))
    told(town, Journal().start().write("door_opened", NOON, locker=3, release="r"))
    with town.reading() as session:
        assert wall.lockers(session, lambda _bank: True, now=NOON + 20)[2].door == "closed"


@pytest.mark.parametrize(
    ("entries", "state"),
    [
        ([("door_opened", {"release": "r"})], "open"),
        ([("door_opened", {"release": "r"}), ("door_closed", {"open_ms": 5})], "free"),
        ([("door_forced", {})], "forced"),
        ([("door_forced", {}), ("door_opened", {})], "forced"),
        ([("door_forced", {}), ("door_left_open", {"open_ms": 5})], "forced"),
        ([("door_opened", {"release": "r"}), ("door_left_open", {"open_ms": 5})], "open_too_long"),
        ([("not_opened", {"release": "r"})], "jammed"),
        ([("not_opened", {"release": "r"}), ("door_opened", {"release": "s"})], "open"),
        ([("door_left_open", {"open_ms": 5, "sensor": "latch", "code": "ajar"})], "ajar"),
        ([("door_left_open", {"open_ms": 5, "code": "ajar"}), ("door_closed", {"sensor": "latch"})], "free"),
        ([("door_forced", {}), ("door_left_open", {"open_ms": 5, "code": "ajar"})], "forced"),
        ([("tamper", {"source": "locker 3", "code": "latch_released", "active": True})], "tampered"),
        ([("tamper", {"source": "locker 3"}), ("tamper", {"source": "locker 3", "active": False})], "free"),
        ([("door_forced", {}), ("tamper", {"source": "locker 3"})], "forced"),
        ([("door_closed", {}), ("sensor_fault", {"code": "latch_stuck", "sensor": "latch"})], "free"),
        ([("out_of_service", {"reason": "works"})], "out_of_service"),
        ([("out_of_service", {}), ("in_service", {})], "free"),
    ],
)
def test_the_wall_shows_what_the_bank_last_said(
    town: Town, entries: list[tuple[str, dict[str, object]]], state: str
) -> None:
    with town.writing() as session:
        controller_of(session, town.bank).online = True
    journal = Journal().start()
    for at, (kind, body) in enumerate(entries):
        journal.write(kind, NOON + at, locker=3, **body)
    told(town, journal)
    with town.reading() as session:
        tile = wall.lockers(session, lambda _bank: True, now=NOON)[2]
        silent = wall.lockers(session, lambda _bank: False, now=NOON)[2]
    assert (tile.number, tile.state, tile.as_of) == (3, state, NOON + len(entries) - 1)
    assert silent.state == (state if state in ALARMS else "offline")


def test_a_late_batch_does_not_turn_the_wall_back(town: Town) -> None:
    journal = (
        Journal().start().write("door_opened", NOON, locker=3, release="r").write("door_closed", NOON + 9, locker=3)
    )
    with town.writing() as session:
        for first, last in ((3, 3), (1, 2)):
            stored = store(session, [Arrived(town.bank, journal.batch(first, last))], now=NOON)
            take_effect(session, stored, now=NOON)
    with town.reading() as session:
        assert wall.lockers(session, lambda _bank: True, now=NOON)[2].door == "closed"


@pytest.mark.parametrize(
    "body",
    [
        {"cause": "command", "command": "019eb8d5-9000-7c3e-8a51-0d2f4b6a8c01", "origin": "on_site"},
        {"cause": "commission"},
    ],
)
def test_what_a_technician_opens_at_the_bank_itself_is_no_order_of_ours_and_no_breach(
    town: Town, body: dict[str, object]
) -> None:
    journal = Journal().start().write("release_intended", NOON, release="r", locker=1, attempt=1, **body)
    assert told(town, journal) == []


def test_a_switch_of_the_enclosure_changes_no_locker(town: Town) -> None:
    journal = Journal().start().write("door_closed", NOON, locker=3).write("tamper", NOON + 1, source="box")
    told(town, journal)
    with town.reading() as session:
        assert {tile.state for tile in wall.lockers(session, lambda _bank: True, now=NOON)} <= {"free", "offline"}
