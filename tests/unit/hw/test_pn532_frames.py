"""Frames of the PN532."""

from time import thread_time

import pytest

from hw.errors import FrameError
from hw.frames import monitor
from hw.frames.pn532 import (
    ACK,
    Ack,
    Information,
    Nack,
    Pn532Decoder,
    command,
    compose,
    exchange,
    explain,
    list_targets,
    listed,
    wake_up,
)

# NXP UM0701-02 and its readers' own captures, as in the facts on this reader
WOKEN = bytes.fromhex("55 55" + "00" * 14 + "00 00 FF 03 FD D4 14 01 17 00")
LOOK = bytes.fromhex("00 00 FF 04 FC D4 4A 01 00 E1 00")
FOUND = bytes.fromhex("00 00 FF 0C F4 D5 4B 01 01 00 04 08 04 FB 0E E2 0B D8 00")
# nfc-tools/libnfc issue 267: a DESFire EV1, with its ATS
DESFIRE = bytes.fromhex("01 01 03 44 20 07 04 1E 20 61 80 1D 80 06 75 77 81 02 80")
# "DESFire EV1 Communication Examples" of sotechcllc/RFDoorLock
AUTHENTICATE = bytes.fromhex("00 00 FF 05 FB D4 40 01 AA 00 41 00")
CHALLENGE = bytes.fromhex("00 00 FF 14 EC D5 41 00 AF B9 69 FD FE 56 FD 91 FC 9D E6 F6 F2 13 B8 FD 1E ED 00")


def test_what_is_sent_is_as_published() -> None:
    assert wake_up() == WOKEN
    assert list_targets() == LOOK
    assert exchange(bytes.fromhex("AA 00")) == AUTHENTICATE


def test_a_found_card_is_read_as_published() -> None:
    (frame,) = Pn532Decoder().feed(FOUND)
    assert isinstance(frame, Information)
    target = listed(frame.data)
    assert target is not None
    assert (target.number, target.atqa, target.sak) == ("FB0EE20B", 0x0004, 0x08)
    assert not target.takes_commands


def test_a_desfire_card_takes_commands() -> None:
    target = listed(DESFIRE)
    assert target is not None
    assert (target.number, target.atqa, target.takes_commands, target.is_random) == (
        "041E2061801D80",
        0x0344,
        True,
        False,
    )


def test_a_number_that_is_made_up_at_each_presentation_is_known() -> None:
    target = listed(bytes.fromhex("01 01 00 04 20 04 08 12 34 56"))
    assert target is not None
    assert target.is_random


def test_no_card_is_no_card() -> None:
    assert listed(b"\x00") is None


@pytest.mark.parametrize(
    "data", ["", "01", "01 01 00 04 08", "01 01 00 04 08 04 FB 0E E2", "01 01 00 04 08 05 1122334455"]
)
def test_a_list_that_makes_no_sense_is_refused(data: str) -> None:
    with pytest.raises(FrameError):
        listed(bytes.fromhex(data))


def test_frames_are_read_one_byte_at_a_time() -> None:
    decoder = Pn532Decoder()
    stream = ACK + FOUND + bytes.fromhex("00 00 FF FF 00 00") + CHALLENGE + bytes.fromhex("00 00 FF 01 FF 7F 81 00")
    found = [frame for byte in stream for frame in decoder.feed(bytes((byte,)))]
    assert [type(frame) for frame in found] == [Ack, Information, Nack, Information, Information]
    assert found[1] == Information(0xD5, 0x4B, FOUND[7:-2])
    assert found[4] == Information(0x7F, 0, b"")
    assert decoder.garbage == 0


@pytest.mark.parametrize("at", range(3, len(FOUND) - 1))
def test_a_frame_with_one_wrong_byte_is_refused_and_the_next_one_is_read(at: int) -> None:
    decoder = Pn532Decoder()
    broken = FOUND[:at] + bytes((FOUND[at] ^ 0x10,)) + FOUND[at + 1 :]
    found = decoder.feed(broken + ACK + bytes(300))
    assert found == [Ack()]
    assert decoder.garbage > 0


