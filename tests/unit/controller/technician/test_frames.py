"""`decode` and `frame`: what a technician reads off a bus monitor, and what would be sent."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from controller.cli import app
from hw.frames import monitor

VECTORS = Path(__file__).parents[3] / "vectors"
BADGE = "02 36 32 45 33 30 38 36 43 45 44 30 38 03"


def run(*arguments: str, stdin: str | bytes = "") -> tuple[int, str, str]:
    done = CliRunner().invoke(app, arguments, input=stdin)
    assert not isinstance(done.exception, Exception), done.exception
    return done.exit_code, done.stdout, done.stderr


def decoded(*arguments: str, stdin: str = "") -> list[dict[str, Any]]:
    code, out, err = run("decode", *arguments, "--json", stdin=stdin)
    assert code == 0, err
    said: list[dict[str, Any]] = json.loads(out)
    return said


@pytest.mark.parametrize(
    "written",
    [
        BADGE, BADGE.lower(), BADGE.replace(" ", ""), BADGE.replace(" ", ":"), "0x" + BADGE.replace(" ", ", 0x"),
        BADGE.replace(" ", "\n"), f"[{BADGE}]", "\\x" + BADGE.replace(" ", "\\x"), BADGE.replace("02", "2", 1),
    ],
)  # fmt: skip
def test_bytes_are_taken_as_people_write_them_down(written: str) -> None:
    assert decoded("rdm6300", written)[0]["value"] == "62E3086CED"
    assert decoded("rdm6300", *written.split()) == decoded("rdm6300", "-", stdin=written)


def test_a_badge_is_told_with_the_number_printed_on_it() -> None:
    (said,) = decoded("id12la", BADGE[:-2] + "0D 0A 03")
    assert (said["kind"], said["value"], said["printed"]) == ("badge", "62E3086CED", "3808980205")
    assert "error" not in said


@pytest.mark.parametrize("vector", json.loads((VECTORS / "serial_rfid.json").read_text())["rdm6300"])
def test_published_badges_are_read_and_the_broken_one_is_refused(vector: dict[str, Any]) -> None:
    (said,) = decoded("rdm6300", vector["frame"])
    assert ("error" not in said, said["value"]) == (vector["valid"], vector["tag"])
    assert (said["kind"] == "badge") == vector["valid"]


XOR_BOARD = {
    "open board 1 lock 1": ("open", 1),
    "query one": ("query", 1),
    "query all": ("query", "all"),
    "reply all, 24 channels, all zero": ("status", []),
    "multi-open 2,10,18": ("multi_open", [2, 10, 18]),
    "reply open": ("open_reply", 1),
}


@pytest.mark.parametrize("vector", json.loads((VECTORS / "lock_boards.json").read_text())["xor_board"])
def test_published_frames_of_the_xor_board_are_explained(vector: dict[str, str]) -> None:
    (said,) = decoded("xor_board", vector["frame"])
    assert (said["kind"], said["value"]) == XOR_BOARD[vector["name"]]
    assert (said["hex"], said["address"]) == (vector["frame"], 1)
    assert ("forbidden" in said, "error" in said) == (said["kind"] == "multi_open", False)


KERONG_CU = {"status request": ("query", "all"), "unlock lock 1": ("open", 1)}
MODBUS_RELAY = {
    "on channel 0": ("on", 1),
    "off channel 0": ("off", 1),
    "all off": ("all_off", "all"),
    "timed pulse channel 0, 700 ms": ("open", 1),
    "read coils 8": ("query", "coils"),
    "read inputs 8": ("query", "inputs"),
}


@pytest.mark.parametrize(("device", "meanings"), [("kerong_cu", KERONG_CU), ("modbus_relay", MODBUS_RELAY)])
def test_published_frames_of_the_other_boards_are_explained(device: str, meanings: dict[str, Any]) -> None:
    frames = {each["name"]: each["frame"] for each in json.loads((VECTORS / "lock_boards.json").read_text())[device]}
    for name, meaning in meanings.items():
        (said,) = decoded(device, frames[name])
        assert ((said["kind"], said["value"]), "error" in said) == (meaning, False)
        assert ("forbidden" in said) == (said["kind"] == "on")


@pytest.mark.parametrize("vector", json.loads((VECTORS / "wiegand.json").read_text())["wiegand26"])
def test_published_wiegand_badges_are_read_from_their_bits(vector: dict[str, Any]) -> None:
    (said,) = decoded("wiegand", vector["bits"])
    assert (said["kind"], said["value"]) == ("badge", f"{vector['fc']}-{vector['cn']}")
    assert (said["facility"], said["card"], "error" in said) == (vector["fc"], vector["cn"], False)
    flipped = ("1" if vector["bits"][0] == "0" else "0") + vector["bits"][1:]
    assert "error" in decoded("wiegand", flipped)[0]


def test_a_modbus_relays_channels_count_from_one_and_the_help_says_so() -> None:
    code, out, _ = run("frame", "modbus_relay", "open", "--address", "1", "--channel", "1", "--ms", "700", "--json")
    assert (code, json.loads(out)["hex"]) == (0, "01 05 02 00 00 07 8D B0")
    shown = run("frame", "modbus_relay", "open", "--channel", "1")[1]
    assert "coil 0" in shown
    _, of_the_sheet, _ = run("frame", "modbus_relay", "open", "--channel", "0", "--ms", "700", "--json")
    assert of_the_sheet == out, "a vendor's channel 0 can mean coil 0 alone"
    assert "coil 0 is channel 1" in " ".join(run("frame", "--help")[1].replace("│", " ").split())


@pytest.mark.parametrize(
    ("frame", "kind", "value", "more"),
    [
        ("8A 01 00 11 9A", "open_all", "all", "forbidden"),
        ("9A 01 01 11 8B", "hold_on", 1, "forbidden"),
        ("9B 01 01 11 8A", "hold_off", 1, "forbidden"),
        ("8A 01 02 11 01 99", "open", 2, "ms"),
        ("8A 01 02 11 05 9D", "open", 2, "forbidden"),
        ("82 03 05 11 95", "changed", 5, "bit"),
        ("80 01 05 11 95", "status_one", 5, "bit"),
        ("80 01 02 00 80 33 30", "status", [2, 24], "s1_last"),
        ("80 02 01 00 00 00 00 00 02 33 B2", "status", [1, 50], "s1_last"),
        ("8A 01 01 11 9C", "refused", None, "error"),
        ("80 01 00 00 00 33 B3", "refused", None, "error"),
        ("8A 01", "refused", None, "error"),
        ("13", "garbage", None, "error"),
    ],
)
def test_every_frame_of_the_line_has_its_meaning(frame: str, kind: str, value: object, more: str) -> None:
    (said,) = decoded("xor_board", frame)
    assert (said["kind"], said["value"], more in said) == (kind, value, True)


def test_every_byte_of_a_capture_is_accounted_for_in_order() -> None:
    capture = "FF 8A 01 01 11 9B 80 01 00 00 00 33 B3 13 13 80 01 00 33 B2 8A"
    said = decoded("xor_board", capture)
    assert " ".join(each["hex"] for each in said) == capture
    assert [each["kind"] for each in said] == ["garbage", "open", "refused", "garbage", "query", "garbage"]


@pytest.mark.parametrize(
    ("arguments", "hex_"),
    [
        (("open", "--address", "1", "--channel", "1"), "8A 01 01 11 9B"),
        (("unlock", "--channel", "50", "--address", "32"), "8A 20 32 11 89"),
        (("PULSE", "--channel", "2", "--ms", "1000"), "8A 01 02 11 01 99"),
        (("release", "--channel", "1", "--ms", "300"), "8A 01 01 11 9B"),
        (("query",), "80 01 00 33 B2"),
        (("Query-all",), "80 01 00 33 B2"),
        (("status", "--channel", "1"), "80 01 01 33 B3"),
    ],
)
def test_a_frame_that_would_be_sent_is_printed(arguments: tuple[str, ...], hex_: str) -> None:
    code, out, _ = run("frame", "xor_board", *arguments, "--json")
    assert (code, json.loads(out)) == (0, {"hex": hex_})
    assert run("frame", "xor_board", *arguments)[1].splitlines()[0] == hex_


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("xor_board", "open"), "say which channel"),
        (("xor_board", "open", "--channel", "0"), "allowed: 1 to 50"),
        (("xor_board", "open", "--channel", "51"), "allowed: 1 to 50"),
        (("xor_board", "open", "--channel", "1", "--address", "33"), "allowed: 1 to 32"),
        (("xor_board", "open", "--channel", "1", "--ms", "2000"), "300 (the board's own) or 1000"),
        (("xor_board", "status", "--ms", "300"), "leave --ms out"),
        (("xor_board", "multi-open", "--channel", "1"), "allowed: open, status"),
        (("rdm6300", "open"), "it only speaks"),
        (("spoon", "open"), "allowed: rdm6300, id12la"),
    ],
)
def test_what_must_not_be_sent_cannot_be_made(arguments: tuple[str, ...], said: str) -> None:
    code, out, err = run("frame", *arguments)
    assert (code, out) == (2, "")
    assert said in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("rdm6300", "02 3G"), "not hexadecimal"),
        (("rdm6300", "023"), "not hexadecimal"),
        (("rdm6300", " , "), "there are no bytes"),
        (("wiegand", "0012"), "as 0 and 1"),
        (("spoon", "02"), "allowed: rdm6300"),
        (("rdm6300", "-"), "not hexadecimal"),
    ],
)
def test_what_is_not_bytes_is_a_sentence_and_exit_code_2(arguments: tuple[str, ...], said: str) -> None:
    code, out, err = run("decode", *arguments, stdin=b"\xff\xfe")
    assert (code, out) == (2, "")
    assert said in err


def test_a_capture_too_long_to_read_is_refused() -> None:
    code, _, err = run("decode", "rdm6300", "-", stdin="00 " * monitor.LONGEST_TEXT)
    assert (code, "too much" in err) == (2, True)


@pytest.mark.parametrize("device", monitor.CODECS)
def test_every_device_says_what_it_can_be_sent(device: str) -> None:
    code, out, _ = run("frame", device, "--json")
    assert (code, json.loads(out)["device"]) == (0, device)
