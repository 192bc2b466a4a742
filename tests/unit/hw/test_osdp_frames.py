"""OSDP frames: the CRC of the specification, what a capture says, what may be composed."""

import json
from pathlib import Path
from time import thread_time

import pytest

from hw import registry, wiring
from hw.assembly import HardwareConfig
from hw.errors import FrameError, SettingsError
from hw.frames.osdp import ACTIONS, OsdpFramer, card_number, command, compose, crc16, explain
from hw.indicators import PATTERNS
from hw.osdp_indicator import AMBER, GREEN, RED, SHOWN
from hw.ports import Signal

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "osdp.json").read_text())["crc16"]
CARD = bytes.fromhex("00 01 1A 00") + int("00100010010100010010011111".ljust(32, "0"), 2).to_bytes(4)
POLL = command(1, 0x60)


def reply(code: int, data: bytes = b"", address: int = 1, *, checksum: bool = False) -> bytes:
    """A peripheral's answer in the clear."""
    length = (7 if checksum else 8) + len(data)
    frame = bytes((0x53, 0x80 | address)) + length.to_bytes(2, "little") + bytes((0 if checksum else 4, code)) + data
    return frame + (bytes((-sum(frame) & 0xFF,)) if checksum else crc16(frame).to_bytes(2, "little"))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: each["crc"])
def test_the_crc_is_the_specification_s(vector: dict[str, str]) -> None:
    data = bytes.fromhex(vector["bytes"])
    assert crc16(data).to_bytes(2, "little") == bytes.fromhex(vector["crc"])
    (said,) = explain(data + bytes.fromhex(vector["crc"]))
    assert said.error is None
    assert said.kind == {"6E": "comset", "61": "id"}[str(said.detail["code"])]


def test_a_card_in_the_clear_is_a_badge() -> None:
    (said,) = explain(reply(0x50, CARD))
    assert (said.kind, said.value) == ("badge", "68-41551")
    wanted = {"address": 1, "direction": "reply", "facility": 68, "card": 41551, "technology": "osdp26", "bits": 26}
    assert wanted.items() <= said.detail.items()


@pytest.mark.parametrize(
    ("frame", "kind", "value"),
    [
        (b"\xff" + POLL, "poll", None),
        (reply(0x40), "ack", None),
        (reply(0x40, checksum=True), "ack", None),
        (reply(0x41, b"\x06"), "nak", 6),
        (reply(0x53, b"\x00\x031\x7f\x0d"), "key", "1*#"),
        (reply(0x48, b"\x01\x00"), "local_status_reply", {"tampered": True, "power_failed": False}),
        (reply(0x50, b"\x00\x01\x20\x00\x01\x02\x03\x04"), "card", "01 02 03 04"),
        (command(0, 0x6E, bytes.fromhex("00 80 25 00 00")), "comset", {"address": 0, "baud": 9600}),
    ],
)
def test_frames_are_explained(frame: bytes, kind: str, value: object) -> None:
    (said,) = explain(frame)
    assert (said.kind, said.value, said.error) == (kind, value, None)


def test_what_secure_channel_hides_stays_hidden() -> None:
    said = explain(bytes.fromhex("53811e000f021850aeccb517616be5cfff5b737db237ee62d1b13eafd458"))[0]
    assert (said.kind, said.value, said.detail["secure"], said.detail["encrypted"]) == ("card", None, "SCS_18", True)
    keyset = explain(command(1, 0x75, bytes.fromhex("01 10") + bytes(16)))[0]
    assert (keyset.value, "key" in str(keyset.forbidden)) == (None, True)


def test_a_session_on_the_key_that_everybody_knows_is_named() -> None:
    frame = bytes.fromhex("53 01 13 00 0C 03 11 00 76 01 02 03 04 05 06 07 08")
    said = explain(frame + crc16(frame).to_bytes(2, "little"))[0]
    assert "everybody knows" in str(said.detail["key"])


def test_broken_frames_are_refused_and_the_rest_is_garbage() -> None:
    said = explain(b"\x00\x11" + POLL[:-1] + b"\x99" + reply(0x40) + POLL[:6])
    assert [each.kind for each in said] == ["garbage", "refused", "ack", "refused"]
    assert "CRC" in str(said[1].error)
    assert "cut short" in str(said[3].error)


@pytest.mark.parametrize("action", ACTIONS)
def test_what_is_composed_is_harmless_and_explains_itself(action: str) -> None:
    ms = 300 if action in ("buzzer", "light") else None
    (said,) = explain(compose(action, 3, None, ms))
    assert (said.error, said.forbidden, said.detail["address"]) == (None, None, 3)


