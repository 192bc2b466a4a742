"""Nothing is acknowledged or receipted before it is stored: fault row 27, and the broker's copy is the last one."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from gateway.events.models import Event
from gateway.ingest import repository
from gateway.ingest.models import Epoch, Quarantine
from gateway.ingest.service import GAP_ALARM_MS, Reach, alarm_gaps
from gateway.link import inbox
from gateway.link.device_keys import DeviceKeys
from gateway.link.inbox import Inbox
from gateway.link.publisher import Publisher
from gateway.link.transport import Received, Transport
from tests.unit.gateway.journal import Journal
from tests.unit.gateway.town import NOON, Town
from wire.envelope import sign
from wire.topics import Topic, topic_name


@dataclass
class Outside:
    """The broker's side: what was acknowledged and receipted, and how many entries were stored by then."""

    town: Town
    told: list[tuple[str, int]] = field(default_factory=list)

    def acknowledge(self, message: Received) -> None:
        self.told.append((f"ack {message.mid}", stored(self.town)))

    def send_receipts(self, due: Iterable[Reach]) -> None:
        self.told += [(f"receipt {reach.through}", stored(self.town)) for reach in due]


def stored(town: Town) -> int:
    with town.reading() as session:
        return session.scalar(select(func.count()).select_from(Event).where(Event.epoch.is_not(None))) or 0


def inbox_of(town: Town, outside: Outside) -> Inbox:
    keys = DeviceKeys(town.database, lambda: 0)
    keys.reload()
    return Inbox(town.database, keys, cast(Publisher, outside), cast(Transport, outside), lambda: NOON)


def message(town: Town, payload: bytes, mid: int = 1, key: Ed25519PrivateKey | None = None) -> Received:
    envelope = sign(key or town.device, Topic.EVENTS, payload)
    return Received(topic_name(town.bank, Topic.EVENTS), envelope, retained=False, mid=mid, qos=1, connection=1)


def test_a_batch_is_acknowledged_and_receipted_once_it_is_stored(town: Town) -> None:
    outside = Outside(town)
    journal = Journal().start().write("tamper").write("tamper")
    inbox_of(town, outside).take([message(town, journal.batch(1, 2), 1), message(town, journal.batch(3), 2)])
    assert outside.told == [("ack 1", 3), ("ack 2", 3), ("receipt 3", 3)]


def test_while_the_database_is_away_nothing_is_acknowledged_and_nothing_is_lost(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = Outside(town)
    inbox, batch = inbox_of(town, outside), message(town, Journal().start().batch())

    def away(*_: Any) -> AbstractContextManager[Session]:
        raise OperationalError("INSERT", {}, Exception("connection refused"))

    with monkeypatch.context() as patched:
        patched.setattr(town.database, "writing", away)
        with pytest.raises(OperationalError):
            inbox.take([batch])
    assert outside.told == []
    inbox.take([batch])
    assert outside.told == [("ack 1", 1), ("receipt 1", 1)]


def test_a_batch_nobody_here_can_verify_is_acknowledged_and_never_answered(town: Town) -> None:
    outside = Outside(town)
    inbox_of(town, outside).take([message(town, Journal().start().batch(), key=Ed25519PrivateKey.generate())])
    assert outside.told == [("ack 1", 0)]


@pytest.mark.parametrize("fails", ["take_effect", "store"])
def test_a_batch_nobody_foresaw_counts_as_stored_and_the_journal_goes_on_behind_it(
    town: Town, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    outside, journal = Outside(town), Journal().start().write("tamper").write("tamper")

    def unforeseen(*_: Any, **__: Any) -> None:
        raise KeyError("nobody foresaw this")

    with monkeypatch.context() as patched:
        patched.setattr(inbox, fails, unforeseen)
        inbox_of(town, outside).take([message(town, journal.batch(1, 2))])
    inbox_of(town, outside).take([message(town, journal.batch(3), 2)])
    kept = {"take_effect": 2, "store": 0}[fails]
    assert outside.told == [("ack 1", kept), ("receipt 2", kept), ("ack 2", kept + 1), ("receipt 3", kept + 1)]
    with town.reading() as session:
        aside = [(row.first, row.last, row.why) for row in session.query(Quarantine)]
        told = session.query(Event).where(Event.kind == "batch_quarantined").count()
    assert aside == ([(None, None, "no_effect")] if kept else [(1, 2, "internal")])
    assert told == 1


def test_a_batch_without_effects_is_shown_to_operators_once_however_often_it_comes(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = message(town, Journal().start().batch())

    def unforeseen(*_: Any, **__: Any) -> None:
        raise KeyError("nobody foresaw this")

    monkeypatch.setattr(inbox, "take_effect", unforeseen)
    for _ in range(2):
        inbox_of(town, Outside(town)).take([batch])
    with town.reading() as session:
        assert [row.why for row in session.query(Quarantine)] == ["no_effect"]
        assert session.query(Event).where(Event.kind == "batch_quarantined").count() == 1


def test_a_batch_that_no_epoch_can_take_is_kept_without_its_place_and_stops_no_queue(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = Outside(town)

    def unforeseen(*_: Any) -> None:
        raise KeyError("nobody foresaw this")

    monkeypatch.setattr(repository, "walk", unforeseen)
    inbox_of(town, outside).take([message(town, Journal().start().write_line(b"nonsense").batch())])
    assert [told for told, _stored in outside.told] == ["ack 1"]
    with town.reading() as session:
        assert [(row.epoch, row.why) for row in session.query(Quarantine)] == [(None, "internal")]


def test_a_batch_nobody_foresaw_closes_the_hole_it_belongs_in(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    outside, journal = Outside(town), Journal().start().write("tamper").write("tamper")
    inbox_of(town, outside).take([message(town, journal.batch(3))])

    def unforeseen(*_: Any, **__: Any) -> None:
        raise KeyError("nobody foresaw this")

    monkeypatch.setattr(inbox, "store", unforeseen)
    inbox_of(town, outside).take([message(town, journal.batch(1, 2), 2)])
    assert outside.told[-1] == ("receipt 3", 1)
    with town.writing() as session:
        alarm_gaps(session, now=NOON + 2 * GAP_ALARM_MS)
        assert session.query(Epoch).one().gap_since is None
        assert session.query(Event).where(Event.kind == "entries_missing").count() == 0
