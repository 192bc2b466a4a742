"""Two gateways on one PostgreSQL: one of them looks for what there is to tell, the other one when that one is gone."""

import time
from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gateway.alerts import raising, service
from gateway.alerts.guarded import Guarded
from gateway.alerts.kinds import Kind
from gateway.alerts.occasions import Occasion
from gateway.alerts.runner import AlertRunner
from gateway.alerts.turn import Turn
from gateway.days import day_start
from tests.unit.gateway.town import TODAY, ZONE, Town

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
HOUR = 3_600_000
NIGHT = day_start(ZONE, TODAY) + 23 * HOUR
HOLDER = text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")


@pytest.fixture
def turns(town: Town) -> Iterator[tuple[Turn, Turn]]:
    both = Turn(town.database), Turn(town.database)
    yield both
    for turn in both:
        turn.pass_on()


def test_what_one_has_found_at_night_is_told_in_the_morning_although_the_other_has_not_looked_there_yet(
    town: Town,
) -> None:
    with town.writing() as session:
        service.add_channel(
            session, label="L", address="json://127.0.0.1:9/x", language="en", quiet=(22 * 60, 7 * 60), actor="test",
            now=NIGHT,
        )  # fmt: skip

    def found(_session: Session, _now: int) -> Sequence[Occasion]:
        return [Occasion("review", Kind.REVIEW_DUE, town.site_id, None, None, NIGHT, about="someone")]

    def not_yet(_session: Session, _now: int) -> Sequence[Occasion]:
        return []

    at, letters = [NIGHT], list[str]()

    def send(_address: str, title: str, _body: str) -> bool:
        letters.append(title)
        return True

    one, other = (
        AlertRunner(town.database, [Guarded(look, (), name="desk")], send, lambda: at[0]) for look in (found, not_yet)
    )
    for hour in range(9):
        at[0] = NIGHT + hour * HOUR
        one.round()
        other.round()
    one.stop()
    assert letters == ["A review is due: Montreuil"]


def test_the_turn_is_one_gateways_until_it_passes_it_on(turns: tuple[Turn, Turn]) -> None:
    one, other = turns
    assert [one.is_ours(), other.is_ours(), one.is_ours(), other.is_ours()] == [True, False, True, False]
    one.pass_on()
    assert [other.is_ours(), one.is_ours()] == [True, False]


def test_a_gateway_that_is_gone_loses_its_turn(town: Town, turns: tuple[Turn, Turn]) -> None:
    one, other = turns
    assert one.is_ours()
    with town.reading() as session:
        assert session.execute(HOLDER).all() == [(True,)]
    deadline = time.monotonic() + 10  # the server ends the other's connection in its own time
    while not other.is_ours():
        assert time.monotonic() < deadline
    assert not one.is_ours()


def test_a_statement_that_the_database_refuses_silences_no_other_source(town: Town) -> None:
    """Here it takes with it whatever else is done in its transaction."""

    def refused(session: Session, _now: int) -> Sequence[Occasion]:
        session.execute(text("SELECT 1 / 0"))
        return []

    def well(_session: Session, _now: int) -> Sequence[Occasion]:
        return [Occasion("review", Kind.REVIEW_DUE, town.site_id, None, None, NIGHT, about="someone")]

    looks = [Guarded(look, (), name="desk").standing for look in (refused, well)]
    assert raising.look(town.database, looks, now=NIGHT) == 1
