"""Framing holds for any chunking and any garbage."""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import TypeVar

from hypothesis import given
from hypothesis import strategies as st

from hw.frames.rdm6300 import Rdm6300Decoder
from hw.frames.verdict import Energises, Harmless
from hw.frames.xor_board import (
    BoardFrame,
    ChannelChanged,
    OpenReply,
    StatusReply,
    XorBoardDecoder,
    classify,
    open_channel,
    sealed,
)

T = TypeVar("T")
STATUS_BYTES = {1: 3, 2: 3, 32: 7}
numbers = st.binary(min_size=5, max_size=5)
noise = st.binary(max_size=40)
mute_noise = st.lists(st.integers(0, 255).filter(lambda byte: byte not in (0x80, 0x82, 0x8A)), max_size=30).map(bytes)


def rfid_frame(number: bytes, crlf: bool) -> bytes:
    checksum = number[0] ^ number[1] ^ number[2] ^ number[3] ^ number[4]
    return b"\x02" + number.hex().upper().encode() + b"%02X" % checksum + (b"\r\n" if crlf else b"") + b"\x03"


@st.composite
def board_frames(draw: st.DrawFn) -> tuple[bytes, BoardFrame]:
    kind = draw(st.sampled_from(["status", "open", "changed"]))
    address = draw(st.sampled_from(sorted(STATUS_BYTES)))
    channel, bit = draw(st.integers(1, 50)), draw(st.integers(0, 1))
    if kind == "status":
        status = draw(st.binary(min_size=STATUS_BYTES[address], max_size=STATUS_BYTES[address]))
        return sealed(0x80, address, *status, 0x33), StatusReply(address, status)
    if kind == "open":
        return sealed(0x8A, address, channel, 0x11 * bit), OpenReply(address, channel)
    return sealed(0x82, address, channel, 0x11 * bit), ChannelChanged(address, channel, bit)


def chunks(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def fed(feed: Callable[[bytes], list[T]], parts: Iterable[bytes]) -> list[T]:
    return [value for part in parts for value in feed(part)]


cut_places = st.lists(st.integers(0, 2000), max_size=30)


@given(stream=st.lists(noise | st.builds(rfid_frame, numbers, st.booleans())).map(b"".join), cuts=cut_places)
def test_any_chunking_gives_the_same_badge_numbers(stream: bytes, cuts: list[int]) -> None:
    whole, cut = Rdm6300Decoder(), Rdm6300Decoder()
    assert fed(cut.feed, chunks(stream, cuts)) == whole.feed(stream)


@given(
    parts=st.lists(st.tuples(noise.filter(lambda data: b"\x02" not in data[-16:]), numbers, st.booleans())),
    cuts=cut_places,
)
def test_badge_numbers_come_through_garbage(parts: list[tuple[bytes, bytes, bool]], cuts: list[int]) -> None:
    stream = b"".join(dirt + rfid_frame(number, crlf) for dirt, number, crlf in parts)
    found = fed(Rdm6300Decoder().feed, chunks(stream, cuts))
    wanted = [number.hex().upper() for _, number, _ in parts]
    assert [number for number in found if number in wanted][-len(wanted) :] == wanted or not wanted


@given(stream=st.lists(noise | board_frames().map(lambda each: each[0])).map(b"".join), cuts=cut_places)
def test_any_chunking_gives_the_same_board_frames(stream: bytes, cuts: list[int]) -> None:
    whole, cut = XorBoardDecoder(STATUS_BYTES), XorBoardDecoder(STATUS_BYTES)
    assert fed(cut.feed, chunks(stream, cuts)) == whole.feed(stream)
    assert cut.garbage == whole.garbage


@given(parts=st.lists(st.tuples(mute_noise, board_frames())), cuts=cut_places)
def test_board_frames_come_through_garbage(
    parts: list[tuple[bytes, tuple[bytes, BoardFrame]]], cuts: list[int]
) -> None:
    stream = b"".join(dirt + frame for dirt, (frame, _) in parts)
    assert fed(XorBoardDecoder(STATUS_BYTES).feed, chunks(stream, cuts)) == [value for _, (_, value) in parts]


@given(dirt=noise, frame=board_frames())
def test_after_any_garbage_a_board_that_goes_on_answering_is_understood(
    dirt: bytes, frame: tuple[bytes, BoardFrame]
) -> None:
    decoder = XorBoardDecoder(STATUS_BYTES)
    decoder.feed(dirt)
    found = fed(decoder.feed, [frame[0]] * 4) + decoder.silence()
    assert found[-1] == frame[1]


@given(data=st.binary(max_size=12) | st.tuples(st.binary(max_size=11)).map(lambda each: sealed(0x8A, *each[0])))
def test_only_the_one_frame_of_one_channel_is_ever_judged_to_energise(data: bytes) -> None:
    verdict = classify(data)
    if isinstance(verdict, Energises):
        seconds = None if verdict.pulse_ms is None else verdict.pulse_ms // 1000
        assert data == open_channel(verdict.address, verdict.channel, seconds)
    elif isinstance(verdict, Harmless):
        assert data[0] == 0x80
        assert len(data) == 5
