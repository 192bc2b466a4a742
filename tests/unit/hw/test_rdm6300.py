"""Frames of the serial badge readers."""

import json
from pathlib import Path
from time import thread_time

import pytest

from hw.frames.presentation import Presentations
from hw.frames.rdm6300 import Rdm6300Decoder

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "serial_rfid.json").read_text())["rdm6300"]
FRAME = bytes.fromhex("02 36 32 45 33 30 38 36 43 45 44 30 38 03")
ID12LA_FRAME = FRAME[:-1] + b"\r\n\x03"


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["source"] for vector in VECTORS])
def test_published_frames_are_read_as_published(vector: dict[str, str | None]) -> None:
    assert Rdm6300Decoder().feed(bytes.fromhex(str(vector["frame"]))) == ([vector["tag"]] if vector["valid"] else [])


@pytest.mark.parametrize("frame", [FRAME, ID12LA_FRAME], ids=["rdm6300", "id12la"])
def test_both_variants_are_read_one_byte_at_a_time(frame: bytes) -> None:
    decoder = Rdm6300Decoder()
    assert [number for byte in frame * 2 for number in decoder.feed(bytes((byte,)))] == ["62E3086CED"] * 2
    assert decoder.garbage == 0


def test_a_frame_cut_short_does_not_cost_the_next_one() -> None:
    decoder = Rdm6300Decoder()
    assert decoder.feed(FRAME[:7] + FRAME) == ["62E3086CED"]
    assert decoder.garbage == 7


def test_a_wrong_checksum_counts_as_garbage() -> None:
    decoder = Rdm6300Decoder()
    decoder.feed(bytes.fromhex(VECTORS[2]["frame"]))
    assert decoder.garbage == 14


def test_lower_case_digits_give_the_upper_case_number() -> None:
    assert Rdm6300Decoder().feed(b"\x02" + b"62e3086ced08" + b"\x03") == ["62E3086CED"]


def test_endless_noise_is_not_kept() -> None:
    decoder = Rdm6300Decoder()
    for _ in range(1000):
        decoder.feed(b"\x02" + b"0" * 12)
    assert len(decoder._tail) < 16
    assert decoder.garbage > 12_900


def test_decoding_keeps_up_with_any_reader() -> None:
    decoder, stream, noise = Rdm6300Decoder(), FRAME * 5000, b"\x02" * 200_000
    started = thread_time()
    assert sum(len(decoder.feed(stream[at : at + 64])) for at in range(0, len(stream), 64)) == 5000
    assert thread_time() - started < 0.1
    started = thread_time()
    decoder.feed(noise)
    assert thread_time() - started < 0.1


def test_a_held_badge_is_one_presentation_for_a_whole_minute() -> None:
    presentations = Presentations()
    assert [presentations.is_new("A", at) for at in range(0, 60_000, 65)].count(True) == 1


def test_a_badge_shown_again_after_300_ms_of_silence_is_a_new_presentation() -> None:
    presentations = Presentations()
    assert presentations.is_new("A", 0)
    assert not presentations.is_new("A", 299)
    assert presentations.is_new("A", 599)


def test_two_badges_held_together_are_one_presentation_each() -> None:
    presentations = Presentations()
    seen = [(number, presentations.is_new(number, at)) for at, number in enumerate("ABABAB")]
    assert [number for number, new in seen if new] == ["A", "B"]
