"""What only an OSDP reader has: a key of its own, a queue, a light and a buzzer, and neighbours on its line."""

import asyncio
import gc
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from hw import registry
from hw.assembly import HardwareConfig, build
from hw.errors import HardwareError
from hw.ports import BadgeRead, CardRefused, DeviceFault, DeviceRecovered, KeyPressed, Signal
from simulator.devices import Habit
from simulator.pty_port import PtyPort
from simulator.readers.osdp import OsdpReader
from tests.contract.hw.reader_rigs import READER, OsdpRig


@pytest.fixture
def osdp_rig(tmp_path: Path) -> OsdpRig:
    return OsdpRig(tmp_path)


def of(rig, kind):
    return [event for event in rig.events if isinstance(event, kind)]


def is_secured(rig):
    return all(link.is_secured for link in rig.hardware.readers[READER]._line._links)


def played(rig, scene):
    async def play():
        await rig.power()
        try:
            await scene()
        finally:
            await rig.down()

    asyncio.run(play())


def with_light(rig):
    table = {"driver": "osdp", "reader": READER}
    config = HardwareConfig(
        readers={READER: registry.decode("readers", rig.table())},
        indicators={"main": registry.decode("indicators", table)},
    )
    rig.hardware = build(config, rig.events.append, rig.now_ms)


def test_signals_are_shown_by_the_reader_itself_and_end_by_themselves(osdp_rig, until):
    with_light(osdp_rig)

    async def scene():
        reader = osdp_rig.reader
        await until(lambda: len(reader().orders) == 3)  # dark and silent, once it is there
        assert reader().light == "off"
        for signal, light, beeps in (
            (Signal.GRANTED, "green", 1), (Signal.REFUSED, "red", 3), (Signal.SEE_WORKER, "amber", 4),
        ):  # fmt: skip
            osdp_rig.hardware.show(signal)
            await until(lambda light=light, beeps=beeps: (reader().light, reader().beeps) == (light, beeps))
        lights = [order for order in reader().orders if order["command"] == 2 and order["control_code"] == 2]
        assert [order["timer_count"] for order in lights] == [30, 30, 30]
        osdp_rig.hardware.show(Signal.IDLE)
        await until(lambda: reader().light == "off")

    played(osdp_rig, scene)


def test_a_new_signal_takes_the_place_of_those_that_still_wait(osdp_rig, until):
    with_light(osdp_rig)

    async def scene():
        reader = osdp_rig.reader
        await until(lambda: len(reader().orders) == 3)
        for signal in (Signal.REFUSED, Signal.FAULT, Signal.GRANTED):
            osdp_rig.hardware.show(signal)
        await until(lambda: reader().light == "green")
        assert len(reader().orders) <= 6  # two for the last, and one at most that was on its way
        await until(lambda: reader().beeps)
        assert reader().beeps == 1

    played(osdp_rig, scene)


def test_badges_that_were_queued_before_the_start_are_stale_however_many(osdp_rig, until):
    async def scene():
        queued = [f"1-{number}" for number in range(24)]
        osdp_rig.world()
        for number in queued:
            osdp_rig._in_world(lambda number=number: osdp_rig.reader().hold(number, 100, 0.0))
        osdp_rig.press("1")
        osdp_rig.mend()
        await osdp_rig.hardware.start()
        await until(lambda: is_secured(osdp_rig))
        await until(lambda: len(of(osdp_rig, BadgeRead)) == 24, within_s=10)
        assert all(event.stale for event in of(osdp_rig, BadgeRead))
        assert of(osdp_rig, KeyPressed) == []
        osdp_rig.pass_ms(1_100)
        osdp_rig.hold(0)
        await until(lambda: len(of(osdp_rig, BadgeRead)) == 25)
        assert not of(osdp_rig, BadgeRead)[24].stale
        await osdp_rig.down()

    asyncio.run(scene())


def test_a_port_that_comes_and_goes_for_months_fills_no_memory(osdp_rig):
    import osdp

    line = osdp_rig.hardware.readers[READER]._line
    left = set()
    for _ in range(20):
        line._open_panel()
        line._close()
        gc.collect()
        left.add(len(osdp.Channel.__subclasses__()))
    assert len(left) == 1, "libosdp keeps what it was given: each panel must be given the same"


