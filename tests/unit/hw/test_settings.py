"""Device settings from TOML, and the wiring of a whole bank: each error points at the key and says what is allowed."""

import subprocess
import sys
import tomllib

import pytest

from hw import registry, wiring
from hw.assembly import CoilUse, HardwareConfig
from hw.errors import SettingsError
from hw.locks.xor_board import XorBoardSettings
from hw.ports import Coil

XOR = {"driver": "xor_board", "port": "/dev/ttyUSB1", "address": 1, "channels": 24}
GPIO = {"driver": "gpio", "locks": [17, 27, 22], "doors": [5, 6, 26]}
ALL_READERS, ALL_BOARDS = (", ".join(sorted(drivers)) for drivers in (registry.READERS, registry.BOARDS))


def test_the_settings_of_every_driver_are_found() -> None:
    for section, drivers in registry._SECTIONS.items():
        for driver in drivers:
            assert registry.settings_type(section, driver).__struct_config__.tag == driver


def test_a_board_is_decoded_with_its_defaults() -> None:
    board = registry.decode("boards", XOR)
    assert isinstance(board, XorBoardSettings)
    assert (board.open_bit, board.byte_order, board.board_pulse_ms, board.answer_bytes) == (1, "s1_first", 300, 3)


@pytest.mark.parametrize(
    ("section", "table", "path", "says"),
    [
        ("readers", {"driver": "rdm6301", "port": "/dev/x"}, ("driver",), ALL_READERS),
        ("readers", {"port": "/dev/x"}, (), ALL_READERS),
        ("readers", {"driver": "rdm6300"}, (), "port"),
        ("readers", {"driver": "rdm6300", "port": "ttyUSB0"}, ("port",), "such as /dev/ttyUSB0"),
        ("readers", {"driver": "rdm6300", "port": "/dev/x", "baud": 9600}, ("baud",), "allowed: driver, port"),
        ("boards", XOR | {"address": 33}, ("address",), "allowed: 1 to 32"),
        ("boards", XOR | {"channels": 1}, ("channels",), "allowed: 2 to 50"),
        ("boards", XOR | {"channels": "24"}, ("channels",), "allowed: 2 to 50"),
        ("boards", XOR | {"open_bit": 2}, ("open_bit",), "allowed: 0, 1"),
        ("boards", XOR | {"byte_order": "first"}, ("byte_order",), "allowed: s1_first, s1_last"),
        ("boards", XOR | {"pulse_ms": 500}, ("pulse_ms",), "allowed: 300"),
        ("boards", XOR | {"pulse_ms": 50}, ("pulse_ms",), "allowed: 100 to 1000"),
        ("boards", XOR | {"pulse_ms": 300, "pulse_byte": True}, ("pulse_ms",), "allowed: 1000"),
        ("boards", XOR | {"channels": 50, "status_bytes": 3}, ("status_bytes",), "allowed: 7 to 7"),
        ("boards", GPIO | {"locks": [17, 28]}, ("locks", 1), "allowed: 2 to 27"),
        ("boards", GPIO | {"doors": [5]}, ("doors",), "one for each lock"),
        ("boards", GPIO | {"locks": [4, 17, 27]}, ("locks",), "9-13 and 16-27"),
        ("boards", [XOR], (), ALL_BOARDS),
        ("indicators", {"driver": "gpio"}, (), "green, red, amber, buzzer"),
        ("indicators", {"driver": "gpio", "green": 30}, ("green",), "allowed: 2 to 27"),
    ],
)
def test_a_wrong_setting_is_pointed_at(
    section: registry.Section, table: object, path: tuple[str | int, ...], says: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        registry.decode(section, table)
    assert caught.value.path == path
    assert says in caught.value.message


def bank(text: str) -> HardwareConfig:
    tables = tomllib.loads(text)
    uses = [
        CoilUse(Coil(each["board"], each["channel"]), each["board"], ("lockers", index, "channels"))
        for index, each in enumerate(tables.get("lockers", []))
    ]
    return HardwareConfig(
        readers={name: registry.decode("readers", table) for name, table in tables.get("readers", {}).items()},
        boards={name: registry.decode("boards", table) for name, table in tables.get("boards", {}).items()},
        indicators={name: registry.decode("indicators", table) for name, table in tables.get("indicators", {}).items()},
        coils=tuple(uses),
        pulse_ms=tables.get("releases", {}).get("pulse_ms"),
    )


GOOD = """
releases = {pulse_ms = 300}
indicators.main = {driver = "gpio", green = 13, red = 16, amber = 19, buzzer = 20}
readers.entrance = {driver = "rdm6300", port = "/dev/ttyUSB0"}
boards.a = {driver = "xor_board", port = "/dev/ttyUSB1", address = 1, channels = 24}
boards.b = {driver = "xor_board", port = "/dev/ttyUSB1", address = 2, channels = 24}
boards.direct = {driver = "gpio", locks = [17, 27], doors = [5, 6]}
lockers = [{board = "a", channel = 1}, {board = "b", channel = 1}, {board = "direct", channel = 2}]
"""


def test_a_bank_wired_well_has_no_problems() -> None:
    assert wiring.check(bank(GOOD)) == []


@pytest.mark.parametrize(
    ("good", "bad", "path", "says"),
    [
        ("red = 16", "red = 17", ("indicators", "main", "red"), "boards.direct.locks[0]"),
        ("doors = [5, 6]", "doors = [5, 5]", ("boards", "direct", "doors", 1), "boards.direct.doors[0]"),
        ("address = 2", "address = 1", ("boards", "b", "address"), "boards.a"),
        ('"/dev/ttyUSB0"', '"/dev/ttyUSB1"', ("readers", "entrance", "port"), "boards.a.port"),
        ('"direct", channel = 2', '"direct", channel = 3', ("lockers", 2, "channels"), "allowed: 1 to 2"),
        ('"direct", channel = 2', '"c", channel = 1', ("lockers", 2, "channels"), "allowed: a, b, direct"),
        ('"b", channel = 1', '"a", channel = 1', ("lockers", 1, "channels"), "lockers[0].channels"),
        ("pulse_ms = 300", "pulse_ms = 500", ("releases", "pulse_ms"), "allowed: 300"),
    ],
)
def test_a_contradiction_in_the_wiring_is_pointed_at(
    good: str, bad: str, path: tuple[str | int, ...], says: str
) -> None:
    assert good in GOOD
    problems = wiring.check(bank(GOOD.replace(good, bad, 1)))
    assert path in [problem.path for problem in problems]
    assert any(says in problem.message for problem in problems)


def test_a_bank_without_devices_of_a_kind_does_not_load_their_library() -> None:
    program = (
        "import sys, hw.assembly, hw.wiring, hw.registry as r;"
        "r.decode('boards', {'driver': 'gpio', 'locks': [17]});"
        "r.decode('readers', {'driver': 'rdm6300', 'port': '/dev/x'});"
        "print([m for m in ('gpiozero', 'serial', 'lgpio') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.strip() == "[]"
