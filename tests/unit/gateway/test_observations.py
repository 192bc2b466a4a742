"""What is believed of a door is what its bank said last, whatever its clock said and whatever came first."""

from collections.abc import Sequence
from hashlib import md5
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import migrations
from gateway.access.keystore import Keystore
from gateway.db import Database
from gateway.ingest.effects import take_effect
from gateway.ingest.service import Arrived, store
from gateway.lockers import wall
from gateway.lockers.journal_order import JournalOrder, Told
from gateway.lockers.models import Observation
from gateway.privacy.field_keys import FieldKeys
from gateway.privacy.openings import delete_over
from tests.unit.gateway.journal import Journal
from tests.unit.gateway.town import DAY, NOON, Town, found_town
from wire.entries import Entry

MINUTE = 60_000


def told(town: Town, *batches: bytes, now: int) -> None:
    with town.writing() as session:
        stored = store(session, [Arrived(town.bank, batch) for batch in batches], now=now)
        take_effect(session, stored, now=now)


def seen(town: Town, number: int = 1) -> tuple[str, str | None, bool]:
    with town.reading() as session:
        row = session.get_one(Observation, (town.bank, number))
        return row.door, row.fault, row.out_of_service


def left_open(at: int) -> Journal:
    return Journal().start(at=at).write("door_opened", at + 1, locker=1, release="r").write(
        "door_left_open", at + 7 * MINUTE, locker=1
    )  # fmt: skip


def test_a_bank_that_starts_with_a_clock_behind_is_believed_at_once(town: Town) -> None:
    before = left_open(NOON)
    told(town, before.batch(), now=NOON + 8 * MINUTE)
    after = Journal().start(before, at=NOON + MINUTE)
    told(town, after.batch(), now=NOON + 9 * MINUTE)
    assert seen(town) == ("unknown", None, False)
    after.write("door_closed", NOON + 2 * MINUTE, locker=1)
    told(town, after.batch(2), now=NOON + 10 * MINUTE)
    assert seen(town) == ("closed", None, False)


def test_what_an_earlier_run_tells_late_does_not_count_though_its_clock_was_ahead(town: Town) -> None:
    before = left_open(NOON)
    after = Journal().start(before, at=NOON + MINUTE).write("door_closed", NOON + 2 * MINUTE, locker=1)
    told(town, after.batch(), now=NOON + 10 * MINUTE)
    told(town, before.batch(), now=NOON + 11 * MINUTE)
    assert seen(town) == ("closed", None, False)


def test_a_clock_that_was_ahead_freezes_no_door(town: Town) -> None:
    ahead = left_open(NOON + 200 * DAY).write("out_of_service", NOON + 200 * DAY, locker=2)
    told(town, ahead.batch(), now=NOON)
    after = Journal().start(ahead, at=NOON + MINUTE).write("door_closed", NOON + MINUTE, locker=1)
    told(town, after.write("in_service", NOON + MINUTE, locker=2).batch(), now=NOON + MINUTE)
    assert (seen(town), seen(town, 2)) == (("closed", None, False), ("unknown", None, False))


def test_what_a_clock_ahead_stamped_is_known_since_it_came(town: Town) -> None:
    told(town, left_open(NOON + 200 * DAY).batch(), now=NOON)
    with town.reading() as session:
        row = session.get_one(Observation, (town.bank, 1))
        assert (row.as_of, row.since) == (NOON, NOON)


def last_used(town: Town, number: int = 1) -> int | None:
    with town.reading() as session:
        row = session.get(Observation, (town.bank, number))
        return row.last_opened_at if row else None


def release(journal: Journal, at: int, **body: Any) -> Journal:
    return journal.write("release_intended", at, locker=1, release=f"r{len(journal.lines)}", **body)


def test_only_a_holder_s_badge_or_a_door_opened_for_them_is_a_use_of_their_locker(town: Town) -> None:
    journal = release(Journal().start(), NOON, digest="d", kind="holder")
    others: list[dict[str, str]] = [
        {"command": "c", "reason": "inspection"}, {"command": "c", "reason": "maintenance"},
        {"digest": "d2", "kind": "staff"}, {"digest": "d3", "kind": "technician"}, {"reason": "emergency"},
    ]  # fmt: skip
    for body in others:
        release(journal, NOON + DAY, **body).write("door_opened", NOON + DAY, locker=1, release="r")
    journal.write("door_forced", NOON + DAY, locker=1)
    told(town, journal.batch(), now=NOON + DAY)
    assert last_used(town) == NOON
    release(journal, NOON + 2 * DAY, digest="d", kind="collect")
    told(town, journal.batch(len(journal.lines)), now=NOON + 2 * DAY)
    assert last_used(town) == NOON + 2 * DAY
    release(journal, NOON + 3 * DAY, command="c", reason="holder_present")
    told(town, journal.batch(len(journal.lines)), now=NOON + 3 * DAY)
    assert last_used(town) == NOON + 3 * DAY


