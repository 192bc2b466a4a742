"""Frames of the Kerong CU boards, what may be sent to them, and what they say to people."""

import json
from pathlib import Path

import pytest

from hw.errors import FrameError
from hw.frames import monitor
from hw.frames.kerong_cu import (
    Cu48Decoder,
    CuDecoder,
    classify,
    classify_48,
    compose,
    explain,
    open_channel,
    open_channel_48,
    query_all,
    query_all_48,
    sealed,
)
from hw.frames.replies import OpenReply, StatusReply
from hw.frames.verdict import Energises, Forbidden, Harmless, Verdict

VECTORS = {
    vector["name"]: bytes.fromhex(vector["frame"])
    for vector in json.loads((Path(__file__).parents[2] / "vectors" / "lock_boards.json").read_text())["kerong_cu"]
}
STATUS = sealed(0x02, 0x20, 0x35, 0xFF, 0x0F, 0x01, 0x00, 0x03)
STATUS_48 = sealed(0x02, 0, 0, 0x75, 1, 2, 3, 4, 5, 6, 0x03)
COUNTED_48 = sealed(0x02, 0, 0, 0x75, 6, 1, 2, 3, 4, 5, 6)


def test_published_requests_are_built_as_published() -> None:
    assert query_all(0) == VECTORS["status request"]
    assert open_channel(0, 1) == VECTORS["unlock lock 1"]
    assert open_channel(3, 16) == bytes.fromhex("02 3F 31 03 75")
    assert query_all_48(0) == bytes.fromhex("02 00 00 60 03 65")
    assert open_channel_48(0, 1) == bytes.fromhex("02 00 00 61 03 66")
    assert open_channel_48(1, 48) == bytes.fromhex("02 01 2F 61 03 96")


@pytest.mark.parametrize(
    ("frame", "verdict"),
    [
        (VECTORS["unlock lock 1"], Energises(0, 1, None)),
        (bytes.fromhex("02 3F 31 03 75"), Energises(3, 16, None)),
        (VECTORS["status request"], Harmless()),
        (VECTORS["all status"], Harmless()),
    ],
    ids=lambda each: each.hex() if isinstance(each, bytes) else None,
)
def test_published_requests_are_judged_for_what_they_do(frame: bytes, verdict: Verdict) -> None:
    assert classify(frame) == verdict


def test_requests_to_the_48_channel_board_are_judged_for_what_they_do() -> None:
    assert classify_48(open_channel_48(5, 48)) == Energises(5, 48, None)
    assert classify_48(query_all_48(5)) == Harmless()


@pytest.mark.parametrize(
    "frame",
    [
        sealed(0x02, 0x00, 0x33, 0x03),  # unlock all
        sealed(0x02, 0xF0, 0x33, 0x03),
        sealed(0x02, 0xF0, 0x31, 0x03),  # lock 1 of every board
        sealed(0x02, 0x00, 0x37, 0x00, 0x32, 0x03),  # the board's pulse
        sealed(0x02, 0x00, 0x37, 0x03),
        sealed(0x02, 0x00, 0x38, 0x03),
        sealed(0x02, 0x00, 0x39, 0x05, 0x03),  # delay
        sealed(0x02, 0x00, 0x40, 0x01, 0x03),  # baud
        sealed(0x02, 0x00, 0x31, 0x00, 0x03),
        sealed(0x02, 0x01, 0x30, 0x03),
        open_channel(0, 1)[:-1] + b"\x37",
        open_channel(0, 1) * 2,
        query_all(0) + open_channel(0, 1),
        open_channel(0, 1)[:4],
        open_channel_48(0, 1),
        b"",
    ],
    ids=lambda frame: frame.hex(),
)
def test_frames_that_open_more_or_change_the_board_or_are_unknown_are_forbidden(frame: bytes) -> None:
    assert isinstance(classify(frame), Forbidden)


@pytest.mark.parametrize(
    "frame",
    [
        sealed(0x02, 0, 48, 0x61, 0x03),
        sealed(0x02, 0, 0xFF, 0x61, 0x03),
        sealed(0x02, 32, 0, 0x61, 0x03),
        sealed(0x02, 0, 0, 0x62, 0x03),
        sealed(0x02, 0, 1, 0x60, 0x03),
        open_channel_48(0, 1)[:-1] + b"\x67",
        open_channel_48(0, 1) * 2,
        open_channel(0, 1),
        b"",
    ],
    ids=lambda frame: frame.hex(),
)
def test_frames_unknown_to_the_48_channel_board_are_forbidden(frame: bytes) -> None:
    assert isinstance(classify_48(frame), Forbidden)


@pytest.mark.parametrize(
    ("build", "address", "channel"),
    [
        (open_channel, 15, 1),
        (open_channel, -1, 1),
        (open_channel, 0, 0),
        (open_channel, 0, 17),
        (open_channel_48, 32, 1),
        (open_channel_48, 0, 0),
        (open_channel_48, 0, 49),
    ],
)
def test_frames_that_must_not_be_sent_cannot_be_built(build, address: int, channel: int) -> None:
    with pytest.raises(FrameError, match="allowed"):
        build(address, channel)


