"""Simulated readers send the published frames, as often as real ones do."""

import json
from pathlib import Path

import pytest

from simulator.devices import Habit
from simulator.readers import id20la, rdm6300
from simulator.readers.presentation import Presentation

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "serial_rfid.json").read_text())["rdm6300"]
NUMBER = "62E3086CED"


@pytest.mark.parametrize("vector", [each for each in VECTORS if each["valid"]], ids=lambda each: str(each["tag"]))
def test_rdm6300_frames_are_the_published_ones(vector: dict[str, str]) -> None:
    assert rdm6300.frame(vector["tag"]) == bytes.fromhex(vector["frame"])


def test_id20la_adds_a_line_end_before_the_last_byte() -> None:
    assert id20la.frame(NUMBER) == b"\x0262E3086CED08\r\n\x03"


def sent(presentation: Presentation, until: int) -> list[int]:
    """The milliseconds at which a frame starts, watched to the millisecond."""
    return [now for now in range(until) if presentation.advance(float(now))]


def test_held_badge_is_repeated_every_65_ms_and_no_longer_than_held() -> None:
    presentation = Presentation(rdm6300.frame)
    presentation.hold(NUMBER, 200.0, 0.0)
    assert sent(presentation, 5000) == [0, 65, 130, 195]


def test_second_badge_waits_until_the_first_is_gone_for_over_300_ms() -> None:
    presentation = Presentation(rdm6300.frame)
    presentation.hold(NUMBER, 100.0, 0.0)
    presentation.hold("01000734E0", 10.0, 1.0)
    starts = sent(presentation, 5000)
    assert starts[:2] == [0, 65]
    assert starts[2] - starts[1] > 300
    assert len(starts) == 3


def test_ill_reader_sends_no_valid_frame() -> None:
    presentation = Presentation(rdm6300.frame)
    presentation.habit = Habit.GARBAGE
    presentation.hold(NUMBER, 300.0, 0.0)
    noise = b"".join(presentation.advance(float(now)) for now in range(400))
    assert noise
    assert rdm6300.frame(NUMBER) not in noise


def test_nothing_is_sent_after_everybody_walked_away() -> None:
    presentation = Presentation(rdm6300.frame)
    presentation.hold(NUMBER, 60_000.0, 0.0)
    presentation.advance(0.0)
    presentation.clear()
    assert sent(presentation, 500) == []
