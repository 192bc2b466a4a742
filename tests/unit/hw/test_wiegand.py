"""Wiegand frames, keypads and layouts; edges and silence."""

import json
from pathlib import Path
from time import thread_time

import pytest

from hw import registry
from hw.errors import FrameError, SettingsError
from hw.frames.keypad import KEYS, key_of_burst, key_of_osdp
from hw.frames.wiegand import (
    ENDLESS,
    LAYOUTS,
    LONGEST,
    SILENCE_US,
    Badge,
    Key,
    Layout,
    Refused,
    WiegandCodec,
    WiegandDecoder,
    compose,
    explain_bits,
)
from simulator.readers.wiegand import burst, frame

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "wiegand.json").read_text())
PUBLISHED = [(each["bits"], "wiegand26", f"{each['fc']}-{each['cn']}") for each in VECTORS["wiegand26"]] + [
    (each["bits"], "wiegand34", str(each["id"])) for each in VECTORS["wiegand34"]
]
CODEC = WiegandCodec([*LAYOUTS.values()])
BITS = PUBLISHED[0][0]
EXCHANGED = str.maketrans("01", "10")


def judged(bits: str, codec: WiegandCodec = CODEC) -> object:
    return codec.judge(int(bits, 2), len(bits))


def fed(decoder: WiegandDecoder, bits: str, start_us: int = 0) -> list[object]:
    """What comes out while the pulses of some bits arrive, one every 2 ms."""
    return [
        said for index, bit in enumerate(bits) if (said := decoder.edge(int(bit), start_us + 2000 * index)) is not None
    ]


@pytest.mark.parametrize(("bits", "technology", "number"), PUBLISHED)
def test_published_frames_are_read_as_published(bits: str, technology: str, number: str) -> None:
    assert judged(bits) == Badge(technology, number)


@pytest.mark.parametrize(("bits", "technology", "number"), PUBLISHED)
def test_simulated_readers_send_the_published_bits(bits: str, technology: str, number: str) -> None:
    assert frame(number, int(technology[-2:])) == bits  # type: ignore[arg-type]


@pytest.mark.parametrize("bits", [frame("1-5", 26), frame("5566453", 34), frame("513-400001", 37)])
def test_one_wrong_bit_is_refused_wherever_it_is(bits: str) -> None:
    for at in range(len(bits)):
        wrong = bits[:at] + bits[at].translate(EXCHANGED) + bits[at + 1 :]
        said = judged(wrong)
        if len(bits) == 37 and at == 18:  # both parities cover the bit in the middle: both see it
            assert said == Refused("parity", 37, swapped=True)
        else:
            assert said == Refused("parity", len(bits), swapped=False)


@pytest.mark.parametrize("bits", [bits for bits, _, _ in PUBLISHED] + [frame("513-400001", 37)])
def test_exchanged_wires_are_recognised(bits: str) -> None:
    assert judged(bits.translate(EXCHANGED)) == Refused("parity", len(bits), swapped=True)


@pytest.mark.parametrize("bits", ["1", "10101", "1" * 25, "1" * 27, "1" * 35, "1" * LONGEST])
def test_another_length_is_refused(bits: str) -> None:
    assert judged(bits) == Refused("length", len(bits))


def test_a_format_that_the_site_does_not_use_is_refused() -> None:
    assert judged(BITS, WiegandCodec([LAYOUTS[34]])) == Refused("length", 26)


def test_37_bits_are_read_as_the_site_s_layout_says() -> None:
    bits = frame("123456789", 37)
    whole = WiegandCodec([Layout(37, card=(2, 36), even=(1, 2, 19), odd=(37, 19, 36))])
    assert judged(bits, whole) == Badge("wiegand37", "123456789")
    assert judged(bits) == Badge("wiegand37", f"{123456789 >> 19}-{123456789 % (1 << 19)}")


def test_a_layout_without_parity_takes_every_frame_of_its_length() -> None:
    plain = WiegandCodec([Layout(37, card=(1, 37))])
    assert judged("0" * 36 + "1", plain) == Badge("wiegand37", "1")


@pytest.mark.parametrize("bits", [4, 8])
def test_every_key_of_a_keypad_is_read_and_nothing_else(bits: int) -> None:
    codec = WiegandCodec([*LAYOUTS.values()], keypad=bits)  # type: ignore[arg-type]
    assert [judged(burst(key, bits), codec) for key in KEYS] == [Key(key) for key in KEYS]  # type: ignore[arg-type]
    assert sum(key_of_burst(value, bits) is not None for value in range(1 << bits)) == 12
    assert judged("1" * bits, codec) == Refused("key", bits)
    assert judged(BITS, codec) == Badge("wiegand26", "68-41551")


def test_a_burst_without_a_keypad_is_refused() -> None:
    assert judged("0101") == Refused("length", 4)


def test_8_bit_bursts_carry_the_inverse_first() -> None:
    assert (burst("5", 8), key_of_burst(0xA5, 8), key_of_burst(0x5A, 8)) == ("10100101", "5", "*")


def test_osdp_keypads_clear_and_enter() -> None:
    assert [key_of_osdp(byte) for byte in b"09*#\x7f\x0d\x1b"] == ["0", "9", "*", "#", "*", "#", None]


def test_a_frame_ends_with_25_ms_of_silence_and_not_before() -> None:
    decoder = WiegandDecoder(CODEC)
    assert fed(decoder, BITS[:13]) == []
    assert fed(decoder, BITS[13:], start_us=12 * 2000 + SILENCE_US) == []
    assert fed(decoder, BITS, start_us=200_000) == [Badge("wiegand26", "68-41551")]
    assert decoder.silence() == Badge("wiegand26", "68-41551")
    assert (decoder.silence(), decoder.is_idle, decoder.refused) == (None, True, 0)


