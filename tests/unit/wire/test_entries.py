"""Journal entries and batches: their own bytes travel, and nothing that is not one passes."""

import json
from typing import Any

import pytest

from tests import wire_samples
from wire.entries import BatchHeader, Entry, EntryType, decode_batch, decode_entry, encode_batch, encode_entry, fits
from wire.errors import MessageError
from wire.limits import MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, MAX_INTEGER, MAX_MESSAGE_BYTES

HEADER = BatchHeader(wire_samples.CONTROLLER, wire_samples.EPOCH, 1, "0" * 64)


def _line(**fields: Any) -> bytes:
    return json.dumps(json.loads(encode_entry(wire_samples.ENTRIES[0])) | fields).encode()


def _refusal(line: bytes) -> MessageError:
    with pytest.raises(MessageError) as caught:
        decode_entry(line)
    assert caught.value.code == "entry"
    return caught.value


def _batch_refused(payload: bytes) -> None:
    with pytest.raises(MessageError) as caught:
        decode_batch(payload)
    assert caught.value.code == "payload"


@pytest.mark.parametrize("entry", wire_samples.ENTRIES, ids=lambda entry: entry.type)
def test_an_entry_comes_back_the_same(entry: Entry) -> None:
    assert decode_entry(encode_entry(entry)) == entry


def test_an_entry_is_one_line_whatever_is_in_it() -> None:
    assert b"\n" not in encode_entry(wire_samples.entry(1, "self_test", {"code": "a\nb\r\u2028"}))


def test_an_entry_of_a_later_version_is_kept() -> None:
    entry = decode_entry(_line(type="door_sang", later=1, body={"tune": "x"}))
    assert (entry.type, entry.body) == ("door_sang", {"tune": "x"})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"n": MAX_INTEGER, "s": "x" * 256, "yes": True, "no": None},
        {"lockers": [1, 2, 3], "codes": ["a"]},
        {"entries": [{"epoch": wire_samples.EPOCH, "seq": 1}]},
    ],
    ids=lambda body: repr(body)[:30],
)
def test_a_body_holds_codes_numbers_flags_and_lists_of_them(body: dict[str, Any]) -> None:
    assert decode_entry(_line(body=body)).body == body


@pytest.mark.parametrize(
    "body",
    [
        {"n": -1},
        {"n": MAX_INTEGER + 1},
        {"n": 10**400},
        {"n": 0.5},
        {"s": "x" * 257},
        {"x" * 257: 1},
        {"record": {"a": 1}},
        {"lists": [[1]]},
        {"records": [{"a": {"b": 1}}]},
        {"records": [{"a": [1]}]},
        {"records": [{"x" * 257: 1}]},
        {"codes": ["x" * 257]},
    ],
    ids=lambda body: repr(body)[:30],
)
def test_a_body_that_breaks_the_limits_is_refused(body: dict[str, Any]) -> None:
    assert len(str(_refusal(_line(body=body)))) < 200


@pytest.mark.parametrize(
    "fields",
    [
        {"seq": 0},
        {"seq": -1},
        {"seq": MAX_INTEGER + 1},
        {"epoch": ""},
        {"at": 0},
        {"at": 253_370_764_800_000},
        {"mono_ms": -1},
        {"type": "x" * 257},
        {"type": None},
        {"body": []},
        {"body": None},
    ],
    ids=repr,
)
def test_an_entry_outside_the_limits_is_refused(fields: dict[str, Any]) -> None:
    _refusal(_line(**fields))


@pytest.mark.parametrize(
    "line",
    [b"", b"null", b"{}", b"\xff", b"[" * 100_000, b'{"body":' * 100_000, encode_entry(wire_samples.ENTRIES[0])[:-1]],
)
def test_a_line_that_is_no_entry_is_refused(line: bytes) -> None:
    _refusal(line)


def test_entry_types_are_the_documented_codes() -> None:
    assert {kind.value for kind in EntryType} == set(wire_samples.BODIES)


def test_a_batch_gives_back_the_lines_byte_for_byte() -> None:
    lines = [b'{ "not" :  "an entry"}', b"", encode_entry(wire_samples.ENTRIES[0])]
    batch = decode_batch(encode_batch(HEADER, lines))
    assert (batch.header, batch.lines) == (HEADER, lines)


def test_100_entries_are_a_batch_101_and_none_are_not() -> None:
    line = encode_entry(wire_samples.ENTRIES[0])
    assert len(decode_batch(encode_batch(HEADER, [line] * MAX_BATCH_ENTRIES)).lines) == 100
    _batch_refused(encode_batch(HEADER, [line] * (MAX_BATCH_ENTRIES + 1)))
    _batch_refused(encode_batch(HEADER, []))


def test_64_kibibytes_of_entries_are_a_batch_and_one_byte_more_is_not() -> None:
    assert decode_batch(encode_batch(HEADER, [b"x" * (MAX_BATCH_BYTES - 1), b"y"])).lines[1] == b"y"
    _batch_refused(encode_batch(HEADER, [b"x" * MAX_BATCH_BYTES, b"y"]))


@pytest.mark.parametrize(
    ("count", "size", "expected"),
    [(100, MAX_BATCH_BYTES, True), (101, 0, False), (1, MAX_BATCH_BYTES + 1, False), (0, 0, True)],
)
def test_what_fits_into_a_batch_is_what_the_decoder_accepts(count: int, size: int, expected: bool) -> None:
    assert fits(count, size) is expected


def test_the_largest_batch_fits_a_message() -> None:
    line = b"x" * (MAX_BATCH_BYTES // MAX_BATCH_ENTRIES)
    assert len(encode_batch(HEADER, [line] * MAX_BATCH_ENTRIES)) < MAX_MESSAGE_BYTES


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"{}",
        b"\xff",
        b'{"controller":"a","epoch":"%s","first":0,"prev":"%s"}' % (b"0" * 32, b"0" * 64),
        b'{"controller":"A","epoch":"%s","first":1,"prev":"%s"}' % (b"0" * 32, b"0" * 64),
        b'{"controller":"a","epoch":"%s","first":%d,"prev":"%s"}' % (b"0" * 32, 2**53, b"0" * 64),
        b'{"controller":"a","epoch":"%s","first":1,"prev":"%s"}' % (b"0" * 32, b"0" * 63),
    ],
)
def test_a_batch_without_a_header_is_refused(header: bytes) -> None:
    _batch_refused(header + b"\n{}")
