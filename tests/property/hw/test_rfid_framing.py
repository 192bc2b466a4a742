"""Framing of badge numbers holds for any chunking and any garbage."""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import TypeVar

from hypothesis import given
from hypothesis import strategies as st

from hw.frames.rdm6300 import Rdm6300Decoder

T = TypeVar("T")
numbers = st.binary(min_size=5, max_size=5)
noise = st.binary(max_size=40)


def rfid_frame(number: bytes, crlf: bool) -> bytes:
    checksum = number[0] ^ number[1] ^ number[2] ^ number[3] ^ number[4]
    return b"\x02" + number.hex().upper().encode() + b"%02X" % checksum + (b"\r\n" if crlf else b"") + b"\x03"


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