def test_a_locker_without_a_sensor_is_known_to_be_used(town: Town) -> None:
    journal = release(Journal().start(), NOON, digest="d", kind="holder").write("released", NOON, locker=1, release="r")
    told(town, journal.batch(), now=NOON)
    assert (last_used(town), seen(town)) == (NOON, ("unknown", None, False))
    with town.reading() as session:
        (door, *_) = wall.lockers(session, lambda _: True, bank_id=town.bank, now=NOON)
    assert (door.as_of, door.since, door.last_opened_at) == (None, None, NOON)


def test_a_use_that_is_told_late_or_by_a_clock_ahead_is_never_later_than_its_coming(town: Town) -> None:
    first = release(Journal().start(), NOON, digest="d", kind="holder").write("door_closed", NOON, locker=1)
    later = release(Journal().start(first), NOON + 9 * DAY, digest="d", kind="holder")
    told(town, later.batch(), now=NOON + 2 * DAY)
    told(town, first.batch(), now=NOON + 3 * DAY)
    assert last_used(town) == NOON + 2 * DAY


def test_of_two_runs_that_no_link_joins_the_later_by_the_clock_counts_but_not_beyond_its_coming(town: Town) -> None:
    told(town, left_open(NOON + 200 * DAY).batch(), now=NOON)
    told(town, Journal().start(at=NOON + DAY).write("door_closed", NOON + DAY, locker=1).batch(), now=NOON + DAY)
    assert seen(town) == ("closed", None, False)


def test_what_a_disk_with_little_room_wrote_late_was_over_when_the_door_was_closed(town: Town) -> None:
    journal = Journal().start().write("door_opened", NOON, locker=1, release="r").write("door_closed", NOON, locker=1)
    journal.write_late("door_left_open", NOON, 2_500, locker=1).write_late("door_forced", NOON, 2_600, locker=1)
    told(town, journal.batch(1, 3), now=NOON)
    told(town, journal.batch(4), now=NOON)
    assert seen(town) == ("closed", None, False)


def test_a_forced_door_written_late_is_shown_although_somebody_badged_since(town: Town) -> None:
    journal = Journal().start().write("door_closed", NOON, locker=1).write("already_open", NOON, locker=1)
    journal.write_late("door_forced", NOON, 2_500, locker=1)
    told(town, journal.batch(1, 3), now=NOON)
    told(town, journal.batch(4), now=NOON)
    assert seen(town) == ("open", "forced", False)


def test_a_mark_that_comes_late_counts_although_a_door_has_moved_since(town: Town) -> None:
    journal = Journal().start().write("out_of_service", NOON, locker=1).write("door_closed", NOON, locker=1)
    told(town, journal.batch(1, 1), journal.batch(3), now=NOON)
    told(town, journal.batch(2, 2), now=NOON)
    assert seen(town) == ("closed", None, True)


def openings_over(town: Town, now: int) -> None:
    delete_over(town.database, actor="t", now=now, apply=True)


@pytest.mark.parametrize("alarm", ["door_forced", "not_opened"])
def test_an_alarm_that_was_over_before_its_openings_were_deleted_does_not_come_back_with_late_entries(
    town: Town, alarm: str
) -> None:
    first = Journal().start(at=NOON).write(alarm, NOON, locker=1).write("door_opened", NOON, locker=1, release="r")
    first.write("door_closed", NOON, locker=1)
    told(town, first.batch(), now=NOON)
    openings_over(town, NOON + 91 * DAY)
    later = NOON + 92 * DAY
    second = Journal().start(first, at=later)
    told(town, second.batch(), Journal().start(second, at=later).batch(), now=later)
    assert seen(town) == ("unknown", None, False)


@pytest.mark.parametrize("moved", [False, True])
def test_an_alarm_from_before_the_openings_that_are_kept_still_stands_after_late_entries(
    town: Town, moved: bool
) -> None:
    first = Journal().start(at=NOON).write("door_closed", NOON, locker=1).write("door_forced", NOON, locker=1)
    told(town, first.batch(), now=NOON)
    openings_over(town, NOON + 91 * DAY)
    later = NOON + 92 * DAY
    second = Journal().start(first, at=later)
    if moved:
        second.write("already_open", later, locker=1)
    told(town, second.batch(), Journal().start(second, at=later).batch(), now=later)
    assert seen(town) == ("unknown", "forced", False)


class Counted(dict[str, str]):
    """Links of a bank's epochs, and how often one was asked for."""

    asked = 0

    def get(self, *wanted: Any) -> Any:
        self.asked += 1
        return super().get(*wanted)


