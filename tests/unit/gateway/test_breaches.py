"""Breaches on the wall: those of one block hide none of another's."""

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