def test_edges_that_come_out_of_order_are_put_in_order_by_their_times() -> None:
    decoder = WiegandDecoder(CODEC)
    edges = [(2000 * index, int(bit)) for index, bit in enumerate(BITS)]
    for index in range(0, 26, 2):
        edges[index : index + 2] = reversed(edges[index : index + 2])
    assert [decoder.edge(line, at_us) for at_us, line in edges] == [None] * 26
    assert decoder.silence() == Badge("wiegand26", "68-41551")


def test_endless_noise_is_not_kept_and_is_told_while_it_lasts() -> None:
    decoder = WiegandDecoder(CODEC)
    said = [decoder.edge(at % 2, at * 1000) for at in range(100_000)]
    assert {each for each in said if each} == {Refused("length", ENDLESS)}
    assert decoder.refused == 1 + (100_000 - ENDLESS) // (ENDLESS - LONGEST - 1)
    assert len(decoder._edges) <= LONGEST
    assert isinstance(decoder.silence(), Refused)
    fed(decoder, BITS, start_us=10**9)
    assert decoder.silence() == Badge("wiegand26", "68-41551")


def test_a_badge_s_bits_at_the_end_of_endless_noise_are_no_badge() -> None:
    decoder = WiegandDecoder(CODEC)
    fed(decoder, "0" * ENDLESS)
    assert fed(decoder, BITS, start_us=ENDLESS * 2000) == []
    assert isinstance(decoder.silence(), Refused)


def test_a_frame_with_lost_edges_is_refused_and_the_next_one_is_read() -> None:
    decoder = WiegandDecoder(CODEC)
    fed(decoder, BITS[:7])
    decoder.lost()
    assert (decoder.silence(), decoder.refused) == (None, 1)
    fed(decoder, BITS, start_us=100_000)
    assert decoder.silence() == Badge("wiegand26", "68-41551")


def test_numbers_and_keys_are_not_shown() -> None:
    assert "41551" not in repr(judged(BITS))
    assert "5" not in repr(Key("5"))


def test_decoding_keeps_up_with_any_reader() -> None:
    value, noise = int(BITS, 2), WiegandDecoder(CODEC)
    started = thread_time()
    assert all(isinstance(CODEC.judge(value, 26), Badge) for _ in range(5000))
    assert thread_time() - started < 0.1  # 50,000 frames a second
    started = thread_time()
    for at in range(50_000):  # ten times as many edges in a second as the shortest pulses allow
        noise.edge(at & 1, at * 200)
    assert thread_time() - started < 1


@pytest.mark.parametrize(("bits", "technology", "number"), PUBLISHED)
def test_bits_are_explained(bits: str, technology: str, number: str) -> None:
    (said,) = explain_bits(bits)
    assert (said.kind, said.value, said.hex, said.error) == ("badge", number, bits, None)
    assert said.detail["technology"] == technology
    assert said.detail["parity"] == "ok"
    (said,) = explain_bits(bits.translate(EXCHANGED))
    assert said.kind == "refused"
    assert "D0 and D1" in str(said.error)


@pytest.mark.parametrize(
    ("bits", "kind", "value"),
    [("0101", "key", "5"), ("10100101", "key", "5"), ("1010", "key", "*"), ("1111", "refused", None),
     ("00000101", "refused", None), ("0" * 30, "refused", None), (BITS[:-1] + "0", "refused", None)],
)  # fmt: skip
def test_keys_and_refused_bits_are_explained(bits: str, kind: str, value: object) -> None:
    (said,) = explain_bits(bits)
    assert (said.kind, said.value, said.error is None) == (kind, value, kind != "refused")


def test_nothing_can_be_sent_to_a_wiegand_reader() -> None:
    with pytest.raises(FrameError, match="only speaks"):
        compose("open", 1, 1, None)


WIEGAND = {"driver": "wiegand", "d0": 14, "d1": 15}


@pytest.mark.parametrize(
    ("more", "path", "says"),
    [
        ({"d0": 1}, ("d0",), "allowed: 2 to 27"),
        ({"formats": []}, ("formats",), "26, 34, 37"),
        ({"formats": [32]}, ("formats", 0), "allowed: 26, 34, 37"),
        ({"keypad": 5}, ("keypad",), "allowed: 4, 8"),
        ({"layouts": [{"bits": 37, "card": [20, 38]}]}, ("layouts", 0, "card"), "within 1 to 37"),
        ({"layouts": [{"bits": 37, "card": [36, 20]}]}, ("layouts", 0, "card"), "within 1 to 37"),
        ({"layouts": [{"bits": 26, "card": [2, 25]}]}, ("layouts", 0, "facility"), "such as [2, 9]"),
        ({"layouts": [{"bits": 34, "card": [18, 33], "facility": [2, 17]}]}, ("layouts", 0, "facility"), "has none"),
        ({"layouts": [{"bits": 37, "card": [2, 36]}] * 2}, ("layouts",), "one layout for each length"),
        ({"layouts": [{"bits": 37, "card": [2, 36]}], "formats": [26]}, ("layouts",), "stands in formats"),
    ],
)
def test_a_wrong_setting_is_pointed_at(more: dict[str, object], path: tuple[str | int, ...], says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        registry.decode("readers", WIEGAND | more)
    assert caught.value.path == path
    assert says in caught.value.message
