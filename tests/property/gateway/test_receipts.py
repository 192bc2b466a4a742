"""A bank's outbox and a gateway's ingest, both as shipped, over a line that loses, doubles, delays and reorders; the
gateway's database is put back to earlier, the bank lets go of what has its receipt, loses its power, and with it the
last entries on its card, and cannot read what it is to send.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Table, delete, insert, select
from sqlalchemy.orm import Session

from controller.outbox import Outbox
from controller.store import EpochState
from gateway import migrations
from gateway.access.keystore import Keystore
from gateway.db import Database
from gateway.events.models import Event
from gateway.ingest.models import Epoch, Quarantine
from gateway.ingest.service import Arrived, Reach, reaches_at_birth, store
from gateway.privacy.field_keys import FieldKeys
from tests.unit.gateway.journal import Journal
from tests.unit.gateway.town import NOON, Town, found_town
from wire.limits import MAX_BATCHES_IN_FLIGHT
from wire.messages import EpochRange

TABLES: tuple[Table, ...] = (Event.__table__, Epoch.__table__, Quarantine.__table__)  # type: ignore[assignment]

EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(1, 30)),
        st.tuples(st.just("begin_epoch"), st.integers(1, 5)),
        st.tuples(st.just("send"), st.integers(1, 20)),
        st.tuples(st.just("deliver"), st.integers(0, 30)),
        st.tuples(st.just("lose"), st.integers(0, 30)),
        st.tuples(st.just("acknowledge"), st.integers(1, 20)),
        st.tuples(st.just("hear"), st.integers(0, 30)),
        st.tuples(st.just("hear_again"), st.integers(0, 30)),
        st.tuples(st.just("miss"), st.integers(0, 30)),
        st.tuples(st.just("birth_arrives"), st.just(0)),
        st.tuples(st.just("wait"), st.integers(1, 300)),
        st.tuples(st.just("reconnect"), st.just(0)),
        st.tuples(st.just("talk"), st.integers(1, 4)),
        st.tuples(st.just("note_receipts"), st.just(0)),
        st.tuples(st.just("prune"), st.integers(0, 20)),
        st.tuples(st.just("lose_power"), st.just(0)),
        st.tuples(st.just("lose_end"), st.integers(1, 30)),
        st.tuples(st.just("fail_to_read"), st.just(0)),
        st.tuples(st.just("back_up"), st.just(0)),
        st.tuples(st.just("restore"), st.just(0)),
    ),
    max_size=60,
)


@dataclass
class Told:
    """A receipt on its way to one session."""

    session: int
    reach: Reach
    issued_at: int


@dataclass
class Line:
    """The bank and its outbox, the gateway's database, and all that is on its way between them."""

    town: Town
    box: Outbox = field(default_factory=Outbox)
    journals: list[Journal] = field(default_factory=list)
    pruned: dict[str, int] = field(default_factory=dict)
    noted: dict[str, int] = field(default_factory=dict)
    flying: list[bytes] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    births: list[tuple[int, tuple[EpochRange, ...]]] = field(default_factory=list)
    kept: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    forgotten: dict[str, list[bytes]] = field(default_factory=dict)
    session: int = 0
    gateways_session: int = 0
    owed: int = 0
    now_ms: int = 0

    def step(self, event: str, value: int) -> None:
        self.now_ms += 100
        getattr(self, event)(value)
        assert self.box.in_flight <= MAX_BATCHES_IN_FLIGHT

    # The bank

    def begin_epoch(self, count: int) -> None:
        journal = Journal().start(self.journals[-1] if self.journals else None)
        self.journals.append(journal)
        self.pruned[journal.epoch] = self.noted[journal.epoch] = 0
        self.write(count)

    def write(self, count: int) -> None:
        journal = self.journals[-1]
        for _ in range(count):
            journal.write("tamper")
        self.box.durable(len(self.journals), journal.epoch, len(journal.lines))

    def send(self, pages: int) -> None:
        for _ in range(pages):
            wanted = self.box.next_page()
            if wanted is None:
                return
            journal = self.journals[wanted.no - 1]
            assert wanted.first > self.pruned[journal.epoch], "only what is on disk is asked for"
            last = min(wanted.first + wanted.most - 1, len(journal.lines))
            self.flying.append(journal.batch(wanted.first, last))
            self.box.sent(wanted, last - wanted.first + 1, self.now_ms)
            self.owed += 1

    def acknowledge(self, count: int) -> None:
        for _ in range(min(count, self.owed)):
            self.owed -= 1
            self.box.acknowledged(self.now_ms)

    def wait(self, seconds: int) -> None:
        self.now_ms += 1_000 * seconds
        assert not (self.box.tick(self.now_ms) and self.owed), "sent again while the broker owes an acknowledgement"

    def reconnect(self, _: int) -> None:
        """What the broker had is still on its way."""
        self.box.session_ended()
        self.session += 1
        self.owed = 0
        self.births.append((self.session, self.box.ranges()))
        self.box.session_started(self.now_ms)

    def note_receipts(self, _: int) -> None:
        """Those that came are on disk."""
        for epoch in self.noted:
            self.noted[epoch] = self.box.through(epoch) or 0

    def prune(self, keep: int) -> None:
        """Of what has its receipt all but the newest is let go of, the oldest first."""
        self.note_receipts(0)
        for journal in self.journals:
            upto = min(self.noted[journal.epoch], self.box.through(journal.epoch) or 0) - keep
            self.pruned[journal.epoch] = max(self.pruned[journal.epoch], upto)
            if self.pruned[journal.epoch] < len(journal.lines):
                break
        self.box.load(self._epochs())

    def lose_power(self, _: int) -> None:
        self.box = Outbox()
        self.box.load(self._epochs())
        self.begin_epoch(0)
        self.reconnect(0)

    def lose_end(self, count: int) -> None:
        """A card that forgets what it had said was durable. What it had sent of it may yet arrive.

        Not an epoch's first entry, which comes to the disk with the epoch itself: nothing else names the one before.
        """
        journal = self.journals[-1]
        left = max(len(journal.lines) - count, self.pruned[journal.epoch], 1)
        self.forgotten[journal.epoch] = [*journal.lines[left:], *self.forgotten.get(journal.epoch, ())]
        del journal.lines[left:], journal.hashes[left + 1 :]
        self.noted[journal.epoch] = min(self.noted[journal.epoch], left)
        self.lose_power(0)

    def fail_to_read(self, _: int) -> None:
        wanted = self.box.next_page()
        if wanted is not None:
            self.box.unreadable(wanted, self.now_ms)

    def _epochs(self) -> list[EpochState]:
        return [
            EpochState(
                no, each.epoch, self.noted[each.epoch], self.pruned[each.epoch], len(each.lines), each.hashes[-1]
            )
            for no, each in enumerate(self.journals, 1)
        ]

    # The line

    def deliver(self, index: int) -> None:
        """It stays: a broker may bring it again, in a later session, too."""
        if self.flying:
            with self.town.writing() as session:
                batch = Arrived(self.town.bank, self.flying[index % len(self.flying)])
                self._tell(store(session, [batch], now=NOON + self.now_ms).reaches())

    def lose(self, index: int) -> None:
        if self.flying:
            del self.flying[index % len(self.flying)]

    def birth_arrives(self, _: int) -> None:
        """The newest, as the broker retains it."""
        if self.births:
            self.gateways_session, ranges = self.births[-1]
            with self.town.writing() as session:
                self._tell(reaches_at_birth(session, self.town.bank, ranges, now=NOON + self.now_ms))

    def _tell(self, reaches: list[Reach]) -> None:
        self.told += [Told(self.gateways_session, reach, self.now_ms) for reach in reaches]

    def hear(self, index: int) -> None:
        if self.told:
            self._weigh(self.told.pop(index % len(self.told)))

    def hear_again(self, index: int) -> None:
        """A broker brings a receipt, and will bring it once more."""
        if self.told:
            self._weigh(self.told[index % len(self.told)])

    def miss(self, index: int) -> None:
        if self.told:
            del self.told[index % len(self.told)]

    def _weigh(self, told: Told) -> None:
        """As the uplink does."""
        if told.session != self.session:
            return
        epoch, through = told.reach.epoch, told.reach.through
        journal = next(each for each in self.journals if each.epoch == epoch)
        is_here = through == 0 or self.pruned[epoch] <= through <= len(journal.lines)
        own = journal.hashes[through] if is_here else None
        believed = self.box.believable(epoch, through, told.reach.hash, own)
        assert believed is not None or epoch in self.forgotten, "its hash is our own"
        if believed is None:
            return
        self.box.received(epoch, believed, told.issued_at, self.now_ms)

    # The gateway

    def back_up(self, _: int) -> None:
        with self.town.reading() as session:
            self.kept = {table.name: _rows(session, table) for table in TABLES}

    def restore(self, _: int) -> None:
        """It learns of sessions anew, from the birth that the broker retains."""
        with self.town.writing() as session:
            _put_back(session.connection(), self.kept)
        self.birth_arrives(0)

    # Healed

    def come_to_rest(self) -> None:
        self.begin_epoch(1)
        for _ in range(6 + len(self.journals)):
            self.reconnect(0)
            self.birth_arrives(0)
            self._converse()

    def talk(self, rounds: int) -> None:
        """The line is good for a while."""
        self.birth_arrives(0)
        self._converse(rounds)

    def _converse(self, rounds: int = 40) -> None:
        for _ in range(rounds):
            before = len(self.flying)
            self.step("send", 16)
            for index in range(before, len(self.flying)):
                self.deliver(index)
            del self.flying[before:]
            self.acknowledge(self.owed)
            heard, self.told = self.told, []
            for told in heard:
                self._weigh(told)
            if not heard and not self.box.queue:
                return
            self.now_ms += 500
            self.box.tick(self.now_ms)


