"""Framing of Wiegand edges, OSDP bytes and typed numbers holds for any cuts, any noise, any order of delivery."""

from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hw.frames.keyboard_wedge import GAP_MS, KeyboardDecoder
from hw.frames.osdp import OsdpFramer, command, explain
from hw.frames.wiegand import LAYOUTS, Badge, Refused, WiegandCodec, WiegandDecoder, explain_bits
from simulator.readers.keyboard_wedge import CODES, ENTER
from simulator.readers.wiegand import frame

CODEC = WiegandCodec([*LAYOUTS.values()])
numbers = (
    st.tuples(st.just(26), st.builds("{}-{}".format, st.integers(0, 255), st.integers(0, 65_535)))
    | st.tuples(st.just(34), st.integers(0, 2**32 - 1).map(str))
    | st.tuples(st.just(37), st.builds("{}-{}".format, st.integers(0, 65_535), st.integers(0, 2**19 - 1)))
)
bits = st.text("01", min_size=1, max_size=80)
no_frame = bits.filter(lambda each: len(each) not in LAYOUTS)


@st.composite
def pulses(draw: st.DrawFn, sent: str) -> list[tuple[int, int]]:
    """Pulses of some bits, 0.2 to 20 ms apart, as (microseconds, line); neighbours may arrive exchanged."""
    gaps = draw(st.lists(st.integers(200, 20_000), min_size=len(sent), max_size=len(sent)))
    at, edges = 0, []
    for gap, bit in zip(gaps, sent, strict=True):
        at += gap
        edges.append((at, int(bit)))
    for index in draw(st.sets(st.integers(0, len(edges) // 2), max_size=5)):
        pair = edges[2 * index : 2 * index + 2]
        if len(pair) == 2 and pair[1][0] - pair[0][0] <= 2_000:
            edges[2 * index : 2 * index + 2] = reversed(pair)
    return edges


@given(
    data=st.data(),
    sent=st.lists(numbers.map(lambda each: (each, None)) | no_frame.map(lambda each: (None, each)), max_size=6),
)
def test_badges_come_through_noise_in_their_order(
    data: st.DataObject, sent: list[tuple[tuple[int, str] | None, str | None]]
) -> None:
    decoder = WiegandDecoder(CODEC)
    said: list[object] = []
    start = 0
    for badge, noise in sent:
        edges = data.draw(pulses(frame(badge[1], badge[0]) if badge else noise or ""))  # type: ignore[arg-type]
        said += [each for at, line in edges if (each := decoder.edge(line, start + at)) is not None]
        start += max(at for at, _ in edges) + 50_000
    said += [each for each in (decoder.silence(),) if each is not None]
    wanted = [Badge(f"wiegand{badge[0]}", badge[1]) for badge, _ in sent if badge]
    assert [each for each in said if isinstance(each, Badge)] == wanted
    assert decoder.refused == sum(isinstance(each, Refused) for each in said) == len(sent) - len(wanted)


@given(number=numbers)
def test_a_frame_and_its_complement_are_never_both_sound(number: tuple[int, str]) -> None:
    sound = int(frame(number[1], number[0]), 2)  # type: ignore[arg-type]
    assert CODEC.judge(sound, number[0]) == Badge(f"wiegand{number[0]}", number[1])
    exchanged = sound ^ (1 << number[0]) - 1
    assert CODEC.judge(exchanged, number[0]) == Refused("parity", number[0], swapped=True)


@given(text=bits)
def test_any_bits_are_explained(text: str) -> None:
    (said,) = explain_bits(text)
    assert said.hex == text
    assert (said.value is None) == (said.error is not None)


requests = st.builds(command, st.integers(0, 127), st.integers(0, 255), st.binary(max_size=40))
mute = st.binary(max_size=20).map(lambda data: data.replace(b"\x53", b""))


def chunks(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


cut_places = st.lists(st.integers(0, 2000), max_size=30)


@given(stream=st.lists(st.binary(max_size=20) | requests).map(b"".join), cuts=cut_places)
def test_any_chunking_gives_the_same_osdp_frames(stream: bytes, cuts: list[int]) -> None:
    whole, cut = OsdpFramer(), OsdpFramer()
    assert [each for part in chunks(stream, cuts) for each in cut.feed(part)] == whole.feed(stream)
    assert (cut.garbage, cut.silence(), cut.garbage) == (whole.garbage, whole.silence(), whole.garbage)


@given(parts=st.lists(st.tuples(mute, requests)), cuts=cut_places)
def test_osdp_frames_come_through_garbage(parts: list[tuple[bytes, bytes]], cuts: list[int]) -> None:
    framer, stream = OsdpFramer(), b"".join(dirt + request for dirt, request in parts)
    assert [each for part in chunks(stream, cuts) for each in framer.feed(part)] == [each for _, each in parts]
    assert framer.garbage == sum(len(dirt) for dirt, _ in parts)


@given(stream=st.lists(st.binary(max_size=20) | requests | requests.map(lambda each: each[:-1])).map(b"".join))
def test_every_byte_of_an_osdp_capture_is_accounted_for(stream: bytes) -> None:
    assert "".join(said.hex.replace(" ", "") for said in explain(stream)) == stream.hex().upper()


typed = st.text("0123456789", min_size=4, max_size=20)
fingers = st.lists(st.integers(1, 120).filter(lambda code: code not in (ENTER, 96)), max_size=70)


@given(sent=st.lists(st.tuples(typed, fingers)))
def test_typed_numbers_come_through_keys_that_are_none(sent: list[tuple[str, list[int]]]) -> None:
    decoder, found, now = KeyboardDecoder("digits"), [], 1000
    for number, noise in sent:
        found += [decoder.press(code, now) for code in noise]
        now += GAP_MS + 1
        found += [decoder.press(code, now) for code in [*(CODES[digit] for digit in number), ENTER]]
        now += GAP_MS + 1
    assert [each for each in found if each is not None] == [number for number, _ in sent]
