"""What only an OSDP reader has: a key of its own, a queue, a light and a buzzer."""

import asyncio
import gc
import secrets
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hw import osdp_line, registry
from hw.assembly import HardwareConfig, build
from hw.errors import HardwareError
from hw.ports import BadgeRead, CardRefused, DeviceFault, DeviceRecovered, KeyPressed, Signal
from simulator.devices import Habit
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


def in_memory(device, key, scene):
    """A line with no port between the driver and the simulated reader: as many orders and badges as one likes."""

    class Peer:
        name, address = "entrance", device.address
        events = []  # noqa: RUF012

        def key(self):
            return key

        def reported(self, event):
            self.events.append(event)

        def secured(self):
            pass

        def unreachable(self, code, detail):
            raise AssertionError((code, detail))

    class Memory:
        def write(self, data):
            answer = b"".join(device.heard(byte, time.monotonic() * 1000) for byte in data)
            asyncio.get_running_loop().call_soon(line._received, answer)

    line = osdp_line.OsdpLine("/dev/null", 9600, lambda: time.monotonic_ns() // 1_000_000)
    line._line = Memory()
    peer = Peer()
    line.join(peer)

    async def spin(holds):
        deadline = time.monotonic() + 10
        while not holds():
            assert time.monotonic() < deadline
            line._refresh()
            await asyncio.sleep(0)

    async def play():
        line._open_panel()
        await spin(lambda: line._links[0].is_secured)
        await scene(line, peer, spin)

    asyncio.run(play())


def test_hundreds_of_orders_cost_the_simulated_reader_no_reference():
    key = secrets.token_bytes(16)
    device = OsdpReader(3, key)
    beep = {"command": 3, "reader": 0, "control_code": 2, "on_count": 1, "off_count": 0, "rep_count": 1}

    async def scene(line, _peer, spin):
        async def order(times):
            until = device.beeps + times
            while device.beeps < until:
                line.command(3, [beep])
                await spin(lambda beeps=device.beeps: device.beeps > beeps)

        await order(100)
        before = sys.getrefcount(None)
        await order(300)
        assert sys.getrefcount(None) > before - 150

    in_memory(device, key, scene)


def test_the_library_is_left_with_no_badge_number():
    key = secrets.token_bytes(16)
    device = OsdpReader(3, key)
    given = []

    async def scene(line, peer, spin):
        def noted(index, event):
            given.append(event)
            return line._noted(index, event)

        line._panel.set_event_callback(noted)
        device.hold("1-5", 100, 0.0)
        await spin(lambda: peer.events)
        assert peer.events[0]["data"]
        assert given == [{}], "its binding keeps what it gave us for ever"

    in_memory(device, key, scene)


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
