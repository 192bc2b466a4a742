"""Stores what banks tell, once and in order of their chains, and says what may be receipted."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from gateway.db import announce
from gateway.events.service import FeedGrew, record
from gateway.ingest import repository
from gateway.ingest.chain import Poison, Run, read
from gateway.ingest.epochs import EpochRow, Epochs
from gateway.ingest.links import check_links, note_link
from gateway.ingest.models import Quarantine
from wire.chain import link
from wire.entries import Entry
from wire.messages import EpochRange

GAP_ALARM_MS = 15 * 60_000


@dataclass(frozen=True)
class Arrived:
    """A verified batch, not yet read."""

    bank_id: str
    payload: bytes


@dataclass(frozen=True)
class Reach:
    """How far one epoch is stored: what its receipt says."""

    bank_id: str
    epoch: str
    through: int
    hash: str


@dataclass
class Stored:
    """What one transaction stored: the epochs it touched, those that they name as the one before, and the entries
    that are new, by bank in order."""

    epochs: dict[tuple[str, str], EpochRow] = field(default_factory=dict)
    named: dict[tuple[str, str], EpochRow] = field(default_factory=dict)
    fresh: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    duplicates: int = 0
    poison: int = 0

    def reaches(self) -> list[Reach]:
        """One receipt per epoch touched, and per epoch named of which something is lacking: so a database that was put
        back asks its way back from epoch to epoch at once."""
        lacking = {key: row for key, row in self.named.items() if row.through < row.expected}
        return [reach_of(row) for row in (lacking | self.epochs).values()]


def store(session: Session, batches: Iterable[Arrived], *, now: int) -> Stored:
    """Stores batches of any bank, in any order, any number of times; poison is set aside and counts as stored."""
    stored, epochs = Stored(), Epochs(session, now)
    for batch in batches:
        run = read(batch.payload, batch.bank_id)
        if isinstance(run, Run):
            run = _store_run(session, epochs, batch.bank_id, run, stored, now)
        if isinstance(run, Poison):
            _quarantine(session, epochs, batch, run, stored, now)
    for row in (stored.named | stored.epochs).values():
        _note_gap(row, now)
    for row in stored.epochs.values():
        check_links(session, epochs, row, now)
    epochs.save()
    if stored.fresh:
        announce(session, FeedGrew())
    return stored


def quarantine(session: Session, batch: Arrived, poison: Poison, *, now: int) -> Stored:
    """Keeps a batch raw, for operators to see, and counts its range as stored."""
    stored, epochs = Stored(), Epochs(session, now)
    _quarantine(session, epochs, batch, poison, stored, now)
    for row in stored.epochs.values():
        _note_gap(row, now)
    epochs.save()
    return stored


def _quarantine(session: Session, epochs: Epochs, batch: Arrived, poison: Poison, stored: Stored, now: int) -> None:
    stored.poison += 1
    fresh = repository.set_aside(
        session,
        Quarantine(
            bank_id=batch.bank_id,
            epoch=poison.epoch,
            first=poison.first,
            last=poison.last,
            end_hash=poison.end_hash,
            why=poison.why,
            fingerprint=hashlib.sha256(batch.payload).hexdigest(),
            payload=batch.payload,
            received_at=now,
        ),
    )
    if fresh:
        record(
            session, "batch_quarantined", now=now, bank_id=batch.bank_id, why=poison.why, epoch=poison.epoch,
            first=poison.first, last=poison.last,
        )  # fmt: skip
    if poison.epoch is not None and poison.last is not None:
        row = _row(epochs, batch.bank_id, poison.epoch, stored)
        _close_gap(session, epochs, poison, row, now)
        row.highest = max(row.highest, poison.last)
        repository.walk(epochs.connection, row)


def reach_of(row: EpochRow) -> Reach:
    """What a receipt for this epoch says."""
    return Reach(row.bank_id, row.epoch, row.through, row.through_hash.hex())


def reaches_at_birth(session: Session, bank_id: str, ranges: Sequence[EpochRange], *, now: int) -> list[Reach]:
    """One receipt per epoch of a birth, per epoch of which this database knows that something is lacking, and for the
    newest it knows: a bank with nothing to send shows with its answer that it is there, and sends again what a database
    that was put back has never seen.

    What lies below a range's `first` will not come any more: the gap closes with the batch that begins there.

    Of an epoch that has ended, a card that lost its end or was put back from an image holds less than is stored here:
    it can compare, and so believe, no more than it holds. (The newest may only have grown since its birth.)
    """
    epochs = Epochs(session, now)
    due: dict[str, EpochRow] = {}
    for item in ranges:
        row = epochs.of(bank_id, item.epoch)
        row.available = max(row.available, item.first)
        due[row.epoch] = row
    known = epochs.of_bank(bank_id)
    followed = {row.previous_epoch for row in known}
    lacking = [row for row in known if max(row.highest, row.expected) > row.through]
    newest = [row for row in known if row.epoch not in followed][-1:]
    due |= {row.epoch: row for row in (*lacking, *newest)}
    epochs.save()
    ended = followed | {item.epoch for item in ranges[:-1]}
    held = {item.epoch: item.last for item in ranges if item.epoch in ended}
    return [_reach_within(epochs, row, held.get(row.epoch, row.through)) for row in due.values()]


def _reach_within(epochs: Epochs, row: EpochRow, last: int) -> Reach:
    """What is stored, as far as entry `last`; all of it where no hash is known there."""
    if last < row.through:
        digest = repository.hashes_between(epochs.connection, row.bank_id, row.epoch, last, last).get(last)
        if digest is not None:
            return Reach(row.bank_id, row.epoch, last, digest.hex())
    return reach_of(row)


def alarm_gaps(session: Session, *, now: int) -> None:
    """Says once of each hole that it has been open for a quarter of an hour."""
    for row in repository.gaps_since(session, now - GAP_ALARM_MS):
        row.gap_alarmed_at = now
        record(session, "entries_missing", now=now, bank_id=row.bank_id, epoch=row.epoch, after=row.through)


def _row(epochs: Epochs, bank_id: str, epoch: str, stored: Stored) -> EpochRow:
    row = stored.epochs[bank_id, epoch] = epochs.of(bank_id, epoch)
    return row


def _store_run(session: Session, epochs: Epochs, bank_id: str, run: Run, stored: Stored, now: int) -> Run | Poison:
    row = _row(epochs, bank_id, run.epoch, stored)
    if run.first == row.through + 1 == row.highest + 1:
        # The common case: the next batch of the epoch, and nothing beyond it.
        if run.prev != row.through_hash:
            return _poison("chain", run)
        fresh: Sequence[int] = range(len(run.lines))
    else:
        known = repository.hashes_between(epochs.connection, bank_id, run.epoch, run.first - 1, run.last + 1)
        why = _contradicts(session, bank_id, run, row, known)
        if why is not None:
            return _poison(why, run)
        fresh = [at for at in range(len(run.lines)) if run.first + at not in known and run.first + at > row.through]
        _close_gap(session, epochs, run, row, now)
    stored.duplicates += len(run.lines) - len(fresh)
    if fresh:
        repository.add_entries(epochs.connection, bank_id, run, fresh, now)
        stored.fresh[bank_id] += [run.entries[at] for at in fresh]
    if run.first == row.through + 1 == row.highest + 1:
        row.through, row.through_hash, row.highest = run.last, run.hashes[-1], run.last
    else:
        row.highest = max(row.highest, run.last)
        if run.first <= row.through + 1 <= row.highest:
            repository.walk(epochs.connection, row)
    if run.first == 1 and 0 in fresh:
        before = note_link(session, epochs, row, run.entries[0], now)
        if before is not None:
            stored.named[bank_id, before.epoch] = before
    return run


def _contradicts(session: Session, bank_id: str, run: Run, row: EpochRow, known: Mapping[int, bytes]) -> str | None:
    """Why this run cannot stand beside what is stored, or None."""
    before = row.through_hash if run.first - 1 == row.through else known.get(run.first - 1)
    if before is not None and run.first > 1 and before != run.prev:
        return "chain"
    for at, digest in enumerate(run.hashes):
        if known.get(run.first + at, digest) != digest:
            return "rewritten"
    if run.last + 1 in known:
        line = repository.line_of(session, bank_id, run.epoch, run.last + 1)
        if line is not None and link(run.hashes[-1], line) != known[run.last + 1]:
            return "chain"
    return None


def _close_gap(session: Session, epochs: Epochs, begins: Run | Poison, row: EpochRow, now: int) -> None:
    """The bank said at its birth that nothing below this batch exists any more: what is lacking of it is lost."""
    if begins.first is None or begins.prev is None or not row.through + 1 < begins.first <= row.available:
        return
    repository.walk(epochs.connection, row)
    while row.through + 1 < begins.first:
        stop = repository.end_of_hole(epochs.connection, row, at_most=begins.first)
        record(
            session, "entries_lost", now=now, bank_id=row.bank_id, epoch=row.epoch, first=row.through + 1, last=stop - 1
        )
        row.through, row.through_hash = stop - 1, begins.prev
        row.highest = max(row.highest, row.through)
        repository.walk(epochs.connection, row)


def _note_gap(row: EpochRow, now: int) -> None:
    if max(row.highest, row.expected) > row.through:
        row.gap_since = row.gap_since or now
    else:
        row.gap_since = row.gap_alarmed_at = None


def _poison(why: str, run: Run) -> Poison:
    return Poison(why, run.epoch, run.first, run.prev, run.last, run.hashes[-1])
