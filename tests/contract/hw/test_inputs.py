"""Tamper, mains and undervoltage: what the bank itself notices, told once when known and then at each change."""

import asyncio
import time

import pytest

from hw import registry
from hw.assembly import HardwareConfig, build
from hw.inputs import undervoltage
from hw.ports import DeviceFault, DeviceRecovered, InputSensed
from simulator.pi import SimulatedPi
from simulator.pi_server import PiServer
from tests.contract.hw.pin_libraries import LoopThread

TAMPER, MAINS = 26, 12
CONTACTS = {
    "case": {"driver": "gpio", "pin": TAMPER, "kind": "tamper"},
    "grid": {"driver": "gpio", "pin": MAINS, "kind": "mains"},
}


def hardware(events, tables):
    config = HardwareConfig(inputs={name: registry.decode("inputs", table) for name, table in tables.items()})
    return build(config, events.append, lambda: time.monotonic_ns() // 1_000_000)


def sensed(events):
    return [(event.input, event.kind, event.active) for event in events if isinstance(event, InputSensed)]


def play(built, scene):
    async def run():
        await built.start()
        try:
            await scene()
        finally:
            await built.stop()

    asyncio.run(run())


@pytest.fixture
def pi(tmp_path, simulated_libraries, forget_pins_after):
    thread, made = LoopThread(), SimulatedPi()
    server = PiServer(made, tmp_path / "pins.sock")
    thread.run(server.start())
    made.move = lambda line, level: thread.call(made.wire, line, level, time.monotonic_ns())
    made.server, made.thread = server, thread
    yield made
    thread.run(server.stop())
    thread.close()


def test_an_enclosure_that_is_opened_and_mains_that_fail_are_told_with_their_names(pi, until):
    for line in (TAMPER, MAINS):
        pi.wire(line, False, 0)
    events = []

    async def scene():
        await until(lambda: len(sensed(events)) == 2)
        assert sorted(sensed(events)) == [("case", "tamper", False), ("grid", "mains", False)]
        pi.move(TAMPER, None)
        await until(lambda: sensed(events)[2:] == [("case", "tamper", True)])
        pi.move(MAINS, None)
        await until(lambda: sensed(events)[3:] == [("grid", "mains", True)])
        pi.move(MAINS, False)
        await until(lambda: sensed(events)[4:] == [("grid", "mains", False)])

    play(hardware(events, CONTACTS), scene)


def test_a_cut_wire_reads_as_tampering(pi, until):
    events = []

    async def scene():
        await until(lambda: sensed(events) == [("case", "tamper", True)])

    play(hardware(events, {"case": CONTACTS["case"]}), scene)


def test_a_contact_that_chatters_is_told_once(pi, until):
    pi.wire(TAMPER, False, 0)
    events = []

    async def scene():
        await until(lambda: sensed(events))
        for level in (None, False, None, False, None):
            pi.move(TAMPER, level)
            await asyncio.sleep(0.001)
        await until(lambda: len(sensed(events)) == 2)
        await asyncio.sleep(0.2)
        assert sensed(events) == [("case", "tamper", False), ("case", "tamper", True)]

    play(hardware(events, {"case": CONTACTS["case"]}), scene)


def test_pins_that_go_away_are_a_fault_of_the_input_and_come_back(pi, until):
    pi.wire(TAMPER, False, 0)
    events = []

    async def scene():
        await until(lambda: sensed(events))
        pi.thread.run(pi.server.stop())
        await until(lambda: [each for each in events if isinstance(each, DeviceFault)])
        fault = next(each for each in events if isinstance(each, DeviceFault))
        assert (fault.device, fault.kind) == ("case", "input")
        pi.thread.run(pi.server.start())
        await until(lambda: [each for each in events if isinstance(each, DeviceRecovered)])

    play(hardware(events, {"case": CONTACTS["case"]}), scene)


def test_the_kernels_alarm_is_followed(tmp_path, until, monkeypatch):
    monkeypatch.setattr(undervoltage, "LOOK_EVERY_S", 0.01)
    alarm = tmp_path / "in0_lcrit_alarm"
    events = []

    async def scene():
        await until(lambda: events)
        assert (events[0].kind, events[0].code) == ("input", "missing")
        alarm.write_text("0\n")
        await until(lambda: sensed(events))
        for word, active in (("1\n", True), ("0\n", False)):
            alarm.write_text(word)
            await until(lambda active=active: sensed(events)[-1] == ("supply", "undervoltage", active))
        assert len(sensed(events)) == 3
        alarm.write_text("watt\n")
        await until(lambda: isinstance(events[-1], DeviceFault))
        assert events[-1].code == "bad_reply"

    play(hardware(events, {"supply": {"driver": "undervoltage", "alarm": str(alarm)}}), scene)


def test_the_kernels_driver_is_found_by_its_name(tmp_path, until, monkeypatch):
    monkeypatch.setattr(undervoltage, "HWMON", tmp_path)
    for number, name in enumerate(("cpu_thermal", "rpi_volt")):
        (tmp_path / f"hwmon{number}").mkdir()
        (tmp_path / f"hwmon{number}" / "name").write_text(f"{name}\n")
    (tmp_path / "hwmon1" / "in0_lcrit_alarm").write_text("1\n")
    events = []

    async def scene():
        await until(lambda: sensed(events) == [("supply", "undervoltage", True)])

    play(hardware(events, {"supply": {"driver": "undervoltage"}}), scene)
