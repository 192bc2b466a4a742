"""What is told of doors and blocks that are forced, jammed, left open or tampered with: once, and anew another day."""

import pytest
from sqlalchemy import select

from gateway.alerts.models import Alert
from gateway.alerts.occasions import RETRIED_MS
from gateway.days import day_start
from gateway.ingest.effects import take_effect
from gateway.ingest.service import Arrived, store
from tests.unit.gateway.alerts.rounds import HOUR, MINUTE, Post, channel, happens, round_of, stands, states
from tests.unit.gateway.journal import Journal
from tests.unit.gateway.town import DAY, NOON, TODAY, ZONE, Town


@pytest.mark.parametrize(
    ("entry", "fault", "facts", "title"),
    [
        ("door_forced", "forced", {}, "Forced"),
        ("door_left_open", "open_too_long", {}, "Open too long"),
        ("door_left_open", "ajar", {"code": "ajar"}, "Not locked"),
        ("not_opened", "jammed", {}, "Jammed"),
        ("tamper", "tampered", {"active": True}, "Tampered with"),
    ],
)
def test_what_happens_at_a_door_is_told_once(watched: Town, post: Post, entry, fault, facts, title) -> None:
    happens(watched, entry, 3, fault, **facts)
    assert round_of(watched, post, NOON + MINUTE) == [f"{title}: Montreuil, Montreuil 1, Locker 3"]
    assert round_of(watched, post, NOON + 2 * MINUTE) == round_of(watched, post, NOON + 2 * HOUR) == []
    assert states(watched) == ["sent"]


def test_what_needs_nobody_is_not_told(watched: Town, post: Post) -> None:
    for entry in ("door_opened", "door_closed", "released", "badge_refused"):
        happens(watched, entry)
    happens(watched, "tamper", None, active=False)
    assert round_of(watched, post, NOON + MINUTE) == []


def test_what_happened_before_there_were_alerts_is_not_told(town: Town, post: Post) -> None:
    channel(town)
    happens(town, "door_forced", 3, "forced")
    assert round_of(town, post, NOON + MINUTE) == []


def test_a_door_forced_and_closed_again_is_told_all_the_same(watched: Town, post: Post) -> None:
    happens(watched, "door_forced", 3, None)
    assert len(round_of(watched, post, NOON + MINUTE)) == 1


def test_a_door_closed_again_in_the_meantime_is_not_told_as_left_open(watched: Town, post: Post) -> None:
    happens(watched, "door_left_open", 3, None)
    assert round_of(watched, post, NOON + MINUTE) == []


def test_the_same_door_forced_another_day_is_told_again(watched: Town, post: Post) -> None:
    happens(watched, "door_forced", 3, "forced")
    assert len(round_of(watched, post, NOON)) == 1
    stands(watched, 3, None)
    round_of(watched, post, NOON + HOUR)
    happens(watched, "door_forced", 3, "forced", now=NOON + DAY)
    assert len(round_of(watched, post, NOON + DAY)) == 1


def says(town: Town, journal: Journal, *entries: tuple[str, str, str | None], now: int) -> None:
    """What locker 1's block says next: entry, release, and why the coil is tried."""
    for kind, release, cause in entries:
        journal.write(kind, now, locker=1, release=release, **({} if cause is None else {"cause": cause}))
    with town.writing() as session:
        take_effect(session, store(session, [Arrived(town.bank, journal.batch())], now=now), now=now)


_FIRST_TRY = (("release_intended", "r1", "badge"), ("not_opened", "r1", None))


@pytest.mark.parametrize(
    "after",
    [
        [("release_intended", "r2", "retry"), ("door_opened", "r2", None)],
        [("release_intended", "r2", "retry"), ("not_opened", "r2", None),
         ("release_intended", "r3", "retry"), ("door_opened", "r3", None)],
        [("door_opened", "r1", None)],
    ],
)  # fmt: skip
def test_a_door_that_opened_late_or_by_its_own_retry_is_not_told_as_jammed(watched: Town, post: Post, after) -> None:
    """Whenever it is looked: between the tries, too."""
    journal = Journal().start(at=NOON)
    says(watched, journal, *_FIRST_TRY, now=NOON + 2_000)
    told = round_of(watched, post, NOON + 2_500)
    for late, entry in enumerate(after):
        says(watched, journal, entry, now=NOON + 3_000 + 1_000 * late)
        told += round_of(watched, post, NOON + 3_500 + 1_000 * late)
    for second in range(10, 200, 5):
        told += round_of(watched, post, NOON + second * 1_000)
    assert told == []


