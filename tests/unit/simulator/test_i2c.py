"""A simulated MCP23017 behaves as its data sheet says."""

import errno

import pytest

from simulator.i2c import GPIO, GPPU, IODIR, OLAT, ChipHabit, I2cBus, Mcp23017


def chip() -> Mcp23017:
    made = Mcp23017(0x20)
    made.fit(0, "down")
    return made


def test_every_pin_is_an_input_after_power_on() -> None:
    assert chip().read(IODIR, 2) == b"\xff\xff"
    assert chip().read(OLAT, 2) == b"\x00\x00"


def test_an_output_takes_its_latch_and_keeps_it_whatever_becomes_of_the_host() -> None:
    made = chip()
    made.write(OLAT, b"\x01\x00", 1)
    assert not made.level(0)
    made.write(IODIR, b"\xfe\xff", 2)
    assert made.level(0)
    assert [(each.level, each.at_ns) for each in made.transitions if each.line == 0] == [(True, 2)]


def test_writing_the_port_writes_the_latch() -> None:
    made = chip()
    made.write(GPIO, b"\x81\x02", 0)
    assert made.read(OLAT, 2) == b"\x81\x02"


def test_reset_lets_go_of_every_pin_and_nobody_answers_while_it_is_low() -> None:
    made = chip()
    bus = I2cBus([made])
    made.write(OLAT, b"\x01\x00", 0)
    made.write(IODIR, b"\xfe\xff", 0)
    made.reset(True, 5)
    assert not made.level(0)
    assert bus.transfer(["read", "32", "0", "1"], 6) == f"error {errno.EREMOTEIO}"
    made.reset(False, 7)
    assert bus.transfer(["read", "32", "0", "2"], 8) == "ffff"


def test_a_closed_contact_is_low_and_an_open_one_high_by_the_chips_pull_up() -> None:
    made = chip()
    made.write(GPPU, b"\x00\x01", 0)
    made.wire(8, False, 1)
    assert made.read(GPIO, 2)[1] & 1 == 0
    made.wire(8, None, 2)
    assert made.read(GPIO, 2)[1] & 1 == 1


def test_two_chips_at_one_address_both_act() -> None:
    one, two = Mcp23017(0x20), Mcp23017(0x20)
    bus = I2cBus([one, two])
    assert bus.transfer(["write", "32", str(IODIR), "feff"], 0) == "ok"
    assert bus.transfer(["write", "32", str(OLAT), "0100"], 0) == "ok"
    assert (one.level(0), two.level(0)) == (True, True)


@pytest.mark.parametrize(("habit", "number"), [(ChipHabit.ABSENT, errno.EREMOTEIO), (ChipHabit.HANGS, errno.ETIMEDOUT)])
def test_a_chip_that_is_not_there_and_one_that_hangs_are_errors_of_the_bus(habit: ChipHabit, number: int) -> None:
    made = chip()
    made.habit = habit
    assert I2cBus([made, Mcp23017(0x21)]).transfer(["read", "32", "0", "1"], 0) == f"error {number}"
