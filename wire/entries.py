"""Journal entries and the batches they travel in; a line's own bytes are what the hash chain covers."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from wire.errors import MessageError
from wire.limits import MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, MAX_INTEGER, MAX_STRING
from wire.messages import ControllerId, Count, Epoch, Hash, Instant, Text, decode


class EntryType(StrEnum):
    """What an entry says happened."""

    STARTED = "started"
    STOPPING = "stopping"
    BADGE_REFUSED = "badge_refused"
    RELEASE_INTENDED = "release_intended"
    RELEASED = "released"
    RELEASE_FAILED = "release_failed"
    RELEASE_UNKNOWN = "release_unknown"
    DOOR_OPENED = "door_opened"
    DOOR_CLOSED = "door_closed"
    DOOR_FORCED = "door_forced"
    DOOR_LEFT_OPEN = "door_left_open"
    NOT_OPENED = "not_opened"
    ALREADY_OPEN = "already_open"
    WRONG_DOOR = "wrong_door"
    SENSOR_FAULT = "sensor_fault"
    SENSOR_RECOVERED = "sensor_recovered"
    READER_FAULT = "reader_fault"
    READER_RECOVERED = "reader_recovered"
    BOARD_FAULT = "board_fault"
    BOARD_RECOVERED = "board_recovered"
    TAMPER = "tamper"
    ACCESS_APPLIED = "access_applied"
    ACCESS_REFUSED = "access_refused"
    HOLDER_VANISHED = "holder_vanished"
    COMMAND_ACCEPTED = "command_accepted"
    COMMAND_REFUSED = "command_refused"
    BADGE_ENROLLED = "badge_enrolled"
    BADGE_REKEYED = "badge_rekeyed"
    OUT_OF_SERVICE = "out_of_service"
    IN_SERVICE = "in_service"
    LEASE_EXPIRED = "lease_expired"
    CLOCK_CHANGED = "clock_changed"
    JOURNAL_LATE = "journal_late"
    DISK_LOW = "disk_low"
    MAINS_FAILED = "mains_failed"
    UNDERVOLTAGE = "undervoltage"
    SELF_TEST = "self_test"
    SUPPRESSED = "suppressed"


class Entry(msgspec.Struct, frozen=True):
    """One line of the journal; `clock` says what `at` rests on: trusted, claimed or floor.

    `body` holds integers, strings, booleans, nulls, lists of them and lists of records of them: codes, never names.
    """

    epoch: Epoch
    seq: Annotated[int, msgspec.Meta(ge=1, le=MAX_INTEGER)]
    type: Text
    at: Instant
    mono_ms: Count
    boot_id: Text
    clock: Text
    body: dict[str, Any]


class BatchHeader(msgspec.Struct, frozen=True):
    """First line of a batch: `prev` is the chain's hash before the entry with seq `first`."""

    controller: ControllerId
    epoch: Epoch
    first: Annotated[int, msgspec.Meta(ge=1, le=MAX_INTEGER)]
    prev: Hash


class Batch(msgspec.Struct, frozen=True):
    """A batch as received: its header, and the entries' own bytes."""

    header: BatchHeader
    lines: list[bytes]


_encoder = msgspec.json.Encoder()
_entry_decoder = msgspec.json.Decoder(Entry)


def encode_entry(entry: Entry) -> bytes:
    """The entry's line: JSON without a line break."""
    return _encoder.encode(entry)


def decode_entry(line: bytes) -> Entry:
    """The entry of a line. Raises MessageError with code `entry`."""
    try:
        entry = _entry_decoder.decode(line)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise MessageError("entry", f"not a journal entry: {error}") from error
    for name, value in entry.body.items():
        if len(name) > MAX_STRING or not _is_plain(value):
            raise MessageError("entry", f"not a journal entry: body field {name[:40]!r} breaks the limits")
    return entry


def _is_plain(value: object, depth: int = 0) -> bool:
    """Whether a body's value is a code, number, flag or null within the limits, or a list (of records) of them."""
    if isinstance(value, str):
        return len(value) <= MAX_STRING
    if isinstance(value, list) and depth == 0:
        return all(_is_plain(part, 1) for part in value)
    if isinstance(value, dict) and depth == 1:
        return all(len(name) <= MAX_STRING and _is_plain(part, 2) for name, part in value.items())
    return value is None or isinstance(value, bool) or (isinstance(value, int) and 0 <= value <= MAX_INTEGER)


def encode_batch(header: BatchHeader, lines: Sequence[bytes]) -> bytes:
    """The payload of a batch: at most 100 entries and 64 KiB, which the caller sees to with `fits`."""
    return b"\n".join((_encoder.encode(header), *lines))


def fits(count: int, size: int) -> bool:
    """Whether `count` lines of `size` bytes together may travel in one batch."""
    return count <= MAX_BATCH_ENTRIES and size <= MAX_BATCH_BYTES


def decode_batch(payload: bytes) -> Batch:
    """Header and lines of a verified payload; the lines are not decoded. Raises MessageError with code `payload`."""
    first, *lines = payload.split(b"\n")
    if not lines or len(lines) > MAX_BATCH_ENTRIES:
        raise MessageError("payload", f"{len(lines)} entries in a batch; 1 to {MAX_BATCH_ENTRIES} are accepted")
    if sum(map(len, lines)) > MAX_BATCH_BYTES:
        raise MessageError("payload", f"the entries of a batch are larger than {MAX_BATCH_BYTES} bytes")
    return Batch(decode(first, BatchHeader), lines)
