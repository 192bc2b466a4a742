"""The shipped drivers run unchanged on both example banks, configured by the file the simulator writes for them."""

import asyncio
import time
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hw import registry
from hw.assembly import CoilUse, Hardware, HardwareConfig, build
from hw.ports import BadgeRead, Coil, DeviceEvent, DeviceFault, DoorSensed, LockAccepted, Signal
from simulator.bank import SimulatedBank
from simulator.scenario import LILLE, MONTREUIL, BankPlan, controller_toml

DEADLINE_S = 10.0
BOTH = pytest.mark.parametrize("plan", [MONTREUIL, LILLE], ids=lambda plan: plan.name)


class Scene:
    """A bank, its hardware as a controller would build it, and every event so far."""

    def __init__(self, bench: Any, plan: BankPlan, folder: Path) -> None:
        self.bench = bench
        self.bank: SimulatedBank = bench.world.banks[plan.name]
        self.events: list[DeviceEvent] = []
        text = controller_toml(plan, self.bank.places, data_dir=folder, broker=("127.0.0.1", 1883))
        tables = tomllib.loads(text)
        self.coils = {number: Coil(board, channel) for number, board, channel in plan.lockers()}
        uses = tuple(CoilUse(coil, coil.board, ("lockers",)) for coil in self.coils.values())
        sections = {
            section: {name: registry.decode(section, table) for name, table in tables[section].items()}
            for section in ("readers", "boards", "indicators")
        }
        config = HardwareConfig(**sections, coils=uses)
        self.hardware: Hardware = build(config, self.events.append, lambda: time.monotonic_ns() // 1_000_000)

    async def until(self, holds: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not holds():
            assert time.monotonic() < deadline, f"not seen: {what}; events: {self.events}"
            await asyncio.sleep(0.005)

    def sensed(self, number: int) -> list[bool]:
        coil = self.coils[number]
        doors = [event for event in self.events if isinstance(event, DoorSensed)]
        return [event.open for event in doors if (event.board, event.channel) == coil]


@pytest.fixture
def play(bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Play a scene on a running bank, whose bench has a thread of its own, with its drivers started."""

    @asynccontextmanager
    async def running(scene: Scene) -> AsyncIterator[None]:
        await scene.hardware.start()
        try:
            await scene.until(lambda: all(scene.sensed(n) for n in scene.coils), "every door's first state")
            yield
        finally:
            await scene.hardware.stop()

    def run(plan: BankPlan, act: Callable[[Scene], Awaitable[None]]) -> None:
        from hw import pins

        async def whole() -> None:
            scene = Scene(bench, plan, tmp_path)
            for name, value in scene.bank.places.environment().items():
                monkeypatch.setenv(name, value)
            async with running(scene):
                await act(scene)
                assert not [event for event in scene.events if isinstance(event, DeviceFault)]

        try:
            asyncio.run(whole())
        finally:
            from gpiozero import Device

            pins.drop_pin_factory(Device.pin_factory)

    return run


@BOTH
def test_start_fires_no_lock_and_sees_every_door_closed(play: Callable[..., None], plan: BankPlan) -> None:
    async def act(scene: Scene) -> None:
        assert all(scene.sensed(number) == [False] for number in scene.coils)
        assert not any(door.releases for door in scene.bank.doors.values())

    play(plan, act)


@BOTH
def test_release_fires_one_coil_for_300_ms_and_the_door_is_seen_to_open_and_close(
    play: Callable[..., None], plan: BankPlan
) -> None:
    async def act(scene: Scene) -> None:
        door = scene.bank.doors[3]
        scene.hardware.release(scene.coils[3])
        await scene.until(lambda: scene.sensed(3) == [False, True], "door 3 sensed open")
        await scene.until(lambda: door.last_pulse_ms, "the end of the pulse")
        assert door.last_pulse_ms == pytest.approx(300, abs=30)
        assert [event for event in scene.events if isinstance(event, LockAccepted)]
        scene.bench.do(lambda: scene.bank.push(3))
        await scene.until(lambda: scene.sensed(3) == [False, True, False], "door 3 sensed closed")
        assert [number for number, each in scene.bank.doors.items() if each.releases] == [3]

    play(plan, act)


@BOTH
def test_badge_held_for_half_a_second_is_read_once(play: Callable[..., None], plan: BankPlan) -> None:
    async def act(scene: Scene) -> None:
        def read() -> list[str]:
            return [event.number for event in scene.events if isinstance(event, BadgeRead)]

        scene.bench.do(lambda: scene.bank.tap("valid", 500))
        scene.bench.do(lambda: scene.bank.tap("ended", 100))
        await scene.until(lambda: len(read()) == 2, "two badges read")
        assert read() == [plan.badges[0].number, plan.badges[1].number]

    play(plan, act)


@BOTH
def test_signal_lights_the_lamp_that_the_bench_shows(play: Callable[..., None], plan: BankPlan) -> None:
    async def act(scene: Scene) -> None:
        scene.hardware.show(Signal.GRANTED)
        await scene.until(lambda: scene.bank.indicator.light == "green", "the green light")
        scene.hardware.show(Signal.REFUSED)
        await scene.until(lambda: scene.bank.indicator.light == "red", "the red light")

    play(plan, act)