@pytest.mark.parametrize(
    "after",
    [
        [],
        [("release_intended", "r2", "retry"), ("not_opened", "r2", None)],
        [("release_intended", "r2", "badge"), ("door_opened", "r2", None)],
        [("door_opened", "r0", None)],
    ],
)
def test_a_jam_is_told_once_after_its_retries_even_if_the_door_opened_at_the_next_badge(
    watched: Town, post: Post, after
) -> None:
    journal = Journal().start(at=NOON)
    says(watched, journal, *_FIRST_TRY, *after, now=NOON)
    told = [round_of(watched, post, NOON + second * 1_000) for second in (1, RETRIED_MS // 1_000, 60, 120)]
    assert told == [[], ["Jammed: Montreuil, Montreuil 1, Locker 1"], [], []]


def test_a_break_in_does_not_wait_for_the_retries_of_another_door(watched: Town, post: Post) -> None:
    happens(watched, "not_opened", 2, "jammed")
    happens(watched, "door_forced", 3, "forced")
    forced = ["Forced: Montreuil, Montreuil 1, Locker 3"]
    assert [round_of(watched, post, NOON + late) for late in (1, 2)] == [forced, []]
    assert round_of(watched, post, NOON + MINUTE) == ["Jammed: Montreuil, Montreuil 1, Locker 2"]


@pytest.mark.parametrize(("entry", "fault"), [("door_left_open", "open_too_long"), ("not_opened", "jammed")])
@pytest.mark.parametrize("quiet", [None, (22 * 60, 7 * 60)])
def test_a_door_that_is_so_again_soon_after_it_was_over_is_told_while_it_stays_so(
    town: Town, post: Post, entry: str, fault: str, quiet: tuple[int, int] | None
) -> None:
    round_of(town, post, NOON)
    channel(town, quiet=quiet)
    night, told = day_start(ZONE, TODAY) + 23 * HOUR, []
    happens(town, entry, 3, fault, now=night)
    round_of(town, post, night + MINUTE)
    stands(town, 3, None, night + 2 * MINUTE)
    round_of(town, post, night + 2 * MINUTE)
    before = len(post.letters)
    happens(town, entry, 3, fault, now=night + 10 * MINUTE)
    for minute in range(10, 24 * 60):
        told += round_of(town, post, night + minute * MINUTE)
    assert len(told) + before == (2 if fault == "jammed" or quiet is None else 1)
    with town.reading() as session:
        assert session.scalars(select(Alert.since).where(Alert.over_at.is_(None))).one() == night + 10 * MINUTE


def test_a_door_that_was_so_before_there_were_alerts_is_not_told_later(town: Town, post: Post) -> None:
    channel(town)
    happens(town, "door_left_open", 3, "open_too_long")
    assert [round_of(town, post, NOON + late * MINUTE) for late in (1, 2, 60)] == [[], [], []]


def test_a_fluttering_switch_is_told_once(watched: Town, post: Post) -> None:
    told = []
    for minute in range(5):
        happens(watched, "tamper", None, active=True, now=NOON + minute * MINUTE)
        happens(watched, "tamper", None, active=False, now=NOON + minute * MINUTE)
        told += round_of(watched, post, NOON + minute * MINUTE)
    assert told == ["Tampered with: Montreuil, Montreuil 1"]


def test_what_was_told_by_a_clock_that_was_ahead_keeps_nothing_back(watched: Town, post: Post) -> None:
    happens(watched, "door_forced", fault="forced", now=NOON + 30 * DAY)
    assert len(round_of(watched, post, NOON + 30 * DAY)) == 1
    stands(watched, 3, None, NOON)
    assert round_of(watched, post, NOON) == []
    happens(watched, "door_forced", fault="forced", now=NOON + DAY)
    assert len(round_of(watched, post, NOON + DAY)) == 1
