"""Frames of the XOR lock board, and what may be sent to it."""

import json
from pathlib import Path
from time import thread_time

import pytest

from hw.errors import FrameError
from hw.frames.verdict import Energises, Forbidden, Harmless, Verdict
from hw.frames.xor_board import (
    BoardFrame,
    ChannelChanged,
    OpenReply,
    StatusReply,
    XorBoardDecoder,
    classify,
    open_channel,
    query_all,
    sealed,
)

VECTORS = {
    vector["name"]: bytes.fromhex(vector["frame"])
    for vector in json.loads((Path(__file__).parents[2] / "vectors" / "lock_boards.json").read_text())["xor_board"]
}
STATUS = VECTORS["reply all, 24 channels, all zero"]


def decoder() -> XorBoardDecoder:
    return XorBoardDecoder({1: 3, 2: 3, 3: 7})


def test_published_requests_are_built_as_published() -> None:
    assert open_channel(1, 1) == VECTORS["open board 1 lock 1"]
    assert query_all(1) == VECTORS["query all"]
    assert open_channel(1, 2, 1) == bytes.fromhex("8A 01 02 11 01 99")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("reply all, 24 channels, all zero", StatusReply(1, bytes(3))),
        ("reply open", OpenReply(1, 1)),
        ("open board 1 lock 1", OpenReply(1, 1)),  # the reply that is identical to its request
    ],
)
def test_published_replies_are_read_as_published(name: str, expected: BoardFrame) -> None:
    assert decoder().feed(VECTORS[name]) == [expected]


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("open board 1 lock 1", Energises(1, 1, None)),
        ("query one", Harmless()),
        ("query all", Harmless()),
    ],
)
def test_published_requests_are_judged_for_what_they_do(name: str, verdict: Verdict) -> None:
    assert classify(VECTORS[name]) == verdict


@pytest.mark.parametrize(
    "frame",
    [
        bytes.fromhex("8A 01 00 11 9A"),  # open all
        bytes.fromhex("8A 01 00 11 01 9B"),  # open all, with a time
        VECTORS["multi-open 2,10,18"],
        sealed(0x9A, 1, 1, 0x11),
        sealed(0x9B, 1, 1, 0x11),
        sealed(0x8A, 0, 1, 0x11),
        sealed(0x8A, 33, 1, 0x11),
        sealed(0x8A, 1, 51, 0x11),
        sealed(0x8A, 1, 1, 0x11, 0),
        sealed(0x8A, 1, 1, 0x11, 10),
        sealed(0x8A, 1, 1, 0x00),
        bytes.fromhex("8A 01 01 11 9C"),  # wrong checksum
        query_all(1) + open_channel(1, 1),
        open_channel(1, 1) + open_channel(1, 2),
        open_channel(1, 1)[:4],
        b"",
    ],
    ids=lambda frame: frame.hex(),
)
def test_frames_that_open_more_than_one_lock_or_are_unknown_are_forbidden(frame: bytes) -> None:
    assert isinstance(classify(frame), Forbidden)


@pytest.mark.parametrize(
    ("address", "channel", "seconds"), [(1, 0, None), (1, 51, None), (0, 1, None), (33, 1, None), (1, 1, 10)]
)
def test_frames_that_must_not_be_sent_cannot_be_built(address: int, channel: int, seconds: int | None) -> None:
    with pytest.raises(FrameError, match="allowed"):
        open_channel(address, channel, seconds)


def test_a_50_channel_board_answers_seven_bytes() -> None:
    assert decoder().feed(sealed(0x80, 3, 1, 2, 3, 4, 5, 6, 7, 0x33)) == [StatusReply(3, bytes(range(1, 8)))]


def test_unsolicited_frames_are_read() -> None:
    assert decoder().feed(sealed(0x82, 2, 7, 0x11) + sealed(0x82, 2, 7, 0)) == [
        ChannelChanged(2, 7, 1),
        ChannelChanged(2, 7, 0),
    ]


def test_garbage_before_a_frame_is_skipped_and_counted() -> None:
    reader = decoder()
    assert reader.feed(b"\x00\xff\x13\x80" + STATUS) == [StatusReply(1, bytes(3))]
    assert reader.garbage == 4


def test_a_frame_cut_short_does_not_swallow_the_next_one() -> None:
    assert decoder().feed(open_channel(1, 1)[:4] + STATUS) == [StatusReply(1, bytes(3))]


def test_the_echo_of_a_query_is_not_taken_for_its_reply() -> None:
    assert decoder().feed(query_all(1) + STATUS) == [StatusReply(1, bytes(3))]


def test_a_status_of_an_address_that_is_not_on_the_line_is_garbage() -> None:
    reader = decoder()
    assert reader.feed(sealed(0x80, 9, 0, 0, 0, 0x33)) == []
    assert reader.garbage == 7


def test_silence_brings_out_what_hid_behind_a_frame_cut_short() -> None:
    reader = decoder()
    assert reader.feed(b"\x80\x03" + open_channel(1, 1)) == []  # could be the start of 11 bytes
    assert reader.silence() == [OpenReply(1, 1)]
    assert reader.silence() == []


def test_endless_noise_is_not_kept() -> None:
    reader = decoder()
    for _ in range(1000):
        reader.feed(b"\x80\x03\x00\x00\x00\x00\x00\x00\x00\x33" * 3)
    assert len(reader._tail) <= 11


def test_decoding_keeps_up_with_any_line() -> None:
    reader, stream, noise = decoder(), STATUS * 5000, b"\x80\x01" * 100_000
    started = thread_time()
    assert sum(len(reader.feed(stream[at : at + 16])) for at in range(0, len(stream), 16)) == 5000
    assert thread_time() - started < 0.1
    started = thread_time()
    reader.feed(noise)
    assert thread_time() - started < 0.1