def test_a_reader_with_another_key_is_never_believed(osdp_rig, until, capfd):
    async def scene():
        osdp_rig.hold(0)
        osdp_rig.press("1")
        await until(lambda: of(osdp_rig, DeviceFault), within_s=10)
        (fault,) = of(osdp_rig, DeviceFault)
        assert (fault.code, fault.kind) == ("bad_reply", "reader")
        assert "key" in fault.detail
        assert osdp_rig.secret.hex() not in fault.detail
        assert of(osdp_rig, BadgeRead) == of(osdp_rig, KeyPressed) == []
        osdp_rig.clear()
        osdp_rig.ill(Habit.FINE)
        await until(lambda: of(osdp_rig, DeviceRecovered), within_s=10)

    async def play():
        osdp_rig.world()
        osdp_rig.ill(Habit.WRONG_KEY)
        osdp_rig.mend()
        await osdp_rig.hardware.start()
        try:
            await scene()
        finally:
            await osdp_rig.down()

    asyncio.run(play())
    assert capfd.readouterr() == ("", "")


def test_a_reader_that_goes_silent_is_a_fault_and_is_back_within_seconds(osdp_rig, until):
    async def scene():
        await until(lambda: is_secured(osdp_rig))
        osdp_rig.ill(Habit.DEAD)
        await until(lambda: of(osdp_rig, DeviceFault), within_s=10)
        fault = of(osdp_rig, DeviceFault)[0]
        assert fault.code == "silent"
        assert "address 5" in fault.detail
        osdp_rig.ill(Habit.FINE)
        await until(lambda: of(osdp_rig, DeviceRecovered), within_s=6)  # libosdp alone would wait for five minutes

    played(osdp_rig, scene)


@pytest.mark.parametrize("habit", [Habit.HALF_FRAME, Habit.OTHER_ADDRESS, Habit.WRONG_CHECKSUM])
def test_answers_that_are_none_are_a_fault_and_no_badge(osdp_rig, until, habit):
    async def scene():
        await until(lambda: is_secured(osdp_rig))
        osdp_rig.ill(habit)
        osdp_rig.hold(0)
        await until(lambda: of(osdp_rig, DeviceFault), within_s=10)
        assert of(osdp_rig, DeviceFault)[0].code in ("silent", "bad_reply")
        assert of(osdp_rig, BadgeRead) == []

    played(osdp_rig, scene)


def test_garbage_before_its_answers_does_not_matter(osdp_rig, until):
    async def scene():
        osdp_rig.ill(Habit.LEADING_GARBAGE)
        await until(lambda: is_secured(osdp_rig))
        osdp_rig.pass_ms(1_100)
        osdp_rig.hold(0)
        await until(lambda: of(osdp_rig, BadgeRead))
        assert of(osdp_rig, DeviceFault) == []

    played(osdp_rig, scene)


def test_an_adapter_that_echoes_our_own_requests_does_not_matter(osdp_rig, until):
    def echoing(byte, at_ms):
        osdp_rig._port.send(bytes((byte,)))
        osdp_rig._port.send(osdp_rig.reader().heard(byte, at_ms), after_ms=2.0)

    osdp_rig._heard = echoing

    async def scene():
        await until(lambda: is_secured(osdp_rig))
        osdp_rig.pass_ms(1_100)
        osdp_rig.hold(0)
        await until(lambda: of(osdp_rig, BadgeRead))

    played(osdp_rig, scene)


def test_a_card_of_another_format_is_refused_without_its_number(osdp_rig, until):
    async def scene():
        await until(lambda: is_secured(osdp_rig))
        osdp_rig.pass_ms(1_100)
        foreign = {"event": 1, "reader_no": 0, "direction": 0, "format": 0, "length": 32, "data": b"\x01\x02\x03\x04"}
        osdp_rig._in_world(lambda: osdp_rig.reader()._waiting.append((0.0, foreign)))
        await until(lambda: of(osdp_rig, CardRefused))
        assert of(osdp_rig, CardRefused)[0].why == "foreign_card"
        assert of(osdp_rig, BadgeRead) == []

    played(osdp_rig, scene)


