"""Alerts: told once, to who can act, in their time, again if it did not arrive, and never about a person."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from gateway.access import reconcile
from gateway.access import service as access
from gateway.access.models import Controller, IssuedList
from gateway.alerts import delivery, raising, sending, service
from gateway.alerts.guarded import Guarded
from gateway.alerts.kinds import TITLES, Kind
from gateway.alerts.models import Alert, AlertChannel, AlertDelivery
from gateway.alerts.occasions import OF_BLOCKS, OFFLINE_AFTER_MS, RETRIED_MS, STALE_AFTER_MS, Blocks, Occasion
from gateway.alerts.runner import AlertRunner
from gateway.days import day_start
from gateway.errors import InvalidError, NotFoundError
from gateway.events import service as events
from gateway.ingest.effects import take_effect
from gateway.ingest.service import Arrived, store
from gateway.lockers import service as places
from gateway.lockers.models import Observation
from gateway.web.i18n import translations
from tests.unit.gateway.journal import Journal
from tests.unit.gateway.test_controllers import birth
from tests.unit.gateway.town import DAY, NOON, TODAY, ZONE, Town

MINUTE = 60_000
HOUR = 60 * MINUTE
ADDRESS = "json://127.0.0.1:9/secret"


class Post:
    """What was sent, and whether it arrives."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, str]] = []
        self.works = True

    def __call__(self, address: str, title: str, body: str) -> bool:
        assert address == ADDRESS
        if self.works:
            self.letters.append((title, body))
        return self.works


@pytest.fixture
def post() -> Post:
    return Post()


def channel(town: Town, **terms: object) -> AlertChannel:
    with town.writing() as session:
        return service.add_channel(
            session, label="Mobile", address=ADDRESS, language="en", actor="test", now=NOON, **terms,  # type: ignore
        )  # fmt: skip


def happens(town: Town, kind: str, locker: int | None = 3, fault: str | None = None, now: int = NOON, **facts: object):
    """As ingest stores it: the entry in the feed, and what is known of the door."""
    with town.writing() as session:
        events.record(session, kind, now=now, bank_id=town.bank, locker=locker, **facts)
    if locker is not None:
        stands(town, locker, fault, now)


def stands(town: Town, locker: int, fault: str | None, now: int = NOON) -> None:
    with town.writing() as session:
        row = session.get(Observation, (town.bank, locker))
        if row is None:
            row = Observation(bank_id=town.bank, number=locker, out_of_service=False, as_of_epoch="", as_of_seq=0)
            session.add(row)
        row.door, row.fault, row.since, row.as_of = "open" if fault else "closed", fault, now, now


def round_of(town: Town, post: Post, now: int, *sources: Callable) -> list[str]:
    before = len(post.letters)
    raising.look(town.database, sources, now=now)
    delivery.deliver(town.database, post, clock=lambda: now)
    return [title for title, _body in post.letters[before:]]


def states(town: Town) -> list[str]:
    with town.reading() as session:
        return list(session.scalars(select(AlertDelivery.state).order_by(AlertDelivery.id)))


@pytest.fixture
def watched(town: Town, post: Post) -> Town:
    """A town that was looked at before anything happened, with one channel."""
    assert round_of(town, post, NOON) == []
    channel(town)
    return town


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


def test_a_letter_that_was_put_off_by_a_clock_that_was_ahead_goes_once_the_clock_is_right(
    watched: Town, post: Post
) -> None:
    post.works = False
    happens(watched, "door_forced", fault="forced", now=NOON + 30 * DAY)
    assert round_of(watched, post, NOON + 30 * DAY) == []
    post.works = True
    assert len(round_of(watched, post, NOON)) == 1


