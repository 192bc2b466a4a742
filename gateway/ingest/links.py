"""Checks that each epoch follows the one before it: a card that was cloned or restored from an image shows here."""

import msgspec
from sqlalchemy.orm import Session

from gateway.events.service import record
from gateway.ingest import repository
from gateway.ingest.epochs import EpochRow, Epochs
from wire.entries import Entry, EntryType
from wire.messages import Count, Hash
from wire.messages import Epoch as EpochName


class _Started(msgspec.Struct):
    previous_epoch: EpochName | None = None
    previous_seq: Count | None = None
    previous_hash: Hash | None = None


def note_link(session: Session, epochs: Epochs, row: EpochRow, entry: Entry, now: int) -> EpochRow | None:
    """Takes the link from an epoch's first entry; the epoch it names, if any, is expected to be stored up to there."""
    try:
        started = msgspec.convert(entry.body, _Started)
    except msgspec.ValidationError:
        started = None
    if started is None or entry.type != EntryType.STARTED:
        _break(session, row, "no_link", now)
        return None
    row.previous_epoch, row.previous_seq = started.previous_epoch, started.previous_seq
    row.previous_hash = started.previous_hash
    if row.previous_epoch is not None and row.previous_seq:
        before = epochs.of(row.bank_id, row.previous_epoch)
        before.expected = max(before.expected, row.previous_seq)
        return before
    return None


def check_links(session: Session, epochs: Epochs, row: EpochRow, now: int) -> None:
    """Checks the epoch's own link, and those of the epochs that say they follow it.

    A link that was good stays so for all that is stored of this epoch: only the one before it could contradict it.
    """
    if row.link == "unknown":
        _check(session, epochs, row, now)
    for follower in epochs.followers(row.bank_id, row.epoch):
        _check(session, epochs, follower, now)


def _check(session: Session, epochs: Epochs, row: EpochRow, now: int) -> None:
    if row.link == "broken" or row.through == 0:
        return
    if row.previous_epoch is None or row.previous_seq is None:
        if row.link == "unknown" and repository.line_of(session, row.bank_id, row.epoch, 1) is not None:
            _check_beginning(session, epochs, row, now)
        return
    before = epochs.of(row.bank_id, row.previous_epoch)
    why = _contradiction(epochs, row, before, row.previous_seq)
    if why is not None:
        _break(session, row, why, now)
    elif before.through == row.previous_seq:
        row.link = "good"


def _check_beginning(session: Session, epochs: Epochs, row: EpochRow, now: int) -> None:
    """Its first entry names no epoch before it. Of an epoch whose first entry was lost nobody knows what it named."""
    if _is_second_beginning(epochs, row):
        _break(session, row, "forgets_earlier", now)
    else:
        row.link = "good"


def _is_second_beginning(epochs: Epochs, row: EpochRow) -> bool:
    """Whether another epoch, too, had none before it."""
    return any(
        other.epoch != row.epoch and other.previous_epoch is None and other.link == "good"
        for other in epochs.of_bank(row.bank_id)
    )


def _contradiction(epochs: Epochs, row: EpochRow, before: EpochRow, seq: int) -> str | None:
    if before.highest > seq:
        return "earlier_went_on"
    if row.link == "unknown" and len(epochs.followers(row.bank_id, before.epoch)) > 1:
        return "forked"
    if before.through == seq and before.through_hash.hex() != (row.previous_hash or ""):
        return "other_hash"
    return None


def _break(session: Session, row: EpochRow, why: str, now: int) -> None:
    """An alarm at first contact; nothing that is stored is touched."""
    row.link = "broken"
    record(
        session, "epoch_link_broken", now=now, bank_id=row.bank_id, epoch=row.epoch, why=why,
        previous_epoch=row.previous_epoch, previous_seq=row.previous_seq,
    )  # fmt: skip