def _rows(session: Session, table: Table) -> list[dict[str, Any]]:
    return [dict(row) for row in session.execute(select(table)).mappings()]


def _put_back(connection: Connection, kept: dict[str, list[dict[str, Any]]]) -> None:
    for table in reversed(TABLES):
        connection.execute(delete(table))
    for table in TABLES:
        if kept.get(table.name):
            connection.execute(insert(table), kept[table.name])


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    home: Path = tmp_path_factory.mktemp("gateway")
    database = Database(f"sqlite:///{home / 'casier.db'}", FieldKeys.of(home))
    migrations.migrate(database)
    yield found_town(database, Keystore(home))
    database.close()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(events=EVENTS)
@example(events=[("write", 30), ("talk", 4), ("lose_end", 5)])
@example(events=[("lose_power", 0), ("talk", 1), ("note_receipts", 0), ("restore", 0), ("lose_end", 1)])
def test_once_the_line_is_good_all_that_a_bank_still_has_is_stored_and_receipted(
    town: Town, events: list[tuple[str, int]]
) -> None:
    with town.writing() as session:
        _put_back(session.connection(), {})
    line = Line(town)
    line.begin_epoch(1)
    line.reconnect(0)
    for event, value in events:
        line.step(event, value)
    line.come_to_rest()
    assert line.box.queue == 0
    assert line.box.ranges() == ()
    with town.reading() as session:
        rows = session.execute(select(Event.epoch, Event.seq, Event.line).where(Event.line.is_not(None)))
        stored = {(epoch, seq): data for epoch, seq, data in rows}
        said = session.execute(select(Event.kind, Event.body).where(Event.line.is_(None)))
        news = [(kind, msgspec.json.decode(body or b"{}")) for kind, body in said]
    for journal in line.journals:
        for seq, data in enumerate(journal.lines, 1):
            assert seq <= line.pruned[journal.epoch] or stored[journal.epoch, seq] == data
    lost = [body for kind, body in news if kind == "entries_lost"]
    for body in lost:
        assert not [seq for seq in range(body["first"], body["last"] + 1) if (body["epoch"], seq) in stored]
    broken = {body["previous_epoch"] for kind, body in news if kind == "epoch_link_broken"}
    assert broken <= set(line.forgotten), "no broken link but to what a card forgot"
    assert {kind for kind, _body in news} <= {"entries_lost", "epoch_link_broken"}, "no poison"