def test_quiet_hours_wait_for_the_morning_but_not_for_a_break_in(town: Town, post: Post) -> None:
    round_of(town, post, NOON)
    channel(town, quiet=(22 * 60, 7 * 60))
    night = day_start(ZONE, TODAY) + 23 * HOUR
    happens(town, "not_opened", 2, "jammed", now=night)
    happens(town, "door_forced", 3, "forced", now=night)
    assert round_of(town, post, night) == ["Forced: Montreuil, Montreuil 1, Locker 3"]
    morning = day_start(ZONE, date(2026, 6, 16)) + 7 * HOUR
    assert round_of(town, post, morning - MINUTE) == []
    assert round_of(town, post, morning) == ["Jammed: Montreuil, Montreuil 1, Locker 2"]


def test_what_is_over_before_the_morning_is_not_told_any_more(town: Town, post: Post) -> None:
    round_of(town, post, NOON)
    channel(town, quiet=(22 * 60, 7 * 60))
    night = day_start(ZONE, TODAY) + 23 * HOUR
    happens(town, "door_left_open", 2, "open_too_long", now=night)
    round_of(town, post, night)
    stands(town, 2, None)
    assert round_of(town, post, night + 9 * HOUR) == []
    assert states(town) == ["not_needed"]


@pytest.mark.parametrize(
    ("day", "hour", "minutes"),
    [(date(2026, 3, 29), 1, 5 * 60), (date(2026, 10, 25), 1, 7 * 60), (date(2026, 6, 15), 1, 6 * 60)],
)
def test_quiet_hours_end_by_the_clock_on_the_wall_when_the_clocks_change(day: date, hour: int, minutes: int) -> None:
    quiet = AlertChannel(zone=ZONE, quiet_from=22 * 60, quiet_until=7 * 60)
    now = day_start(ZONE, day) + hour * HOUR
    assert delivery.quiet_until(quiet, now) == now + minutes * MINUTE


def test_a_letter_that_did_not_arrive_is_tried_again_with_growing_pauses_and_then_given_up(
    watched: Town, post: Post
) -> None:
    post.works = False
    happens(watched, "door_forced", 3)
    now, pauses = NOON, []
    while states(watched) != ["given_up"]:
        round_of(watched, post, now)
        with watched.reading() as session:
            letter = session.scalars(select(AlertDelivery)).one()
        pauses.append(letter.due_at - now)
        now = max(letter.due_at, now + 1)
        assert len(pauses) <= delivery.MOST_ATTEMPTS
    assert pauses[:3] == [MINUTE, 2 * MINUTE, 4 * MINUTE]
    assert len(pauses) == delivery.MOST_ATTEMPTS
    assert max(pauses) <= delivery.LONGEST_PAUSE_MS


def test_what_still_stands_is_told_however_long_the_service_was_away(watched: Town, post: Post) -> None:
    post.works = False
    happens(watched, "door_forced", 3, "forced")
    for hour in range(3 * 24):
        assert round_of(watched, post, NOON + hour * HOUR) == []
    post.works = True
    told = [round_of(watched, post, NOON + 3 * DAY + hour * HOUR) for hour in range(7)]
    assert [title for titles in told for title in titles] == ["Forced: Montreuil, Montreuil 1, Locker 3"]


def test_an_address_that_does_not_answer_is_waited_for_once_in_a_round(town: Town) -> None:
    """So that what another address is told does not wait for all of its letters."""
    raising.look(town.database, (), now=NOON)
    with town.writing() as session:
        for address in ("json://127.0.0.1:9/dead", ADDRESS):
            service.add_channel(session, label="L", address=address, language="en", actor="test", now=NOON)
    for number in range(1, 7):
        happens(town, "door_forced", number, "forced")
    raising.look(town.database, (), now=NOON)
    asked: list[str] = []

    def send(address: str, _title: str, _body: str) -> bool:
        asked.append(address)
        return address == ADDRESS

    assert delivery.deliver(town.database, send, clock=lambda: NOON) == 6
    assert sorted(asked) == ["json://127.0.0.1:9/dead", *[ADDRESS] * 6]
    assert states(town).count("waiting") == 6