def test_an_ack_hidden_behind_a_frame_that_never_ends_comes_out_in_the_silence() -> None:
    decoder = Pn532Decoder()
    assert decoder.feed(bytes.fromhex("00 00 FF 40 C0") + ACK) == []
    assert decoder.silence() == [Ack()]


def test_garbage_is_never_kept_beyond_one_frame() -> None:
    decoder = Pn532Decoder()
    for _ in range(2000):
        decoder.feed(bytes.fromhex("00 00 FF 50 B0") * 4)
    assert len(decoder._tail) < 87


def test_what_does_not_fit_a_frame_is_refused() -> None:
    with pytest.raises(FrameError, match="78"):
        exchange(bytes(78))


def test_no_repr_shows_a_number() -> None:
    frame = Pn532Decoder().feed(FOUND)[0]
    assert isinstance(frame, Information)
    target = listed(frame.data)
    assert "FB0EE20B" not in repr(target)
    assert "data" not in repr(frame)


@pytest.mark.parametrize("noise", [b"\x00\x00\xff", bytes.fromhex("00 00 FF 50 B0"), b"\x00", b"\x00\x00\xff\x20\xe0"])
def test_decoding_keeps_up_with_the_line_ten_times_over(noise: bytes) -> None:
    decoder, stream = Pn532Decoder(), FOUND * 3000
    started = thread_time()
    assert sum(len(decoder.feed(stream[at : at + 64])) for at in range(0, len(stream), 64)) == 3000
    dirt = noise * (200_000 // len(noise))
    for at in range(0, len(dirt), 64):
        decoder.feed(dirt[at : at + 64])
    assert thread_time() - started < 1.0


@pytest.mark.parametrize(
    ("action", "frame"),
    [
        ("wake", WOKEN),
        ("sam", bytes.fromhex("00 00 FF 03 FD D4 14 01 17 00")),
        ("poll", LOOK),
        ("firmware", bytes.fromhex("00 00 FF 02 FE D4 02 2A 00")),
        ("ack", ACK),
    ],
)
def test_frames_are_composed_as_published_and_explained_again(action: str, frame: bytes) -> None:
    assert compose(action, None, None, None) == frame
    assert monitor.compose("pn532", action) == frame
    assert all(said.error is None for said in explain(frame))


@pytest.mark.parametrize("numbers", [(1, None, None), (None, 1, None), (None, None, 300)])
def test_numbers_that_a_pn532_has_no_use_for_are_refused(numbers: tuple[int | None, ...]) -> None:
    with pytest.raises(FrameError, match="leave them out"):
        compose("poll", *numbers)


def test_a_whole_capture_is_explained_byte_for_byte() -> None:
    reply = command(0x4A, 1, 0)[:-2] + b"\x00\x00"  # the checksum gone wrong
    capture = WOKEN + ACK + FOUND + AUTHENTICATE + CHALLENGE + b"\x12\x34" + reply + FOUND[:11]
    said = explain(capture)
    assert [each.kind for each in said] == [
        "wake",
        "sam",
        "ack",
        "badge",
        "exchange",
        "exchange_reply",
        "garbage",
        "refused",
        "refused",
    ]
    assert bytes.fromhex("".join(each.hex for each in said)) == capture
    assert (said[3].value, said[3].detail["technology"]) == ("FB0EE20B", "iso14443a")
    assert (said[4].detail["card_command"], said[5].detail["card_status"]) == ("authenticate_aes", "additional_frame")
    assert ["checksum" in str(said[7].error), "cut short" in str(said[8].error)] == [True, True]


def test_the_selected_application_is_explained_as_it_is_printed() -> None:
    (said,) = explain(exchange(bytes.fromhex("5A F54230")))
    assert said.detail["application"] == "3042F5"
