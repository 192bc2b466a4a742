"""The PN532 driver on a real pty, with the simulated reader and cards behind it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from hw import registry
from hw.errors import SettingsError
from hw.parts import Parts
from hw.ports import BadgeRead, CardRefused, DeviceEvent, DeviceFault, DeviceRecovered
from hw.readers.pn532 import DesfireSettings, Pn532Reader, Pn532Settings, build
from hw.release_guard import GuardLimits, ReleaseGuard
from simulator.devices import NEVER, Habit
from simulator.pty_port import PtyPort
from simulator.readers.desfire_card import DesfireCard
from simulator.readers.pn532 import BAUD, Pn532
from tests.unit.hw.test_desfire import AID, MASTER, SITE, UID

Until = Callable[..., Awaitable[None]]
NUMBER = f"3042F5:{UID.hex().upper()}"


class OnPty:
    """The simulated reader at the end of its cable, and hands that hold cards to it."""

    def __init__(self, path: Path, **cards: DesfireCard) -> None:
        self.reader = Pn532(cards)
        self.port = PtyPort(path, self._heard, BAUD)

    def hold(self, card: str, held_ms: float = 60_000) -> None:
        self.reader.hold(card, held_ms, time.monotonic() * 1000)
        self._go_on()

    def _heard(self, byte: int, at_ms: float) -> None:
        self.port.send(self.reader.heard(byte, at_ms))
        self._go_on()

    def _go_on(self) -> None:
        self.port.send(self.reader.advance(time.monotonic() * 1000))
        if (due := self.reader.due()) != NEVER:
            asyncio.get_running_loop().call_at(due / 1000 + 0.001, self._go_on)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "site.key"
    path.write_text(MASTER.hex())
    path.chmod(0o600)
    return path


@pytest.fixture
def make(
    tmp_path: Path, key_file: Path, events: list[DeviceEvent], mono_ms: Callable[[], int]
) -> Callable[[bool], Pn532Reader]:
    def made(desfire: bool) -> Pn532Reader:
        table: dict[str, object] = {"driver": "pn532", "port": str(tmp_path / "reader.tty")}
        if desfire:
            application = {"application": "3042F5", "key_number": 1, "system_id": b"NXP Abu".hex()}
            table["desfire"] = {**application, "key_file": str(key_file)}
        settings = registry.decode("readers", table)
        assert isinstance(settings, Pn532Settings)
        guard = ReleaseGuard(GuardLimits(), {}, mono_ms)
        return build("entrance", settings, Parts(events.append, guard, mono_ms, 300))

    return made


def site_card(**fields: object) -> DesfireCard:
    return DesfireCard(UID, {AID: {1: SITE.card_key(UID)}}, **fields)  # type: ignore[arg-type]


def allow(path: Path, mode: int) -> None:
    path.chmod(mode)


def run(scene: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(scene())  # type: ignore[arg-type]


def test_a_number_is_read_once_while_it_is_held(make, tmp_path: Path, events: list[DeviceEvent], until: Until) -> None:
    async def scene() -> None:
        device = OnPty(tmp_path / "reader.tty")
        device.port.plug()
        reader = make(False)
        await reader.start()
        device.hold("FB0EE20B", 600)
        device.hold("04A1B2C3D4E5F6")
        await until(lambda: len(events) == 2)
        await reader.stop()
        device.port.unplug()
        assert [(event.technology, event.number, event.stale) for event in events] == [
            ("iso14443a", "FB0EE20B", False),
            ("iso14443a", "04A1B2C3D4E5F6", False),
        ]

    run(scene)


def test_a_card_that_proves_itself_is_known_by_application_and_number(
    make, tmp_path: Path, events: list[DeviceEvent], until: Until
) -> None:
    async def scene() -> None:
        device = OnPty(tmp_path / "reader.tty", mine=site_card())
        device.port.plug()
        reader = make(True)
        await reader.start()
        device.hold("mine")
        await until(lambda: events)
        await reader.stop()
        device.port.unplug()
        assert [(event.technology, event.number, event.stale) for event in events] == [("desfire", NUMBER, False)]

    run(scene)


@pytest.mark.parametrize(
    ("card", "why"),
    [("copy", "not_authentic"), (UID.hex(), "foreign_card"), ("FB0EE20B", "foreign_card"), ("other", "foreign_card")],
)
def test_a_card_that_fails_is_refused_and_never_falls_back_to_its_number(
    make, tmp_path: Path, events: list[DeviceEvent], until: Until, card: str, why: str
) -> None:
    async def scene() -> None:
        device = OnPty(
            tmp_path / "reader.tty", copy=site_card().copied(), other=DesfireCard(UID, {b"abc": {1: MASTER}})
        )
        device.port.plug()
        reader = make(True)
        await reader.start()
        device.hold(card, 800)
        device.hold("11223344")
        await until(lambda: len(events) == 2)
        await reader.stop()
        device.port.unplug()
        assert [type(event) for event in events] == [CardRefused, CardRefused]
        assert [(event.reader, event.why) for event in events] == [("entrance", why), ("entrance", "foreign_card")]

    run(scene)


def test_a_reader_that_is_dead_is_reported_and_reads_when_it_lives_again(
    make, tmp_path: Path, events: list[DeviceEvent], until: Until
) -> None:
    async def scene() -> None:
        device = OnPty(tmp_path / "reader.tty")
        device.reader.habit = Habit.DEAD
        device.port.plug()
        reader = make(False)
        await reader.start()
        await until(lambda: events)
        device.reader.habit = Habit.FINE
        device.hold("FB0EE20B")
        await until(lambda: len(events) == 3)
        await reader.stop()
        device.port.unplug()
        assert [type(event) for event in events] == [DeviceFault, DeviceRecovered, BadgeRead]
        assert (events[0].code, "entrance does not answer" in events[0].detail) == ("silent", True)

    run(scene)


def test_a_reader_that_is_unplugged_comes_back_and_its_first_second_is_stale(
    make, tmp_path: Path, events: list[DeviceEvent], until: Until
) -> None:
    async def scene() -> None:
        device = OnPty(tmp_path / "reader.tty")
        device.port.plug()
        reader = make(False)
        await reader.start()
        device.port.unplug()
        await until(lambda: events)
        device.port.plug()
        device.hold("FB0EE20B")
        await until(lambda: len(events) == 3)
        await reader.stop()
        device.port.unplug()
        assert [type(event) for event in events] == [DeviceFault, DeviceRecovered, BadgeRead]
        assert (events[0].code, events[2].stale) == ("unplugged", True)

    run(scene)


def test_without_its_key_a_desfire_reader_reads_nothing_until_it_has_it(
    make, tmp_path: Path, key_file: Path, events: list[DeviceEvent], until: Until
) -> None:
    async def scene() -> None:
        device = OnPty(tmp_path / "reader.tty", mine=site_card())
        device.port.plug()
        allow(key_file, 0o644)
        reader = make(True)
        await reader.start()
        device.hold("mine")
        await until(lambda: events)
        allow(key_file, 0o600)
        await until(lambda: len(events) == 3)
        await reader.stop()
        device.port.unplug()
        assert [type(event) for event in events] == [DeviceFault, DeviceRecovered, BadgeRead]
        assert (events[0].code, "chmod 600" in events[0].detail) == ("permission", True)
        assert MASTER.hex() not in str(events)

    run(scene)


@pytest.mark.parametrize(
    ("desfire", "path"),
    [
        ({"application": "3042F", "key_number": 1, "key_file": "/k1"}, ("desfire", "application")),
        ({"application": "3042F5", "key_number": 0, "key_file": "/k1"}, ("desfire", "key_number")),
        ({"application": "3042F5", "key_number": 14, "key_file": "/k1"}, ("desfire", "key_number")),
        ({"application": "3042F5", "key_number": 1, "key_file": "k1"}, ("desfire", "key_file")),
        ({"application": "3042F5", "key_number": 1, "key_file": "/k1", "system_id": "4E5"}, ("desfire", "system_id")),
        ({"application": "3042F5", "key_number": 1, "key_file": "/k1", "key": "00"}, ("desfire", "key")),
        ({"application": "3042F5", "key_number": 1}, ("desfire",)),
    ],
)
def test_wrong_settings_are_refused_with_the_key_and_what_is_allowed(desfire: object, path: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError, match="allowed") as caught:
        registry.decode("readers", {"driver": "pn532", "port": "/dev/ttyAMA0", "desfire": desfire})
    assert caught.value.path == path


def test_the_longest_input_of_a_key_fits() -> None:
    settings = DesfireSettings("3042F5", 1, "/k1", "00" * 18)
    assert len(bytes.fromhex(settings.system_id) + AID + bytes(10)) == 31
