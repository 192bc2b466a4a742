"""One simulated bank, whole: its doors, its boards and readers, its Pi on a socket, all on one event loop."""

import asyncio
import time
from collections.abc import Callable, Iterator

from simulator.devices import NEVER, Keypad, Unlock
from simulator.errors import NotAvailableError, NotPossibleError, UnknownNameError
from simulator.fittings import BoardFitting, Circuit, Fitting, ReaderFitting
from simulator.indicator import Indicator
from simulator.machine import Machine
from simulator.physics import Door
from simulator.places import Places
from simulator.plans.badge import BadgePlan
from simulator.pty_port import PtyPort
from simulator.scenario import BankPlan

Channel = tuple[str, int]


def _nobody() -> None:
    """Nobody watches."""


class SimulatedBank:
    """Everything of a bank that a controller can touch, and everything that people do to it.

    Badges go by their label, doors by their number. `on_change` is called when something that a person could see has
    changed. For measurements: `on_unlock(unlock)` hears each energising frame when it has arrived, and
    `on_badge_frame(at_ms)` when a reader has written one; both in monotonic milliseconds. `pacing=False` lets all bytes
    through at once. `closes_after_ms` is a person who shuts each opened door.
    """

    def __init__(
        self,
        plan: BankPlan,
        places: Places,
        *,
        pacing: bool = True,
        closes_after_ms: float | None = None,
        strict_gpiod: bool = False,
        seed: int = 0,
    ) -> None:
        self.plan = plan
        self.places = places
        self.on_change: Callable[[], None] = _nobody
        self.on_unlock: Callable[[Unlock], None] | None = None
        self.on_badge_frame: Callable[[float], None] | None = None
        self.powered = True
        self.jam_next = False
        self.doors = {number: Door(closes_after_ms) for number, _, _ in plan.lockers()}
        self.lights: dict[int, bool] = {}
        """By locker number, where the board has a light there."""
        self.wires: dict[int, tuple[int, ...]] = {}
        """The lockers whose locks really hang on a locker's coil, where that is not its own alone."""
        self.badges = {badge.label: badge for badge in plan.badges}
        self._numbers = {(board, channel): number for number, board, channel in plan.lockers()}
        self._sensed = {channel: (False, False) for channel in self._numbers}
        self._timer: asyncio.TimerHandle | None = None
        self._soon: asyncio.Handle | None = None
        self.machine = Machine(places, self._unlocked, self._stir, pacing=pacing, strict_gpiod=strict_gpiod, seed=seed)
        self.pi = self.machine.pi
        light = plan.light
        self.indicator = Indicator(self.machine, *((light.lines(), light.buzzer) if light else ({}, None)))
        self.readers: dict[str, ReaderFitting] = {
            name: reader.fit(self.machine, plan.badges, self._badge_frame_written)
            for name, reader in plan.readers.items()
        }
        self.boards: dict[str, BoardFitting] = {
            name: board.fit(self._circuit(name), self.machine) for name, board in plan.boards.items()
        }
        self.inputs = {name: each.fit(name, self.machine) for name, each in plan.inputs.items()}
        for number, name, _ in plan.lockers():
            if plan.boards[name].has_lights:
                self.lights[number] = False

    @property
    def reader_port(self) -> PtyPort:
        """The serial port of the first reader that has one. Raises NotAvailableError."""
        for line in (plan.cable() for plan in self.plan.readers.values()):
            if line is not None:
                return self.machine.lines[line].port
        raise NotAvailableError(f"{self.plan.name} has no reader on a serial line")

    def fittings(self) -> Iterator[tuple[str, Fitting]]:
        """Every device of the bank by its name, readers first."""
        yield from self.readers.items()
        yield from self.boards.items()

    async def start(self) -> None:
        """Plug everything in: the ptys and the pins' socket are there when this returns."""
        self._loop = asyncio.get_running_loop()
        await self.machine.start()
        for each in self.inputs.values():
            each.start()

    async def stop(self) -> None:
        """Unplug everything and forget what was going to happen."""
        await self.machine.stop()
        for _, fitting in self.fittings():
            fitting.stop()
        for each in self.inputs.values():
            each.stop()
        for waiting in (self._timer, self._soon):
            if waiting is not None:
                waiting.cancel()

    def tap(self, label: str, held_ms: float, reader: str | None = None) -> None:
        """Somebody holds a badge to a reader, after those who wait there: to the first one that reads its kind.

        Raises UnknownNameError, and NotPossibleError for a reader without cable or power, or of another kind.
        """
        badge = self.badges.get(label)
        if badge is None:
            raise UnknownNameError("badge", label, self.badges)
        name = self._reader_for(badge) if reader is None else reader
        device = self._reader(name).device
        if badge.technology not in self.plan.readers[name].technologies:
            raise NotPossibleError(f"the reader {name} does not read {badge.technology}, the kind of badge {label}")
        device.hold(badge.number, held_ms, self.now())
        self.settle()

    def press(self, reader: str, keys: str) -> None:
        """Somebody presses keys on a reader's keypad. Raises UnknownNameError, NotAvailableError, NotPossibleError."""
        device = self._reader(reader).device
        if not isinstance(device, Keypad) or not self.plan.readers[reader].has_keypad:
            raise NotAvailableError(f"the reader {reader} has no keypad")
        for key in keys:
            if key not in device.keys:
                raise UnknownNameError("key", key, device.keys)
        for key in keys:
            device.press(key, self.now())
        self.settle()

    def door(self, number: int) -> Door:
        """The door of a locker. Raises UnknownNameError."""
        try:
            return self.doors[number]
        except KeyError:
            raise UnknownNameError("door", number, self.doors) from None

    def pull(self, number: int) -> None:
        """Somebody pulls a door open. Raises NotPossibleError while it is latched or jammed."""
        self.door(number).pull(self.now())
        self.settle()

    def push(self, number: int) -> None:
        """Somebody pushes a door shut."""
        self.door(number).push(self.now())
        self.settle()

    def force(self, number: int) -> None:
        """Somebody breaks a door open."""
        self.door(number).force(self.now())
        self.settle()

    def sense(self, name: str, active: bool) -> None:
        """An input of the bank itself says that something is wrong, or no longer. Raises UnknownNameError."""
        if name not in self.inputs:
            raise UnknownNameError("input", name, self.inputs)
        self.inputs[name].set(active)
        self.settle()

    def power(self, on: bool) -> None:
        """Mains and battery fail, or come back: coils drop, boards fall silent, the Pi is as after its boot."""
        self.powered = on
        if not on:
            now = self.now()
            for _, fitting in self.fittings():
                fitting.device.power_off(now)
        self.machine.power(on)
        for door in self.doors.values():
            door.supply(on, self.now())
        self.settle()

    def now(self) -> float:
        """The monotonic clock, in milliseconds."""
        return time.monotonic() * 1000

    def settle(self) -> None:
        """Let everything happen that is due, pass it on to the wires, and set the timer for what comes next."""
        now = self.now()
        for _, fitting in self.fittings():
            fitting.advance(now)
        for channel, number in self._numbers.items():
            door = self.doors[number]
            door.advance(now)
            sensed = (door.sensed_open, door.latch_sensed_open)
            if sensed != self._sensed[channel]:
                self._sensors_moved(channel, sensed)
        self.on_change()
        self._arm()

    def _arm(self) -> None:
        doors = min((door.due() for door in self.doors.values()), default=NEVER)
        due = min((fitting.device.due() for _, fitting in self.fittings()), default=NEVER)
        due = min(doors, due)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due < NEVER:
            self._timer = self._loop.call_at(due / 1000, self.settle)

    def _stir(self) -> None:
        """A wire moved: settle in the loop's next turn, once for all that moves in this one."""
        if self._soon is None:
            self._soon = self._loop.call_soon(self._settle_soon)

    def _settle_soon(self) -> None:
        self._soon = None
        self.settle()

    def _reader(self, name: str) -> ReaderFitting:
        """A reader that works. Raises UnknownNameError, NotPossibleError."""
        try:
            fitting = self.readers[name]
        except KeyError:
            raise UnknownNameError("reader", name, self.readers) from None
        if fitting.cable is not None and not fitting.cable.plugged:
            raise NotPossibleError(f"the reader {name} is unplugged: clear the fault reader_unplugged first")
        if not self.powered:
            raise NotPossibleError("the bank has no power: clear the fault power_cut first")
        return fitting

    def _reader_for(self, badge: BadgePlan) -> str:
        for name, reader in self.plan.readers.items():
            if badge.technology in reader.technologies:
                return name
        raise NotPossibleError(f"no reader of {self.plan.name} reads {badge.technology}, the kind of this badge")

    def _circuit(self, name: str) -> Circuit:
        def door(channel: int) -> Door:
            return self.doors[self._numbers[name, channel]]

        def on_coil(channel: int, on: bool, at: float) -> None:
            self._energise((name, channel), on, at)

        def on_light(channel: int, on: bool) -> None:
            self.lights[self._numbers[name, channel]] = on
            self._stir()

        return Circuit(
            name,
            lambda channel: door(channel).sensed_open,
            lambda channel: door(channel).latch_sensed_open,
            on_coil,
            on_light,
        )

    def _energise(self, channel: Channel, on: bool, at: float) -> None:
        number = self._numbers[channel]
        for each in self.wires.get(number, (number,)):
            door = self.doors[each]
            if on and self.jam_next:
                self.jam_next = False
                door.jam(True, at)
            door.energise(on, at)
        self._stir()

    def _sensors_moved(self, channel: Channel, sensed: tuple[bool, bool]) -> None:
        before, self._sensed[channel] = self._sensed[channel], sensed
        board = self.boards[channel[0]]
        if sensed[0] != before[0]:
            board.sensor_moved(channel[1], "door", sensed[0])
        if sensed[1] != before[1]:
            board.sensor_moved(channel[1], "latch", sensed[1])

    def _unlocked(self, unlock: Unlock) -> None:
        if self.on_unlock is not None:
            self.on_unlock(unlock)

    def _badge_frame_written(self) -> None:
        if self.on_badge_frame is not None:
            self.on_badge_frame(self.now())