@pytest.mark.parametrize(
    ("action", "address", "channel", "ms", "says"),
    [
        ("status", 128, None, None, "0 to 126"),
        ("status", 1, 1, None, "no channels"),
        ("status", 1, None, 300, "no time"),
        ("buzzer", 1, None, None, "100 to 2000"),
        ("buzzer", 1, None, 250, "100 to 2000"),
        ("light", 1, None, 60_000, "100 to 10000"),
    ],
)
def test_other_requests_are_refused(action: str, address: int, channel: int | None, ms: int | None, says: str) -> None:
    with pytest.raises(FrameError, match=says):
        compose(action, address, channel, ms)


@pytest.mark.parametrize(
    ("bits", "read"),
    [
        ("00100010010100010010011111", ("osdp26", "68-41551")),
        ("1000000000101010011101111111101010", ("wiegand34", "5566453")),
        ("00100010010100010010011110", None),
        ("1" * 32, None),
    ],
)
def test_card_bits_are_read_left_aligned(bits: str, read: tuple[str, str] | None) -> None:
    size = (len(bits) + 7) // 8
    assert card_number(int(bits.ljust(size * 8, "0"), 2).to_bytes(size), len(bits)) == read


def test_frames_are_cut_out_of_garbage_one_byte_at_a_time() -> None:
    framer = OsdpFramer()
    stream = b"\x00S\x01" + POLL + b"\xff" + reply(0x40) + b"\x53\x81\x08\x00\x04"
    found = [frame for byte in stream for frame in framer.feed(bytes((byte,)))]
    assert found == [POLL, reply(0x40)]
    assert framer.silence() == []
    assert framer.garbage == 3 + 1 + 5


def test_a_beginning_that_never_goes_on_hides_nothing_after_a_silence() -> None:
    framer = OsdpFramer()
    assert framer.feed(b"\x53\x81\xff\x04\x04\x40" + POLL) == []  # 1,279 bytes are promised
    assert framer.silence() == [POLL]


def test_the_framer_keeps_up_and_keeps_little() -> None:
    framer, stream = OsdpFramer(), reply(0x50, CARD) * 500
    started = thread_time()
    assert sum(len(framer.feed(stream[at : at + 64])) for at in range(0, len(stream), 64)) == 500
    assert thread_time() - started < 0.1
    for _ in range(200):
        framer.feed(b"\x53" * 64)
    assert len(framer._tail) <= 1440


READER = {"driver": "osdp", "port": "/dev/ttyUSB1", "key_file": "/etc/casier/a.key"}


@pytest.mark.parametrize(
    ("more", "path", "says"),
    [
        ({"address": 127}, ("address",), "allowed: 0 to 126"),
        ({"baud": 4800}, ("baud",), "9600"),
        ({"key_file": "a.key"}, ("key_file",), "path of a key file"),
        ({"key": "00" * 16}, ("key",), "unknown key key"),
    ],
)
def test_a_wrong_setting_is_pointed_at(more: dict[str, object], path: tuple[str, ...], says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        registry.decode("readers", READER | more)
    assert caught.value.path == path
    assert says in caught.value.message


def problems(
    readers: dict[str, dict[str, object]], indicators: dict[str, dict[str, object]]
) -> list[tuple[object, ...]]:
    config = HardwareConfig(
        readers={name: registry.decode("readers", table) for name, table in readers.items()},
        indicators={name: registry.decode("indicators", table) for name, table in indicators.items()},
    )
    return [problem.path for problem in wiring.check(config)]


def test_readers_share_a_line_at_different_addresses_and_one_baud_rate() -> None:
    assert problems({"a": READER, "b": READER | {"address": 1}}, {}) == []
    assert problems({"a": READER, "b": READER}, {}) == [("readers", "b", "address")]
    assert problems({"a": READER, "b": READER | {"address": 1, "baud": 19200}}, {}) == [("readers", "b", "port")]


def test_an_osdp_light_names_an_osdp_reader() -> None:
    light = {"driver": "osdp", "reader": "a"}
    assert problems({"a": READER}, {"main": light}) == []
    assert problems({"a": {"driver": "rdm6300", "port": "/dev/x"}}, {"main": light}) == [
        ("indicators", "main", "reader")
    ]
    assert problems({"a": READER}, {"main": light | {"reader": "b"}}) == [("indicators", "main", "reader")]


def test_colours_and_beeps_are_those_of_the_other_lights() -> None:
    names = {RED: "red", GREEN: "green", AMBER: "amber", 0: None}
    assert set(SHOWN) | {Signal.IDLE} == set(PATTERNS)
    for signal, shown in SHOWN.items():
        steps = PATTERNS[signal]
        lit = {lamp for _, lamps in steps for lamp in lamps} - {"buzzer"}
        assert {names[shown.colour], names[shown.other]} - {None} == lit, signal
        sounds = ["buzzer" in lamps for _, lamps in steps]
        assert shown.beeps == sum(now and not before for before, now in zip([False, *sounds], sounds, strict=False))
        assert abs(shown.last * 100 - sum(for_ms for for_ms, _ in steps)) <= 100
