"""Settings of the boards on serial lines, and what may share a port."""

import pytest

from hw import registry, wiring
from hw.assembly import HardwareConfig
from hw.errors import SettingsError
from hw.locks.kerong_cu import KerongCuSettings
from hw.locks.modbus_relay import ModbusRelaySettings, build
from hw.parts import Parts
from hw.release_guard import GuardLimits, ReleaseGuard

XOR = {"driver": "xor_board", "port": "/dev/ttyUSB1", "address": 1, "channels": 24}
KERONG = {"driver": "kerong_cu", "port": "/dev/ttyUSB1", "address": 0}
MODBUS = {"driver": "modbus_relay", "port": "/dev/ttyUSB1", "address": 1}


def test_boards_are_decoded_with_their_defaults() -> None:
    kerong = registry.decode("boards", KERONG)
    assert isinstance(kerong, KerongCuSettings)
    assert (kerong.locks, kerong.baud, kerong.pulse_ms, kerong.infrared) == (16, 19_200, 500, "none")
    modbus = registry.decode("boards", MODBUS)
    assert isinstance(modbus, ModbusRelaySettings)
    assert (modbus.channels, modbus.baud, modbus.open_bit, modbus.doors) == (8, 9600, 0, [])


@pytest.mark.parametrize(
    ("table", "path", "says"),
    [
        (KERONG | {"model": "cu24"}, ("model",), "allowed: cu12, cu16, cu48"),
        (KERONG | {"channels": 17}, ("channels",), "allowed: 1 to 16"),
        (KERONG | {"model": "cu12", "channels": 16}, ("channels",), "allowed: 1 to 12"),
        (KERONG | {"channels": 0}, ("channels",), "allowed: 1 to 48"),
        (KERONG | {"address": 15}, ("address",), "allowed: 0 to 14"),
        (KERONG | {"model": "cu48", "address": 32}, ("address",), "allowed: 0 to 31"),
        (KERONG | {"model": "cu48", "infrared": "door"}, ("infrared",), "allowed: none"),
        (KERONG | {"baud": 4800}, ("baud",), "19200"),
        (KERONG | {"pulse_ms": 1500}, ("pulse_ms",), "allowed: 100 to 1000"),
        (MODBUS | {"address": 0}, ("address",), "allowed: 1 to 247"),
        (MODBUS | {"channels": 33}, ("channels",), "allowed: 1 to 32"),
        (MODBUS | {"doors": [1, 2]}, ("doors",), "one for each, or none"),
        (MODBUS | {"channels": 2, "doors": [1, 33]}, ("doors", 1), "allowed: 1 to 32"),
        (MODBUS | {"channels": 2, "doors": [1, 1]}, ("doors",), "each input once"),
        (MODBUS | {"channels": 2, "doors": [1, 2], "latches": [2, 3]}, ("doors",), "latches included"),
        (MODBUS | {"channels": 2, "latches": [1, 2]}, ("latches",), "without doors"),
        (MODBUS | {"pulse_ms": 350}, ("pulse_ms",), "allowed: 100, 200"),
        (MODBUS | {"pulse_ms": 1100}, ("pulse_ms",), "allowed: 100 to 1000"),
    ],
)
def test_a_wrong_setting_is_pointed_at(table: object, path: tuple[str | int, ...], says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        registry.decode("boards", table)
    assert caught.value.path == path
    assert says in caught.value.message


def problems(*tables: dict[str, object], pulse_ms: int | None = None) -> list[wiring.Problem]:
    boards = {name: registry.decode("boards", table) for name, table in zip("abcd", tables, strict=False)}
    return wiring.check(HardwareConfig(boards=boards, pulse_ms=pulse_ms))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (XOR, KERONG),
        (XOR, MODBUS | {"address": 2}),
        (KERONG, MODBUS),
        (KERONG, KERONG | {"model": "cu48", "address": 1}),
        (KERONG, KERONG | {"address": 1, "baud": 9600}),
        (MODBUS, MODBUS | {"address": 2, "baud": 19_200}),
    ],
)
def test_boards_that_do_not_speak_the_same_cannot_share_a_port(
    first: dict[str, object], second: dict[str, object]
) -> None:
    found = problems(first, second)
    assert ("boards", "b", "port") in [problem.path for problem in found]
    assert problems(first, second | {"port": "/dev/ttyUSB2"}) == []


@pytest.mark.parametrize("table", [KERONG, MODBUS, KERONG | {"model": "cu48"}])
def test_boards_of_one_kind_share_a_port_at_addresses_of_their_own(table: dict[str, object]) -> None:
    assert problems(table, table | {"address": 9}) == []
    (problem,) = problems(table, table)
    assert problem.path == ("boards", "b", "address")
    assert "fire together" in problem.message


def test_a_pulse_that_a_board_is_not_set_to_is_refused() -> None:
    (problem,) = problems(KERONG, pulse_ms=300)
    assert problem.path == ("releases", "pulse_ms")
    assert "allowed: 500" in problem.message
    assert problems(KERONG | {"pulse_ms": 300}, MODBUS | {"port": "/dev/ttyUSB2"}, pulse_ms=300) == []


@pytest.mark.parametrize(("bank_ms", "own_ms", "pulse_ms"), [(300, None, 300), (260, None, 300), (300, 700, 700)])
def test_a_relays_pulse_is_the_banks_in_whole_steps_unless_it_has_its_own(
    bank_ms: int, own_ms: int | None, pulse_ms: int
) -> None:
    settings = registry.decode("boards", MODBUS if own_ms is None else MODBUS | {"pulse_ms": own_ms})
    assert isinstance(settings, ModbusRelaySettings)
    guard = ReleaseGuard(GuardLimits(), {}, lambda: 0)
    assert build("a", settings, Parts(lambda _event: None, guard, lambda: 0, bank_ms)).pulse_ms == pulse_ms