def test_a_status_names_its_board_by_the_upper_half_of_the_address() -> None:
    assert CuDecoder([0, 2]).feed(STATUS) == [StatusReply(2, bytes.fromhex("FF 0F 01 00"))]


def test_what_comes_back_of_our_own_frames_is_no_reply() -> None:
    decoder = CuDecoder([0])
    assert decoder.feed(open_channel(0, 1) + query_all(0)) == []
    assert decoder.garbage == 10


def test_the_48_channel_board_is_read_in_the_layout_it_was_given() -> None:
    assert Cu48Decoder({0: "etx"}).feed(STATUS_48) == [StatusReply(0, bytes(range(1, 7)))]
    assert Cu48Decoder({0: "length"}).feed(COUNTED_48) == [StatusReply(0, bytes(range(1, 7)))]
    assert Cu48Decoder({0: "length"}).feed(STATUS_48) == []


def test_the_reply_to_opening_lock_1_is_not_lost_where_a_status_could_begin_alike() -> None:
    reply = sealed(0x02, 0, 0, 0x75, 0x03)
    decoder = Cu48Decoder({0: "etx"})
    assert decoder.feed(reply) == []
    assert decoder.silence() == [OpenReply(0, 1)]
    assert decoder.feed(reply + query_all_48(0)) == [OpenReply(0, 1)]
    assert decoder.feed(sealed(0x02, 0, 7, 0x75, 0x00)) == [OpenReply(0, 8)]


def test_a_status_that_begins_like_the_reply_to_lock_1_is_a_status() -> None:
    trap = sealed(0x02, 0, 0, 0x75, 0x00, 0x77, 0, 0, 0, 0, 0x03)
    assert sum(trap[:5]) & 0xFF == trap[5]
    for cut in range(len(trap)):
        decoder = Cu48Decoder({0: "etx"})
        assert decoder.feed(trap[:cut]) + decoder.feed(trap[cut:]) == [StatusReply(0, trap[4:10])]


def test_endless_noise_is_not_kept() -> None:
    for decoder, noise in ((CuDecoder([0]), b"\x02\x00\x35\x00"), (Cu48Decoder({0: "etx"}), b"\x02\x00\x00\x75")):
        for _ in range(1000):
            decoder.feed(noise * 3)
        assert len(decoder._tail) < 12


@pytest.mark.parametrize(
    ("frame", "kind", "value", "forbidden"),
    [
        (VECTORS["status request"], "query", "all", False),
        (VECTORS["unlock lock 1"], "open", 1, False),
        (VECTORS["all status"], "query_all_boards", "all", False),
        (STATUS, "status", list(range(1, 13)), False),
        (sealed(0x02, 0x00, 0x33, 0x03), "open_all", "all", True),
        (sealed(0x02, 0xF2, 0x31, 0x03), "open", 3, True),
        (sealed(0x02, 0x00, 0x37, 0x00, 0x32, 0x03), "set_pulse", 50, True),
        (sealed(0x02, 0x00, 0x39, 0x05, 0x03), "set_delay", 5, True),
        (open_channel_48(0, 9), "open", 9, False),
        (query_all_48(1), "query", "all", False),
        (sealed(0x02, 0, 8, 0x75, 0x03), "open_reply", 9, False),
        (sealed(0x02, 0, 0, 0x75, 0xFF, 1, 0, 0, 0, 0, 0x03), "status", list(range(1, 10)), False),
    ],
    ids=lambda each: each.hex() if isinstance(each, bytes) else None,
)
def test_every_frame_is_explained(frame: bytes, kind: str, value: object, forbidden: bool) -> None:
    (said,) = explain(frame)
    assert (said.kind, said.value, said.error) == (kind, value, None)
    assert bool(said.forbidden) is forbidden


def test_a_wrong_sum_and_a_cut_frame_are_told_and_the_next_frame_is_not_lost() -> None:
    said = explain(open_channel(0, 1)[:-1] + b"\x00" + STATUS + b"\xaa" + STATUS[:5])
    assert [each.kind for each in said] == ["refused", "status", "garbage", "refused"]
    assert "36" in str(said[0].error)
    assert "cut short" in str(said[3].error)


def test_people_compose_only_what_may_be_sent() -> None:
    assert monitor.compose("kerong_cu", "unlock", 0, 1) == VECTORS["unlock lock 1"]
    assert monitor.compose("kerong_cu", "query", 0) == VECTORS["status request"]
    assert compose("open_48", 0, 1, None) == open_channel_48(0, 1)
    assert compose("status_48", None, None, None) == query_all_48(0)
    for action, address, channel, ms in (
        ("open", 0, None, None),
        ("open", 0, 0, None),
        ("open", 15, 1, None),
        ("open", 0, 1, 300),
        ("status", 0, 1, None),
        ("open_48", 0, 49, None),
    ):
        with pytest.raises(FrameError):
            compose(action, address, channel, ms)
