"""Boards, inputs and lights on pins: what is refused before anything is energised, and what the refusal says."""

import tomllib

import pytest

from hw import registry, wiring
from hw.assembly import CoilUse, HardwareConfig
from hw.errors import SettingsError
from hw.ports import Coil

GPIO = {"driver": "gpio", "locks": [17, 27], "doors": [5, 6]}
CHIP = {"driver": "mcp23017", "address": 0x20, "locks": ["A0", "A1"], "doors": ["B0", "B1"], "hardware_timer": True}


@pytest.mark.parametrize(
    ("section", "table", "path", "says"),
    [
        ("boards", GPIO | {"locks": [4, 17]}, ("locks",), "pin 4 is not low while the Pi boots"),
        ("boards", GPIO | {"locks": [14, 17]}, ("locks",), "9-13 and 16-27"),
        ("boards", GPIO | {"active_high": False}, ("locks",), "pin 17, 27 is not high while the Pi boots"),
        ("boards", GPIO | {"active_high": False}, ("locks",), "allowed with active_high = false: 2-8"),
        ("boards", GPIO | {"active_high": False}, ("locks",), "off_resistors = true"),
        ("boards", GPIO | {"off_resistors": True, "locks": [2, 17]}, ("locks",), "true: 4-13 and 16-27"),
        (
            "boards",
            GPIO | {"active_high": False, "off_resistors": True, "locks": [15, 17]},
            ("locks",),
            "2-13 and 16-27",
        ),
        ("boards", GPIO | {"latches": [20]}, ("latches",), "1 pins for 2 locks; allowed: one for each lock, or none"),
        ("boards", GPIO | {"lights": [20, 21, 22]}, ("lights",), "one for each lock, or none"),
        ("boards", GPIO | {"doors": [2, 5], "doors_open_level": "low"}, ("doors",), "allowed: 4 to 27"),
        ("boards", GPIO | {"latches_open_level": "down"}, ("latches_open_level",), "allowed: high, low"),
        ("boards", CHIP | {"address": 0x28}, ("address",), "0x20 to 0x27"),
        ("boards", CHIP | {"locks": ["A0", "C1"]}, ("locks", 1), "A0 to A7 or B0 to B7"),
        ("boards", CHIP | {"locks": ["A0", 1]}, ("locks", 1), "A0 to A7 or B0 to B7"),
        ("boards", CHIP | {"bus": "i2c-1"}, ("bus",), "such as /dev/i2c-1"),
        ("boards", CHIP | {"hardware_timer": False}, (), "hardware_timer = true"),
        ("boards", CHIP | {"hardware_timer": False}, (), "reset_line"),
        ("boards", CHIP | {"reset_line": 4}, ("reset_line",), "9-13 and 16-27"),
        ("boards", CHIP | {"doors": ["B0", "A1"]}, ("doors",), "A1 is used twice"),
        ("boards", CHIP | {"lights": ["B2", "B2"]}, ("lights",), "B2 is used twice"),
        ("boards", CHIP | {"doors": ["B0", "B7"]}, ("doors",), "A0 to A6 and B0 to B6"),
        ("boards", CHIP | {"latches": ["A7", "B2"]}, ("latches",), "A7 disturbs the bus"),
        ("boards", CHIP | {"doors": ["B0"]}, ("doors",), "one for each lock"),
        ("inputs", {"driver": "gpio", "pin": 5}, (), "the key kind is missing; allowed: driver, pin, kind"),
        ("inputs", {"driver": "gpio", "pin": 5, "kind": "flood"}, ("kind",), "allowed: mains, tamper"),
        ("inputs", {"driver": "gpio", "pin": 1, "kind": "tamper"}, ("pin",), "allowed: 2 to 27"),
        ("inputs", {"driver": "gpio", "pin": 2, "kind": "mains", "active_level": "low"}, ("pin",), "4 to 27"),
        ("inputs", {"driver": "undervoltage", "alarm": "alarm"}, ("alarm",), "a file that holds 0 or 1"),
        ("inputs", {"driver": "battery"}, ("driver",), "allowed: gpio, undervoltage"),
    ],
)
def test_a_wrong_setting_is_pointed_at_with_what_is_allowed(
    section: registry.Section, table: object, path: tuple[str | int, ...], says: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        registry.decode(section, table)
    assert caught.value.path == path
    assert says in caught.value.message


@pytest.mark.parametrize(
    "table",
    [
        GPIO | {"latches": [7, 8], "lights": [20, 21]},
        GPIO | {"locks": [4, 5], "doors": [], "active_high": False},
        GPIO | {"active_high": False, "off_resistors": True},
        GPIO | {"locks": [4, 17], "off_resistors": True},
        CHIP | {"hardware_timer": False, "reset_line": 24},
        CHIP | {"locks": ["A7", "B7"], "latches": ["A0", "A1"], "lights": ["A2", "A3"]},
    ],
)
def test_what_is_sound_is_taken(table: object) -> None:
    assert registry.decode("boards", table).wiring().channels == 2


GOOD = """
indicators.main = {driver = "gpio", green = 13, red = 16}
readers.entrance = {driver = "rdm6300", port = "/dev/serial0"}
inputs.case = {driver = "gpio", pin = 26, kind = "tamper"}
inputs.grid = {driver = "gpio", pin = 12, kind = "mains"}
inputs.supply = {driver = "undervoltage"}
boards.direct = {driver = "gpio", locks = [17, 27], doors = [5, 6], latches = [7, 8], lights = [22, 23]}
boards.one = {driver = "mcp23017", address = 0x20, locks = ["A0"], doors = ["B0"], reset_line = 24}
boards.two = {driver = "mcp23017", address = 0x21, locks = ["A0"], doors = ["B0"], hardware_timer = true}
"""


def problems(text: str) -> list[wiring.Problem]:
    tables = tomllib.loads(text)

    def decoded(section: registry.Section) -> dict[str, object]:
        return {name: registry.decode(section, table) for name, table in tables.get(section, {}).items()}

    return wiring.check(
        HardwareConfig(
            decoded("readers"),  # type: ignore[arg-type]
            decoded("boards"),  # type: ignore[arg-type]
            decoded("indicators"),  # type: ignore[arg-type]
            decoded("inputs"),  # type: ignore[arg-type]
            coils=(CoilUse(Coil("one", 1), "a", ("lockers", 0, "channels")),),
        )
    )


def test_a_bank_wired_well_has_no_problems() -> None:
    assert problems(GOOD) == []


@pytest.mark.parametrize(
    ("good", "bad", "path", "says"),
    [
        ("pin = 26", "pin = 17", ("inputs", "case", "pin"), "boards.direct.locks[0]"),
        ("pin = 26", "pin = 12", ("inputs", "grid", "pin"), "inputs.case.pin"),
        ("lights = [22, 23]", "lights = [22, 16]", ("indicators", "main", "red"), "boards.direct.lights[1]"),
        ("latches = [7, 8]", "latches = [7, 5]", ("boards", "direct", "latches", 1), "boards.direct.doors[0]"),
        ("reset_line = 24", "reset_line = 27", ("boards", "one", "reset_line"), "boards.direct.locks[1]"),
        ("address = 0x21", "address = 0x20", ("boards", "two", "address"), "boards.one on /dev/i2c-1 has address 0x20"),
        ("doors = [5, 6]", "doors = [2, 6]", ("boards", "direct", "doors", 0), "boards.one.bus"),
        ("pin = 26", "pin = 15", ("inputs", "case", "pin"), "readers.entrance.port"),
        ('"/dev/serial0"', '"/dev/i2c-1"', ("readers", "entrance", "port"), "boards.one.bus"),
    ],
)
def test_a_contradiction_in_the_wiring_is_pointed_at(
    good: str, bad: str, path: tuple[str | int, ...], says: str
) -> None:
    assert good in GOOD
    found = problems(GOOD.replace(good, bad, 1))
    assert [problem.path for problem in found] == [path]
    assert says in found[0].message


def test_the_same_address_on_another_bus_is_another_chip() -> None:
    other = GOOD.replace("address = 0x21", 'address = 0x20, bus = "/dev/i2c-3"', 1)
    assert problems(other) == []
