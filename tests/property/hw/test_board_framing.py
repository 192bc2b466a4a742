"""Framing of every serial board holds for any chunking and any garbage; one frame of one channel alone energises."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from operator import xor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.frames import kerong_cu, modbus_rtu, xor_board
from hw.frames.replies import ChannelChanged, CoilsReply, OffReply, OpenReply, Refusal, StatusReply
from hw.frames.resync import FrameDecoder
from hw.frames.verdict import Energises, Harmless

cut_places = st.lists(st.integers(0, 2000), max_size=30)
channels_50, channels_48, channels_32 = st.integers(1, 50), st.integers(1, 48), st.integers(1, 32)


@dataclass(frozen=True)
class Codec:
    """A codec under test: its decoder, valid replies with their values, and bytes that can begin no frame."""

    decoder: Callable[[], FrameDecoder[Any]]
    replies: st.SearchStrategy[tuple[bytes, Any]]
    heads: frozenset[int]
    longest: int

    @property
    def dirt(self) -> st.SearchStrategy[bytes]:
        return st.lists(st.integers(0, 255).filter(lambda byte: byte not in self.heads), max_size=30).map(bytes)


def status_of(seal: Callable[..., bytes], head: tuple[int, ...], address: int, size: int, tail: tuple[int, ...]) -> Any:
    def made(status: bytes) -> tuple[bytes, StatusReply]:
        return seal(*head, *status, *tail), StatusReply(address, status)

    return st.binary(min_size=size, max_size=size).map(made)


def xor_sealed(*fields: int) -> bytes:
    return bytes((*fields, reduce(xor, fields)))


def summed(*fields: int) -> bytes:
    return bytes((*fields, sum(fields) % 256))


def changed(channel: int, bit: int) -> tuple[bytes, ChannelChanged]:
    return xor_sealed(0x82, 2, channel, 0x11 * bit), ChannelChanged(2, channel, bit)


def modbus_bits(function: int, kind: type[StatusReply | CoilsReply]) -> Any:
    return st.binary(min_size=1, max_size=4).map(
        lambda bits: (modbus_rtu.sealed(7, function, len(bits), *bits), kind(7, bits))
    )


CODECS: dict[str, Codec] = {
    "xor_board": Codec(
        lambda: xor_board.XorBoardDecoder({1: 3, 2: 3, 32: 7}),
        status_of(xor_sealed, (0x80, 1), 1, 3, (0x33,))
        | status_of(xor_sealed, (0x80, 32), 32, 7, (0x33,))
        | channels_50.map(lambda channel: (xor_sealed(0x8A, 2, channel, 0x11), OpenReply(2, channel)))
        | st.builds(changed, channels_50, st.integers(0, 1)),
        frozenset({0x80, 0x82, 0x8A}),
        11,
    ),
    "kerong_cu": Codec(
        lambda: kerong_cu.CuDecoder([0, 9]),
        status_of(summed, (0x02, 0x00, 0x35), 0, 4, (0x03,)) | status_of(summed, (0x02, 0x97, 0x35), 9, 4, (0x03,)),
        frozenset({0x02}),
        9,
    ),
    "kerong_cu_48": Codec(
        lambda: kerong_cu.Cu48Decoder({1: "etx", 4: "length"}),
        status_of(summed, (0x02, 1, 0, 0x75), 1, 6, (0x03,))
        | status_of(summed, (0x02, 4, 0, 0x75, 6), 4, 6, ())
        | st.integers(2, 48).map(lambda channel: (summed(2, 1, channel - 1, 0x75, 0x03), OpenReply(1, channel))),
        frozenset({0x02}),
        12,
    ),
    "modbus_relay": Codec(
        lambda: modbus_rtu.ModbusDecoder([7, 8]),
        modbus_bits(2, StatusReply)
        | modbus_bits(1, CoilsReply)
        | channels_32.map(lambda channel: (modbus_rtu.pulse_coil(8, channel, 300), OpenReply(8, channel)))
        | channels_32.map(lambda channel: (modbus_rtu.coil_off(8, channel), OffReply(8, channel)))
        | st.integers(1, 11).map(lambda code: (modbus_rtu.sealed(8, 0x85, code), Refusal(8, code))),
        frozenset({7, 8}),
        9,
    ),
}
every_codec = pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS.keys())


def chunks(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def fed(decoder: FrameDecoder[Any], parts: Iterable[bytes]) -> list[Any]:
    return [value for part in parts for value in decoder.feed(part)]


@every_codec
@given(data=st.data())
def test_any_chunking_of_any_bytes_gives_the_same_frames(codec: Codec, data: st.DataObject) -> None:
    frames = codec.replies.map(lambda each: each[0])
    likely = st.lists(st.sampled_from(sorted(codec.heads)) | st.integers(0, 255), max_size=20).map(bytes)
    stream = b"".join(data.draw(st.lists(frames | likely | frames.map(lambda frame: frame[:-2]), max_size=8)))
    whole, cut = codec.decoder(), codec.decoder()
    wanted = whole.feed(stream) + whole.silence()
    assert fed(cut, chunks(stream, data.draw(cut_places))) + cut.silence() == wanted
    assert cut.garbage == whole.garbage


@every_codec
@given(data=st.data())
def test_every_frame_comes_through_the_garbage_between_frames(codec: Codec, data: st.DataObject) -> None:
    parts = data.draw(st.lists(st.tuples(codec.dirt, codec.replies), max_size=8))
    stream = b"".join(dirt + frame for dirt, (frame, _) in parts)
    decoder = codec.decoder()
    assert fed(decoder, chunks(stream, data.draw(cut_places))) == [value for _, (_, value) in parts]
    assert decoder.garbage == sum(len(dirt) for dirt, _ in parts)


@every_codec
@given(data=st.data())
def test_after_any_garbage_a_board_that_goes_on_answering_is_understood(codec: Codec, data: st.DataObject) -> None:
    decoder = codec.decoder()
    decoder.feed(data.draw(st.binary(max_size=40)))
    frame, value = data.draw(codec.replies)
    assert (fed(decoder, [frame] * 4) + decoder.silence())[-1] == value


@every_codec
@given(data=st.data())
def test_what_is_kept_is_never_longer_than_a_frame(codec: Codec, data: st.DataObject) -> None:
    decoder = codec.decoder()
    heads = st.lists(st.sampled_from(sorted(codec.heads)), min_size=1, max_size=12).map(bytes)
    beginnings = codec.replies.map(lambda each: each[0][:-1])
    for part in data.draw(st.lists(heads | beginnings | st.binary(max_size=30), max_size=20)):
        decoder.feed(part)
        assert len(decoder._tail) < codec.longest
    decoder.silence()
    assert decoder._tail == b""


# What may be sent

xor_frames = st.binary(max_size=12) | st.binary(min_size=1, max_size=8).map(lambda body: xor_sealed(*body))
cu_bodies = st.lists(st.integers(0, 255), max_size=6)
cu_frames = st.binary(max_size=8) | cu_bodies.map(lambda body: summed(2, *body, 3))
modbus_writes = st.lists(st.integers(0, 255), min_size=4, max_size=4).map(lambda body: (5, *body))
modbus_frames = (
    st.binary(max_size=10)
    | st.builds(lambda at, body: modbus_rtu.sealed(at, *body), st.integers(0, 255), modbus_writes)
    | st.lists(st.integers(0, 255), min_size=1, max_size=8).map(lambda body: modbus_rtu.sealed(*body))
)


@given(frame=xor_frames)
def test_only_the_open_frame_of_one_channel_energises_an_xor_board(frame: bytes) -> None:
    verdict = xor_board.classify(frame)
    if isinstance(verdict, Energises):
        seconds = None if verdict.pulse_ms is None else verdict.pulse_ms // 1000
        assert frame == xor_board.open_channel(verdict.address, verdict.channel, seconds)


@given(frame=cu_frames)
def test_only_the_open_frame_of_one_channel_energises_a_kerong_board(frame: bytes) -> None:
    verdict, verdict_48 = kerong_cu.classify(frame), kerong_cu.classify_48(frame)
    if isinstance(verdict, Energises):
        assert frame == kerong_cu.open_channel(verdict.address, verdict.channel)
    if isinstance(verdict_48, Energises):
        assert frame == kerong_cu.open_channel_48(verdict_48.address, verdict_48.channel)
    if isinstance(verdict, Harmless):
        assert frame[2] in (0x30, 0x32)
    if isinstance(verdict_48, Harmless):
        assert frame == kerong_cu.query_all_48(frame[1])


@given(frame=modbus_frames)
def test_only_the_timed_pulse_of_one_coil_energises_a_modbus_board(frame: bytes) -> None:
    verdict = modbus_rtu.classify(frame)
    if isinstance(verdict, Energises):
        assert verdict.pulse_ms is not None
        assert frame == modbus_rtu.pulse_coil(verdict.address, verdict.channel, verdict.pulse_ms)
    elif isinstance(verdict, Harmless) and frame[1] == modbus_rtu.WRITE_COIL:
        assert frame[2] == 0
        assert frame[4:6] == b"\0\0"


@given(bytes_of_a_capture=st.binary(max_size=60), data=st.data())
def test_explaining_accounts_for_every_byte_of_any_capture(bytes_of_a_capture: bytes, data: st.DataObject) -> None:
    for name, codec in (("kerong_cu", kerong_cu), ("kerong_cu_48", kerong_cu), ("modbus_relay", modbus_rtu)):
        frame, _ = data.draw(CODECS[name].replies)
        said = codec.explain(bytes_of_a_capture + frame + bytes_of_a_capture)
        assert b"".join(bytes.fromhex(each.hex) for each in said) == bytes_of_a_capture + frame + bytes_of_a_capture
