"""Letters: in the time of those told, again if they did not arrive, each sent once, and never about a person."""

from datetime import date

import pytest
from sqlalchemy import select

from gateway.alerts import delivery, raising, service
from gateway.alerts.kinds import TITLES, Kind
from gateway.alerts.models import AlertChannel, AlertDelivery
from gateway.days import day_start
from gateway.web.i18n import translations
from tests.unit.gateway.alerts.rounds import ADDRESS, HOUR, MINUTE, Post, channel, happens, round_of, stands, states
from tests.unit.gateway.town import DAY, NOON, TODAY, ZONE, Town


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


def test_no_letter_says_who_has_the_locker(watched: Town, post: Post) -> None:
    person = watched.person("Nadia Benali")
    contract = watched.assign(person, 3, badge=watched.badge(person))
    happens(watched, "door_forced", 3, "forced")
    round_of(watched, post, NOON + MINUTE)
    ((title, body),) = post.letters
    for personal in ("Nadia", "Benali", person.id, contract.id, "M-001"):
        assert personal not in title + body


@pytest.mark.parametrize("language", ["fr", "pt"])
def test_letters_are_translated(language: str) -> None:
    say = translations(language).gettext
    bodies = [f"{when} %(moment)s. Sign in to Casier to see more." for when in ("Since", "To be done by")]
    for message in (*TITLES.values(), *bodies, "Casier: a trial"):
        assert say(message) != message


def test_kinds_are_all_named() -> None:
    assert set(TITLES) == set(Kind)
