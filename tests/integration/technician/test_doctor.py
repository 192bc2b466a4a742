"""`doctor` on simulated banks: every fault has its line and its mend, what is sound passes, and no coil moves."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import time_machine

from controller.bootstrap import sole_use
from controller.config import load
from controller.control_socket import follow
from controller.technician.doctor.command import examine
from controller.technician.doctor.findings import Finding
from hw.frames.monitor import compose
from simulator.devices import Habit
from simulator.physics import Sensor
from simulator.plans.kerong_cu import KerongPlan
from simulator.plans.modbus_relay import ModbusPlan
from simulator.plans.osdp import OsdpPlan
from simulator.plans.pn532 import Pn532Plan
from simulator.scenario import LILLE, XorPlan
from tests.integration.deploy.certificates import Authority
from tests.integration.technician.conftest import Site

LINE = "addresses on {}"


def levels(found: dict[str, Any]) -> dict[str, str]:
    return {what: finding.level for what, finding in found.items()}


@contextmanager
def tapping(tap: Callable[[], None]) -> Iterator[None]:
    """Somebody who holds a badge to the reader again and again."""
    enough = Event()

    def go_on() -> None:
        while not enough.wait(0.6):
            tap()

    thread = Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


def test_a_sound_bank_passes_but_for_its_broker(make_site: Callable[..., Site]) -> None:
    site = make_site(a=XorPlan(channels=8))
    found = levels(site.examine())
    line = LINE.format(site.places.boards)
    expected = {"board a (xor_board)", "address 1 (board a)", line, "polarity of board a", "journal", "clock"}
    assert {found[what] for what in expected} == {"pass"}
    assert found["reader entrance (rdm6300)"] == "warn", "it has read nothing yet"
    assert [what for what, level in found.items() if level == "fail"] == ["root key", "broker 127.0.0.1:1"]
    assert not list((site.file.parent / "data").iterdir()), "looking leaves nothing behind"


def test_silent_board_wrong_polarity_and_missing_reader_each_have_their_line(make_site: Callable[..., Site]) -> None:
    site = make_site(
        a=XorPlan(channels=8), b=XorPlan(channels=8, address=2), c=XorPlan(channels=8, address=3, open_bit=0)
    )
    site.rewrite("open_bit = 0", "open_bit = 1")
    site.bench.do(lambda: setattr(site.bench.bank.boards["a"].device, "habit", Habit.DEAD))
    site.bench.do(site.bench.bank.reader_port.unplug)
    found = site.examine()
    assert found["board a (xor_board)"].text.startswith("silent:")
    assert found["address 1 (board a)"].text == "nobody answers"
    assert "polarity of board a" not in found, "of a silent board nothing is known"
    assert found["reader entrance (rdm6300)"].text.startswith("missing:")
    assert found["polarity of board c"].text == "8 of 8 doors read open"
    fine = {"board b (xor_board)", "board c (xor_board)", "address 2 (board b)", "polarity of board b"}
    assert {found[what].level for what in fine} == {"pass"}


def test_two_boards_at_one_address_and_one_that_nobody_wrote_down_are_found(make_site: Callable[..., Site]) -> None:
    site = make_site(a=XorPlan(channels=8), b=XorPlan(channels=8, address=2), c=XorPlan(channels=8, address=3))
    boards = site.bench.bank.boards
    site.bench.do(lambda: setattr(boards["b"].device, "address", 3))
    site.bench.do(lambda: setattr(boards["a"].device, "address", 5))
    site.bench.do(lambda: site.bench.bank.force(13))  # their states differ, so their answers garble each other
    found = site.examine()
    assert (found["address 3 (board c)"].level, "broken" in found["address 3 (board c)"].text) == ("fail", True)
    assert found["address 1 (board a)"].text == "nobody answers; something answers at 5: set the switches right"
    other = found[LINE.format(site.places.boards)]
    assert (other.level, "something answers at 5" in other.text) == ("warn", True)


def test_every_kind_of_serial_board_and_every_reader_that_answers_is_found_well(make_site: Callable[..., Site]) -> None:
    site = make_site(
        {"near": Pn532Plan(), "far": OsdpPlan()},
        k=KerongPlan(channels=16), big=KerongPlan(channels=48, address=3, line="kerong48"),
        m=ModbusPlan(latches=True), n=ModbusPlan(address=2),
    )  # fmt: skip
    found = site.examine()
    wanted = ["reader near (pn532)", "reader far (osdp)"]
    wanted += [f"board {name} (kerong_cu)" for name in ("k", "big")]
    wanted += [f"board {name} (modbus_relay)" for name in ("m", "n")]
    wanted += [f"address {address} (board {name})" for address, name in ((0, "k"), (3, "big"), (1, "m"), (2, "n"))]
    wanted += [f"polarity of board {name}" for name in ("k", "big", "m", "n")]
    assert {what: found[what].text for what in wanted if found[what].level != "pass"} == {}
    lines = {LINE.format(site.places.line(name)) for name in ("kerong", "kerong48", "modbus")}
    assert {found[line].text for line in lines} == {"nobody else answers"}


def test_a_relay_that_stays_on_and_readers_without_power_are_told(make_site: Callable[..., Site]) -> None:
    site = make_site({"near": Pn532Plan(), "far": OsdpPlan()}, m=ModbusPlan(latches=True))
    bank = site.bench.bank
    relay = bank.boards["m"].device
    for byte in compose("modbus_relay", "open", 1, 3, 300):
        site.bench.do(lambda byte=byte: (relay.stuck.add(3), relay.byte(byte, bank.now())))
    for reader in bank.readers.values():
        site.bench.do(lambda reader=reader: setattr(reader.device, "habit", Habit.DEAD))
    found = site.examine(listen_s=2.6)  # an OSDP reader has two seconds to prove its key
    assert found["board m (modbus_relay)"].text.startswith("stays_on: channel 3 stays on")
    assert "cut the supply of the locks now" in found["board m (modbus_relay)"].mend
    assert found["reader near (pn532)"].text.startswith("silent")
    assert found["reader far (osdp)"].level == "fail"


def test_a_badge_held_while_the_doctor_listens_shows_that_the_reader_is_there(make_site: Callable[..., Site]) -> None:
    site = make_site(a=XorPlan(channels=8))
    with tapping(lambda: site.bench.tap("valid")):
        reader = site.examine(listen_s=2)["reader entrance (rdm6300)"]
    assert (reader.level, reader.text) == ("pass", "it read a badge just now")


def test_an_unsure_clock_a_full_disk_and_an_expired_certificate_are_told(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    site = make_site(a=XorPlan(channels=8))
    authority = Authority(tmp_path)
    certificate, key = authority.issue("site-1")
    site.rewrite('"trusted"', '"unsynchronised"')
    tls = f'[broker.tls]\nca = "{authority.ca}"\ncertificate = "{certificate}"\nkey = "{key}"'
    site.rewrite("[readers.entrance]", f"{tls}\n[readers.entrance]")

    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with time_machine.travel(timedelta(days=2), tick=True):
        found = site.examine()
    assert (found["clock"].level, "NTP does not hold it" in found["clock"].text) == ("warn", True)
    assert "No space left" in found[f"directory {tmp_path / 'data'}"].text
    assert found["certificate"].text.startswith("expired on")
    assert found["certificate"].level == "fail"


def test_devices_that_another_controller_holds_are_not_touched(make_site: Callable[..., Site]) -> None:
    site = make_site(a=XorPlan(channels=8))
    with sole_use(site.file.parent / "data"):
        found = site.examine()
    assert (found["devices"].level, "another controller" in found["devices"].text) == ("fail", True)
    assert "board a (xor_board)" not in found


def test_locks_on_pins_are_looked_at_without_a_pulse(tmp_path: Path) -> None:
    site = Site(tmp_path, LILLE)
    try:
        command = [sys.executable, "-m", "controller", "doctor", "--config", str(site.file), "--json"]
        environment = {**os.environ, **site.places.environment()}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
        answer = json.loads(done.stdout)
        found = {check["what"]: check["level"] for check in answer["checks"]}
        assert (done.returncode, answer["ok"]) == (1, False), "there is no broker"
        assert found["board direct (gpio)"] == found["polarity of board direct"] == "pass"
        assert found["indicator main (gpio)"] == "pass"
        assert not any(site.releases())
    finally:
        site.bench.close()


def test_a_running_controller_is_asked_and_its_faults_are_told(world: Any) -> None:
    world.join(world.gateway.grant("valid", 3))

    def doctor(*arguments: str) -> tuple[int, dict[str, dict[str, str]]]:
        command = [sys.executable, "-m", "controller", "doctor", "--config", str(world.config), "--json", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, {check["what"]: check for check in json.loads(done.stdout)["checks"]}

    code, found = doctor()
    assert (code, {check["level"] for check in found.values()}) == (0, {"pass", "warn"})
    assert found["controller"]["text"] == "it runs"
    assert found[f"broker 127.0.0.1:{world.broker.port}"]["text"] == "the controller is connected"
    session = world.status()["session"]

    with tapping(lambda: world.bench.tap("stranger")):
        _, found = doctor("--listen", "3")
    assert found["reader entrance (rdm6300)"]["text"] == "it read a badge just now"
    bank = world.bench.bank
    world.bench.do(lambda: setattr(bank.boards["a"].device, "habit", Habit.DEAD))
    world.gateway.stored("board_fault")
    code, found = doctor()
    assert (code, found["board a (xor_board)"]["level"]) == (1, "fail")
    assert found["board a (xor_board)"]["text"].startswith("silent")
    assert found["reader entrance (rdm6300)"]["level"] == "pass", "it has read a badge"
    assert world.status()["session"] == session, "the doctor has not taken the controller's place at the broker"

    world.bench.do(bank.reader_port.unplug)
    world.gateway.stored("reader_fault")
    world.broker.kill()
    world.gateway.stop()
    assert eventually_unconnected(world)
    code, found = doctor()
    assert found["reader entrance (rdm6300)"]["level"] == "fail"
    assert "Connection refused" in found[f"broker 127.0.0.1:{world.broker.port}"]["text"]
    assert world.bench.unlocked == []


def eventually_unconnected(world: Any) -> bool:
    from tests.integration.controller.conftest import eventually

    return bool(eventually(lambda: not world.status()["connected"], 10))


def test_a_sensor_that_release_after_release_does_not_move_is_told(
    make_world: Callable[..., Any], short_looks: None
) -> None:
    world = make_world(closes_after_ms=600)  # long enough to be seen between two polls
    world.config.write_text(world.config.read_text() + "[releases]\nopen_within_ms = 1000\nretries = 1\n")
    world.join()
    door = world.bench.bank.door(1)

    def opened() -> str:
        order = {"do": "open", "locker": 1, "reason": "maintenance", "by": "test"}
        return str([answer["state"] for answer in follow(world.data, order)][-1])

    assert opened() == "opened"
    world.gateway.stored("door_closed")
    world.bench.do(lambda: setattr(door, "sensor", Sensor.STUCK_CLOSED))
    assert [opened(), opened()] == ["not_opened", "not_opened"]
    for found in (examined(world), after_the_end(world)):
        assert found["locker 1"].level == "fail"
        assert "look at the bolt first, then at the contact" in found["locker 1"].mend
        assert found["polarity of board a"].level == "pass"


def examined(world: Any) -> dict[str, Finding]:
    return {each.what: each for each in examine(load(world.config), world.config, 0, pulse=False)}


def after_the_end(world: Any) -> dict[str, Finding]:
    assert world.end() == 0
    return examined(world)
