"""Numbers typed by a USB reader, and what the stand-in for evdev must have in common with it."""

import inspect
from time import thread_time

import evdev
import pytest
from evdev import ecodes

from hw import registry
from hw.errors import SettingsError
from hw.frames.keyboard_wedge import ENTERS, GAP_MS, KeyboardDecoder
from hw.input_device import EV_KEY, EV_SYN, KEY_1, KEY_ENTER, SYN_DROPPED
from simulator import evdev as stand_in


def typed(decoder: KeyboardDecoder, text: str, at_ms: int = 1000) -> list[str]:
    """What comes out of some keys, 8 ms apart; `\\n` is Enter, `^` a shift."""
    names = {"\n": "KEY_ENTER", "^": "KEY_LEFTSHIFT", "-": "KEY_MINUS", " ": "KEY_SPACE"}
    codes = [ecodes.ecodes[names.get(key, f"KEY_{key.upper()}")] for key in text]
    return [
        number for index, code in enumerate(codes) if (number := decoder.press(code, at_ms + 8 * index)) is not None
    ]


def test_a_number_ends_with_enter() -> None:
    decoder = KeyboardDecoder("digits")
    assert typed(decoder, "0012345678\n0987654321\n\n") == ["0012345678", "0987654321"]
    assert decoder.refused == 0


def test_the_numeric_pad_types_the_same_digits() -> None:
    decoder = KeyboardDecoder("digits")
    codes = [ecodes.ecodes[f"KEY_KP{digit}"] for digit in "1234567890"]
    assert [decoder.press(code, 0) for code in [*codes, ecodes.KEY_KPENTER]][-1] == "1234567890"


def test_hexadecimal_letters_are_taken_only_where_they_are_asked_for() -> None:
    assert typed(KeyboardDecoder("hex"), "^04a^f1c8b\n") == ["04AF1C8B"]
    digits = KeyboardDecoder("digits")
    assert typed(digits, "04af1c8b\n12345678\n") == ["12345678"]
    assert digits.refused == 1


@pytest.mark.parametrize("text", ["123\n", "1" * 65 + "\n", "1234-5678\n", "1234 5678\n", "hello\n"])
def test_what_is_no_number_is_refused_and_counted(text: str) -> None:
    decoder = KeyboardDecoder("hex")
    assert typed(decoder, text + "87654321\n") == ["87654321"]
    assert decoder.refused == 1


def test_with_a_length_no_other_length_is_taken() -> None:
    decoder = KeyboardDecoder("digits", length=10)
    assert typed(decoder, "001234567\n0012345678\n00123456789\n") == ["0012345678"]
    assert decoder.refused == 2


def test_half_a_number_and_a_pause_do_not_become_part_of_the_next_one() -> None:
    decoder = KeyboardDecoder("digits")
    assert typed(decoder, "00123") == []
    assert typed(decoder, "0012345678\n", at_ms=1000 + 5 * 8 + GAP_MS) == ["0012345678"]
    assert decoder.refused == 1


def test_keys_that_the_kernel_dropped_spoil_the_number_and_no_more() -> None:
    decoder = KeyboardDecoder("digits")
    typed(decoder, "00123")
    decoder.lost(1040)
    assert typed(decoder, "45678\n", at_ms=1048) == []
    assert typed(decoder, "0012345678\n", at_ms=1100) == ["0012345678"]


def test_endless_typing_is_not_kept() -> None:
    decoder = KeyboardDecoder("digits")
    started = thread_time()
    for _ in range(50_000):
        decoder.press(2, 0)
    assert len(decoder._typed) <= 64
    assert thread_time() - started < 1
    assert [decoder.press(code, 0) for code in ENTERS] == [None, None]
    assert decoder.refused == 1


def test_codes_are_those_of_the_kernel() -> None:
    assert (EV_SYN, EV_KEY, SYN_DROPPED) == (ecodes.EV_SYN, ecodes.EV_KEY, ecodes.SYN_DROPPED)
    assert (KEY_1, KEY_ENTER) == (ecodes.KEY_1, ecodes.KEY_ENTER)


def test_the_stand_in_answers_to_the_calls_of_the_library() -> None:
    for name in ("grab", "read", "close", "capabilities"):
        assert callable(getattr(evdev.InputDevice, name)), name
        assert callable(getattr(stand_in.InputDevice, name)), name
    assert callable(evdev.list_devices)
    assert {"type", "code", "value"} <= set(evdev.InputEvent.__slots__)
    assert {"type", "code", "value"} <= set(stand_in.InputEvent.__slots__)
    assert stand_in.DeviceInfo._fields == evdev.device.DeviceInfo._fields
    assert next(iter(inspect.signature(evdev.InputDevice).parameters)) == "dev"


@pytest.mark.parametrize("device", ["event0", "08ff-0009", "08ff:09", "zzzz:0009"])
def test_a_reader_that_is_neither_a_path_nor_vendor_and_product_is_pointed_at(device: str) -> None:
    with pytest.raises(SettingsError) as caught:
        registry.decode("readers", {"driver": "keyboard_wedge", "device": device})
    assert caught.value.path == ("device",)
    assert "such as 08ff:0009" in caught.value.message