@pytest.mark.parametrize(("spoil", "code"), [("absent", "missing"), ("open", "permission"), ("short", "failed")])
def test_a_key_file_that_cannot_be_used_is_a_fault_that_does_not_show_it(osdp_rig, until, spoil, code):
    spoilt(osdp_rig.key_file, spoil)

    async def scene():
        await until(lambda: of(osdp_rig, DeviceFault))
        assert [event.code for event in of(osdp_rig, DeviceFault)] == [code]
        assert osdp_rig.secret.hex() not in of(osdp_rig, DeviceFault)[0].detail

    played(osdp_rig, scene)


def spoilt(key, spoil):
    if spoil == "absent":
        key.unlink()
    elif spoil == "open":
        key.chmod(0o644)
    else:
        key.write_text("1234")


def test_a_key_file_that_is_mended_is_found_without_a_restart(osdp_rig, until):
    osdp_rig.key_file.unlink()

    async def scene():
        await until(lambda: of(osdp_rig, DeviceFault))
        osdp_rig.key_file.touch(0o600)
        osdp_rig.key_file.write_text(osdp_rig.secret.hex())
        await until(lambda: of(osdp_rig, DeviceRecovered), within_s=10)

    played(osdp_rig, scene)


def test_two_readers_share_a_line_and_one_that_is_dead_does_not_silence_the_other(tmp_path, until):
    async def scene():
        keys = {address: secrets.token_bytes(16) for address in (1, 2)}
        for address, key in keys.items():
            (tmp_path / f"{address}.key").touch(0o600)
            (tmp_path / f"{address}.key").write_text(key.hex())
        devices = [OsdpReader(address, key) for address, key in keys.items()]
        path = tmp_path / "line.tty"

        def heard(byte, at):
            for device in devices:
                port.send(device.heard(byte, at), after_ms=2.0)

        port = PtyPort(path, heard)
        port.plug()
        table = {"driver": "osdp", "port": str(path)}
        events: list[object] = []
        rig_clock = OsdpRig.__new__(OsdpRig)
        rig_clock.passed_ms = 0
        readers = {
            name: registry.decode("readers", {**table, "address": at, "key_file": str(tmp_path / f"{at}.key")})
            for name, at in (("street", 1), ("yard", 2))
        }
        hardware = build(HardwareConfig(readers=readers), events.append, rig_clock.now_ms)
        await hardware.start()
        line = hardware.readers["street"]._line
        await until(lambda: all(link.is_secured for link in line._links))
        rig_clock.passed_ms += 1_100
        for device in devices:
            device.hold("7-7", 100, 0.0)  # the same badge at both: each has presentations of its own
        await until(lambda: len(events) == 2)
        assert {event.reader for event in events} == {"street", "yard"}
        devices[0].habit = Habit.DEAD
        await until(lambda: any(isinstance(event, DeviceFault) for event in events), within_s=10)
        assert [event.device for event in events if isinstance(event, DeviceFault)] == ["street"]
        devices[1].hold("8-8", 100, 0.0)
        await until(lambda: [event.number for event in events if isinstance(event, BadgeRead)][-1] == "8-8")
        await hardware.stop()
        port.unplug()

    asyncio.run(scene())


def test_a_light_without_its_reader_cannot_be_built(tmp_path):
    config = HardwareConfig(indicators={"main": registry.decode("indicators", {"driver": "osdp", "reader": "nobody"})})
    with pytest.raises(HardwareError, match="no OSDP reader 'nobody'"):
        build(config, lambda event: None, lambda: 0)


def test_the_library_is_loaded_only_where_such_a_reader_is_used():
    program = (
        "import sys; from hw import registry, assembly, wiring, osdp_indicator; import hw.readers.osdp;"
        "registry.decode('readers', {'driver': 'osdp', 'port': '/dev/x', 'key_file': '/k'});"
        "assert not {'osdp', 'osdp_sys', 'evdev', 'gpiozero', 'serial'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