def test_a_bank_that_started_thousands_of_times_is_not_gone_back_through_for_each_comparison(town: Town) -> None:
    names = [md5(b"%d" % number, usedforsecurity=False).hexdigest() for number in range(5_000)]
    fresh = [Told(Entry(name, 2, "door_closed", NOON, 1, "boot", "floor", {"locker": 1}), NOON) for name in names[-50:]]
    with town.reading() as session:
        order = JournalOrder(session.connection(), town.bank)
        links = order._previous = Counted(pairwise(reversed(names)))
        told = order.of_locker(1, reversed(fresh), NOON)
    assert [one.entry.epoch for one in told] == names[-50:]
    assert links.asked < 3 * len(names)


@pytest.mark.parametrize(("code", "use"), [("stuck_closed", "not_opened"), ("stuck_open", "already_open")])
def test_a_sensor_that_is_known_to_be_broken_stays_so_at_the_next_use_until_it_works_again(
    town: Town, code: str, use: str
) -> None:
    journal = Journal().start().write("sensor_fault", NOON, locker=1, code=code).write(use, NOON + MINUTE, locker=1)
    told(town, journal.batch(), now=NOON + MINUTE)
    assert seen(town) == ("unknown", "sensor", False)
    journal.write("sensor_recovered", NOON + 2 * MINUTE, locker=1, code=code).write(
        "door_closed", NOON + 2 * MINUTE, locker=1
    ).write("not_opened", NOON + 3 * MINUTE, locker=1)
    told(town, journal.batch(4), now=NOON + 3 * MINUTE)
    assert seen(town) == ("closed", "jammed", False)


def test_links_in_a_ring_are_put_in_some_order_and_stop_nothing(town: Town) -> None:
    ring = [f"{number:032x}" for number in range(3)]
    fresh = [Told(Entry(name, 2, "door_closed", NOON, 1, "boot", "floor", {"locker": 1}), NOON) for name in ring]
    with town.reading() as session:
        order = JournalOrder(session.connection(), town.bank)
        order._previous = {ring[0]: ring[2], ring[1]: ring[0], ring[2]: ring[1]}
        assert {one.entry.epoch for one in order.of_locker(1, fresh, NOON)} == set(ring)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Town:
    home: Path = tmp_path_factory.mktemp("orders")
    database = Database(f"sqlite:///{home / 'casier.db'}", FieldKeys.of(home))
    migrations.migrate(database)
    return found_town(database, Keystore(home))


_HAPPENS: list[tuple[str, dict[str, Any]]] = [
    ("door_opened", {"release": "r"}), ("door_opened", {}), ("door_closed", {}), ("door_forced", {}),
    ("door_left_open", {}), ("door_left_open", {"code": "ajar"}), ("already_open", {}), ("wrong_door", {}),
    ("not_opened", {}), ("sensor_fault", {"sensor": "latch"}), ("sensor_fault", {}), ("sensor_recovered", {}),
    ("tamper", {}), ("tamper", {"active": False}), ("out_of_service", {}), ("in_service", {}), ("badge_refused", {}),
]  # fmt: skip
_RUNS = st.lists(
    st.tuples(
        st.integers(-9 * MINUTE, 9 * MINUTE),
        st.lists(st.tuples(st.sampled_from(_HAPPENS), st.integers(1, 2), st.integers(0, 8)), max_size=6),
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=40, deadline=None)
@given(runs=_RUNS, data=st.data())
def test_whatever_comes_first_and_however_often_the_same_is_believed_in_the_end(
    small: Town, runs: Sequence[tuple[int, list[tuple[tuple[str, dict[str, Any]], int, int]]]], data: st.DataObject
) -> None:
    batches: list[tuple[int, bytes]] = []
    journal = None
    for ahead, happens in runs:
        journal = Journal().start(journal, at=NOON + ahead)
        for (kind, body), number, step in happens:
            journal.write_late(kind, NOON + ahead + step, 1_000 + step, locker=number, **body)
        batches += [(len(batches), journal.batch(seq, seq)) for seq in range(1, len(journal.lines) + 1)]
    shuffled = data.draw(st.permutations([*batches, *batches]))
    assert _believed(small, [batch for _at, batch in shuffled]) == _believed(small, [batch for _at, batch in batches])


def _believed(town: Town, batches: Sequence[bytes]) -> list[tuple[object, ...]]:
    """What is known after these, each taken alone; nothing of it stays."""
    with town.database.reading() as session:  # rolled back: never committed
        for batch in batches:
            stored = store(session, [Arrived(town.bank, batch)], now=NOON)
            take_effect(session, stored, now=NOON)
        rows = session.query(Observation).order_by(Observation.number).populate_existing()
        names = [column.name for column in Observation.__table__.columns if column.name not in ("as_of_seq",)]
        return [tuple(getattr(row, name) for name in names) for row in rows]
