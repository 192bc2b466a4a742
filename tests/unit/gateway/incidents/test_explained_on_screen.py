"""A forced door that came with the journal, and the declaration beside it on the locker's page."""

from types import SimpleNamespace
from typing import Any
from typing import cast as as_type

from gateway.incidents import override_key
from gateway.incidents.codes import KeyReason
from gateway.ingest.effects import take_effect
from gateway.ingest.service import Arrived, store
from gateway.lockers.history import lately
from gateway.web.visit import Visit
from tests.unit.gateway.incidents.conftest import Cast
from tests.unit.gateway.journal import Journal
from tests.unit.gateway.town import NOON, Town


def shown(town: Town) -> list[str]:
    visit: Any = SimpleNamespace(say=lambda message, **values: message % values if values else message)
    with town.reading() as session:
        return [one.text for one in lately(as_type(Visit, visit), session, town.bank, 3)]


def test_the_locker_s_page_says_who_used_the_override_key_and_why(town: Town, cast: Cast) -> None:
    journal = Journal().start()
    journal.write("door_forced", NOON, locker=3)
    with town.writing() as session:
        take_effect(session, store(session, [Arrived(town.bank, one) for one in journal.batches()], now=NOON), now=NOON)
    assert shown(town) == ["Forced"]
    with town.writing() as session:
        override_key.declare(
            session, bank_id=town.bank, number=3, from_at=NOON, until_at=NOON, reason=KeyReason.NO_POWER,
            actor=cast.lea, now=NOON,
        )  # fmt: skip
    assert shown(town) == ["Forced: override key, as lea declared (No power at the block)"]
