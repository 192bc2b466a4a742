"""Breaches on the wall: those of one block hide none of another's."""

from typing import Any

import pytest

from gateway.events import breaches
from gateway.events.service import record
from tests.unit.gateway.town import NOON, Town

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_a_block_with_very_many_breaches_hides_none_of_another_s(town: Town) -> None:
    with town.writing() as session:
        record(session, "breach", now=NOON, bank_id=town.bank, locker=1, why="ended")
        for at in range(breaches.LOOKED_THROUGH + 1):
            record(session, "breach", now=NOON + at, locker=2, why="ended")
    with town.reading() as session:
        assert [one.locker for one in breaches.unseen_at(session, {town.bank, "elsewhere"}, now=NOON)] == [1]


def test_breaches_of_several_blocks_come_newest_first(town: Town) -> None:
    with town.writing() as session:
        for bank in (town.bank, None, town.bank):
            record(session, "breach", now=NOON, bank_id=bank, locker=1, why="ended")
    with town.reading() as session:
        found = [one.id for one in breaches.unseen_at(session, {town.bank}, now=NOON)]
    assert found == sorted(found, reverse=True)
    assert len(found) == 2


@pytest.mark.parametrize("gone_by", [0, breaches.LOOKED_THROUGH])
def test_many_blocks_cost_the_wall_no_more_questions_than_one(town: Town, gone_by: int) -> None:
    with town.writing() as session:
        for _ in range(gone_by):
            record(session, "breach", now=NOON - breaches.SHOWN_FOR_MS, locker=2, why="ended")
        record(session, "breach", now=NOON, bank_id=town.bank, locker=1, why="ended")
    some = {town.bank, *(f"bank{turn}" for turn in range(breaches.MOST_ASKED - 1))}
    with town.reading() as session:
        asked: list[str] = []
        driver: Any = session.connection().connection.driver_connection
        driver.set_trace_callback(asked.append)
        found = {len(banks): breaches.unseen_at(session, banks, now=NOON) for banks in (some, {town.bank})}
        driver.set_trace_callback(None)
    assert [[one.locker for one in those] for those in found.values()] == [[1], [1]]
    assert len(asked) == 2 * len(("breach", "breach_seen"))