def test_a_letter_arrives_once_the_service_works_again(watched: Town, post: Post) -> None:
    post.works = False
    happens(watched, "door_forced", 3, "forced")
    assert round_of(watched, post, NOON) == []
    post.works = True
    assert round_of(watched, post, NOON + MINUTE // 2) == []
    assert len(round_of(watched, post, NOON + MINUTE)) == 1


def test_a_letter_under_way_is_not_sent_by_another_gateway(watched: Town) -> None:
    happens(watched, "door_forced", 3, "forced")
    raising.look(watched.database, (), now=NOON)
    with watched.writing() as session:
        assert len(delivery.claim(session, now=NOON)) == 1
    with watched.writing() as session:
        assert delivery.claim(session, now=NOON + 1) == []
    with watched.writing() as session:
        assert len(delivery.claim(session, now=NOON + delivery.LEASE_MS)) == 1


def test_what_a_slow_service_takes_longer_for_than_the_letters_are_kept_is_sent_once(watched: Town) -> None:
    sent: list[str] = []
    now = NOON

    def clock() -> int:
        return now

    def slowly(_address: str, title: str, _body: str) -> bool:
        nonlocal now
        now += 50_000
        sent.append(title)
        delivery.deliver(watched.database, at_once, clock=clock)
        return True

    def at_once(_address: str, title: str, _body: str) -> bool:
        """Another gateway's, which looks for what is due meanwhile."""
        sent.append(title)
        return True

    for locker in range(1, 7):
        happens(watched, "door_forced", locker, "forced")
    raising.look(watched.database, (), now=now)
    for _ in range(2):
        delivery.deliver(watched.database, slowly, clock=clock)
        now += delivery.LEASE_MS
    assert sorted(sent) == [f"Forced: Montreuil, Montreuil 1, Locker {locker}" for locker in range(1, 7)]


def fails(_session: object, _now: int) -> list[Occasion]:
    raise RuntimeError("somebody's name")


def test_a_look_that_fails_keeps_back_no_letter(watched: Town, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    happens(watched, "door_forced", 3, "forced")
    raising.look(watched.database, (), now=NOON)
    monkeypatch.setattr("gateway.alerts.runner.look", fails)
    with pytest.raises(TypeError):
        AlertRunner(watched.database, (), post, lambda: NOON).round()
    assert [title for title, _body in post.letters] == ["Forced: Montreuil, Montreuil 1, Locker 3"]


def test_a_source_that_fails_silences_no_other(watched: Town, post: Post) -> None:
    review = Occasion("review", Kind.REVIEW_DUE, watched.site_id, None, None, NOON, about="someone")
    failing, well = Guarded(fails, OF_BLOCKS, name="blocks"), Guarded(lambda *_: [review], (), name="desk")
    happens(watched, "door_forced", 3, "forced")
    runner = AlertRunner(watched.database, (failing, well), post, lambda: NOON)
    runner.round()
    assert sorted(title for title, _body in post.letters) == [
        "A review is due: Montreuil", "Forced: Montreuil, Montreuil 1, Locker 3"
    ]  # fmt: skip
    assert runner.failing_since == NOON


def test_a_statement_that_the_database_refuses_silences_no_other_source(watched: Town, post: Post) -> None:
    def refused(session: Session, _now: int) -> list[Occasion]:
        session.execute(text("SELECT * FROM nowhere"))
        return []

    happens(watched, "door_forced", 3, "forced")
    assert len(round_of(watched, post, NOON, Guarded(refused, (), name="desk").standing)) == 1


def test_a_feed_that_cannot_be_read_silences_no_other_source(
    watched: Town, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    review = Occasion("review", Kind.REVIEW_DUE, watched.site_id, None, None, NOON, about="someone")
    runner = AlertRunner(watched.database, (Guarded(lambda *_: [review], (), name="desk"),), post, lambda: NOON)
    happens(watched, "door_forced", 3, "forced")
    with monkeypatch.context() as broken:
        broken.setattr("gateway.alerts.raising.from_feed", fails)
        for _round in range(2):
            with pytest.raises(TypeError):
                runner.round()
    assert ([title for title, _body in post.letters], runner.failing_since) == (["A review is due: Montreuil"], NOON)
    runner.round()
    assert (post.letters[1][0], runner.failing_since) == ("Forced: Montreuil, Montreuil 1, Locker 3", None)


@pytest.mark.parametrize("restarted", [False, True])
def test_while_a_source_fails_nothing_that_it_told_is_over(town: Town, post: Post, restarted: bool) -> None:
    """Not even what a gateway before this one told."""
    round_of(town, post, NOON)
    channel(town, quiet=(22 * 60, 7 * 60))
    night, works = day_start(ZONE, TODAY) + 23 * HOUR, [True]
    review = Occasion("review", Kind.REVIEW_DUE, town.site_id, None, None, night, about="someone")

    def looked(session: Session, now: int) -> list[Occasion]:
        return [review] if works[0] else fails(session, now)

    source = Guarded(looked, (Kind.REVIEW_DUE,), name="desk")
    assert round_of(town, post, night, source.standing) == []
    works[0] = False
    if restarted:
        source = Guarded(looked, (Kind.REVIEW_DUE,), name="desk")
    assert round_of(town, post, night + HOUR, source.standing) == []
    assert round_of(town, post, night + 8 * HOUR, source.standing) == ["A review is due: Montreuil"]
    works[0] = True
    round_of(town, post, night + 9 * HOUR, source.standing)
    assert (source.failing_since, states(town)) == (None, ["sent"])


def test_a_source_that_fails_in_every_round_is_logged_every_half_hour(
    watched: Town, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[str] = []
    monkeypatch.setattr("gateway.alerts.guarded.log.error", lambda event, **_facts: logged.append(event))
    source = Guarded(fails, (), name="desk")
    for minute in range(60):
        round_of(watched, post, NOON + minute * MINUTE, source.standing)
    assert logged == ["alert_source_failed"] * 2
    assert source.failing_since == NOON


def test_only_channels_of_the_site_that_want_the_kind_are_told(town: Town, post: Post) -> None:
    round_of(town, post, NOON)
    channel(town, kinds=["offline"])
    gone = channel(town, site_id=town.site_id)
    with town.writing() as session:
        service.disable_channel(session, gone.id, actor="test", now=NOON)
    happens(town, "door_forced", 3, "forced")
    assert round_of(town, post, NOON + MINUTE) == []
    channel(town, site_id=town.site_id, kinds=["forced"])
    stands(town, 3, None)
    round_of(town, post, NOON + HOUR)
    happens(town, "door_forced", 3, "forced")
    assert len(round_of(town, post, NOON + HOUR)) == 1


def test_an_address_that_is_added_is_told_once_what_stands(watched: Town, post: Post) -> None:
    for number in (2, 3, 4):
        happens(watched, "door_forced", number, "forced")
    happens(watched, "not_opened", 5, "jammed")
    assert len(round_of(watched, post, NOON + MINUTE)) == 4
    stands(watched, 2, None)
    round_of(watched, post, NOON + MINUTE)
    channel(watched, kinds=["forced"], site_id=watched.site_id)
    with watched.writing() as session:
        elsewhere = places.site_named(
            session, "Lille", organisation_id=watched.organisation_id, zone=ZONE, actor="test", now=NOON
        )
    channel(watched, site_id=elsewhere.id)
    assert sorted(round_of(watched, post, NOON + HOUR)) == [
        f"Forced: Montreuil, Montreuil 1, Locker {number}" for number in (3, 4)
    ]
    assert round_of(watched, post, NOON + 2 * HOUR) == []


def test_a_block_is_told_as_offline_after_a_while_and_not_when_it_comes_back(watched: Town, post: Post) -> None:
    heard = {watched.bank}
    blocks = Blocks(lambda bank: bank in heard).standing
    with watched.writing() as session:
        session.get_one(Controller, watched.bank).online = True
    assert round_of(watched, post, NOON, blocks) == []
    heard.clear()
    assert round_of(watched, post, NOON + 1, blocks) == []
    late = NOON + 1 + OFFLINE_AFTER_MS
    assert round_of(watched, post, late - 1, blocks) == []
    assert round_of(watched, post, late, blocks) == ["Block offline: Montreuil, Montreuil 1"]
    assert round_of(watched, post, late + HOUR, blocks) == []
    heard.add(watched.bank)
    assert round_of(watched, post, late + 2 * HOUR, blocks) == []
    with watched.reading() as session:
        assert session.scalars(select(Alert.over_at)).one() == late + 2 * HOUR


def test_a_gateway_that_takes_over_goes_on_with_what_was_told_of_a_block(watched: Town, post: Post) -> None:
    """After a restart, or beside another one: the alert is neither over nor told twice, until the block is heard."""
    heard = set[str]()
    one, other = (Blocks(lambda bank: bank in heard).standing for _gateway in range(2))
    with watched.writing() as session:
        session.get_one(Controller, watched.bank).online = True
    round_of(watched, post, NOON, one)
    late = NOON + OFFLINE_AFTER_MS
    assert round_of(watched, post, late, one) == ["Block offline: Montreuil, Montreuil 1"]
    for minute in range(40):
        now = late + minute * MINUTE
        assert round_of(watched, post, now, other) == round_of(watched, post, now + 1, one) == []
    with watched.reading() as session:
        assert session.scalars(select(Alert.over_at)).one() is None
    heard.add(watched.bank)
    round_of(watched, post, late + HOUR, other)
    with watched.reading() as session:
        assert session.scalars(select(Alert.over_at)).one() == late + HOUR


def test_a_gateway_that_starts_at_night_forgets_nothing_that_waits_for_the_morning(town: Town, post: Post) -> None:
    """It has not heard the block yet: what was said of its list still holds."""
    round_of(town, post, NOON)
    channel(town, quiet=(22 * 60, 7 * 60))
    night = day_start(ZONE, TODAY) + 23 * HOUR
    with town.writing() as session:
        session.get_one(Controller, town.bank).online = True
        session.add(IssuedList(bank_id=town.bank, version=9, hash="0", issued_at=NOON, lease_until=NOON, content="0"))
    assert round_of(town, post, night, Blocks(lambda _bank: True).standing) == []
    heard = set[str]()
    started = Blocks(lambda bank: bank in heard).standing
    assert round_of(town, post, night + HOUR, started) == []
    heard.add(town.bank)
    morning = night + 8 * HOUR
    assert round_of(town, post, morning, started) == ["A change is not in force yet: Montreuil, Montreuil 1"]


def test_a_change_that_does_not_reach_its_block_is_told(watched: Town, post: Post) -> None:
    blocks = Blocks(lambda _bank: True).standing
    with watched.writing() as session:
        session.get_one(Controller, watched.bank).online = True
        session.add(
            IssuedList(bank_id=watched.bank, version=9, hash="0", issued_at=NOON, lease_until=NOON, content="0")
        )
    assert round_of(watched, post, NOON + STALE_AFTER_MS - 1, blocks) == []
    assert round_of(watched, post, NOON + STALE_AFTER_MS, blocks) == [
        "A change is not in force yet: Montreuil, Montreuil 1"
    ]


def test_a_block_that_is_held_again_in_one_session_is_told_again_since_when_it_is_held(
    watched: Town, post: Post
) -> None:
    blocks = Blocks(lambda _bank: True).standing
    with watched.writing() as session:
        bank = session.get_one(Controller, watched.bank)
        bank.online, bank.status_at = True, NOON - 3 * DAY
    for held_at in (NOON + MINUTE, NOON + DAY):
        with watched.writing() as session:
            access.follows(session, watched.bank, held_at, "f" * 64, now=held_at)
        told = ["Block waits for a decision: Montreuil, Montreuil 1"]
        assert [round_of(watched, post, held_at + late, blocks) for late in (0, MINUTE)] == [told, []]
        with watched.writing() as session:
            assert session.scalars(select(Alert.since).where(Alert.over_at.is_(None))).one() == held_at
            reconcile.decide(session, watched.bank, actor="test", now=held_at + HOUR, unseen=True)
        assert round_of(watched, post, held_at + HOUR, blocks) == []


def test_a_copied_card_is_told_once_and_again_after_a_day_without_another_sign(watched: Town, post: Post) -> None:
    """Two controllers of one name come and go by turns for hours; nobody is told each time."""
    before = Journal().start(at=NOON).write("tamper", NOON, active=False)
    clones = [Journal().start(before).write("in_service", locker=2) for _clone in range(2)]
    with watched.writing() as session:
        for one in (before, *clones):
            take_effect(session, store(session, [Arrived(watched.bank, one.batch())], now=NOON), now=NOON)
    told = ["Memory card perhaps copied or restored: Montreuil, Montreuil 1"]
    assert round_of(watched, post, NOON) == told
    for minute in range(0, 10 * 60, 20):
        with watched.writing() as session:
            be_born(session, watched, minute)
        assert [round_of(watched, post, NOON + (minute + late) * MINUTE) for late in (0, 1)] == [[], []]
    assert not_over(watched) == ["copied"]
    assert round_of(watched, post, NOON + 2 * DAY) == not_over(watched) == []
    with watched.writing() as session:
        be_born(session, watched, 2 * 24 * 60)
    assert round_of(watched, post, NOON + 2 * DAY) == told


def be_born(session: Session, town: Town, minute: int) -> None:
    """Two controllers of one name begin the same session, one after the other."""
    for nonce in ("a" * 32, "b" * 32):
        access.born(session, town.bank, birth(5, nonce=nonce), now=NOON + minute * MINUTE)


def not_over(town: Town) -> list[str]:
    with town.reading() as session:
        return list(session.scalars(select(Alert.kind).where(Alert.over_at.is_(None))))


def test_no_letter_says_who_has_the_locker(watched: Town, post: Post) -> None:
    person = watched.person("Nadia Benali")
    contract = watched.assign(person, 3, badge=watched.badge(person))
    happens(watched, "door_forced", 3, "forced")
    round_of(watched, post, NOON + MINUTE)
    ((title, body),) = post.letters
    for personal in ("Nadia", "Benali", person.id, contract.id, "M-001"):
        assert personal not in title + body


def test_an_address_is_sealed_and_never_given_back(town: Town) -> None:
    from gateway.alerts.schemas import ChannelOut

    made = channel(town)
    assert "secret" not in ChannelOut.model_validate(made).model_dump_json()
    with town.reading() as session:
        stored = session.connection().exec_driver_sql("SELECT address FROM alert_channel").scalar_one()
    assert "secret" not in stored


@pytest.mark.parametrize("language", ["fr", "pt"])
def test_letters_are_translated(language: str) -> None:
    say = translations(language).gettext
    bodies = [f"{when} %(moment)s. Sign in to Casier to see more." for when in ("Since", "To be done by")]
    for message in (*TITLES.values(), *bodies, "Casier: a trial"):
        assert say(message) != message


def test_a_channel_with_mistakes_is_refused(town: Town) -> None:
    for wrong, code in (
        ({"kinds": ["gossip"]}, "kind"), ({"quiet": (60, 60)}, "quiet"), ({"zone": "Mars/Base"}, "zone"),
    ):  # fmt: skip
        with pytest.raises(InvalidError) as caught:
            channel(town, **wrong)
        assert caught.value.code == code
    with pytest.raises(NotFoundError):
        channel(town, site_id="nowhere")
    with town.writing() as session, pytest.raises(InvalidError, match="apprise"):
        service.add_channel(session, label="x", address="nonsense", actor="test", now=NOON)


def test_apprise_says_whether_a_message_was_taken() -> None:
    assert sending.usable("mailtos://user:pass@example.org")
    assert not sending.usable("nonsense")
    assert sending.send("json://127.0.0.1:1/", "title", "body") is False


def test_kinds_are_all_named() -> None:
    assert set(TITLES) == set(Kind)
