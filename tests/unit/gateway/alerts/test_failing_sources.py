"""What cannot be looked at silences nothing else and ends nothing that it told; that it fails is known and logged."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gateway.alerts import raising
from gateway.alerts.guarded import Guarded
from gateway.alerts.kinds import Kind
from gateway.alerts.occasions import OF_BLOCKS, Occasion
from gateway.alerts.runner import AlertRunner
from gateway.days import day_start
from tests.unit.gateway.alerts.rounds import HOUR, MINUTE, Post, channel, happens, round_of, states
from tests.unit.gateway.town import NOON, TODAY, ZONE, Town


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
