"""The faults of one bank's hardware that can be switched on and off; their texts are in bench/fault_texts.py."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from simulator.bank import SimulatedBank
from simulator.devices import Habit
from simulator.errors import MissingValueError, NotAvailableError, UnknownNameError
from simulator.fittings import Fitting
from simulator.physics import Door, Sensor


@dataclass(frozen=True, slots=True)
class Target:
    """What a fault is to befall: one locker, one device, or (both None) whatever it can."""

    number: int | None = None
    device: str | None = None


class Fault(Protocol):
    """One kind of fault."""

    @property
    def takes_number(self) -> bool:
        """Whether it can be told one door."""

    def devices(self, bank: SimulatedBank) -> dict[str, bool]:
        """The devices of the bank that can have it, and whether they do; empty for a fault of doors."""

    def is_on(self, bank: SimulatedBank) -> bool:
        """Whether anything of the bank has it."""

    def available(self, bank: SimulatedBank) -> bool:
        """Whether anything of the bank can have it."""

    async def switch(self, bank: SimulatedBank, on: bool, target: Target) -> None:
        """Let it happen, or mend it. Raises UnknownNameError, NotAvailableError, MissingValueError."""


@dataclass(frozen=True, slots=True)
class DoorFault:
    """A fault of one door: on needs its number (or `anywhere` picks one), off without a number mends every door."""

    change: Callable[[SimulatedBank, Door, bool], None]
    state: Callable[[Door], bool]
    anywhere: Callable[[SimulatedBank], None] | None = None
    waits: Callable[[SimulatedBank], bool] | None = None
    needs_latches: bool = False
    takes_number: bool = True

    def devices(self, bank: SimulatedBank) -> dict[str, bool]:  # noqa: ARG002 - as every fault
        return {}

    def is_on(self, bank: SimulatedBank) -> bool:
        return any(map(self.state, bank.doors.values())) or (self.waits is not None and self.waits(bank))

    def available(self, bank: SimulatedBank) -> bool:
        return not self.needs_latches or any(board.has_latches for board in bank.plan.boards.values())

    async def switch(self, bank: SimulatedBank, on: bool, target: Target) -> None:
        if not self.available(bank):
            raise NotAvailableError(f"{bank.plan.name} has no board with a second sensor, the latch's")
        if on and target.number is None:
            if self.anywhere is None:
                raise MissingValueError(f"say which door, as number: one of 1 to {len(bank.doors)}")
            self.anywhere(bank)
            return
        if target.number is None:
            bank.jam_next = bank.jam_next and self.waits is None
        for door in [bank.door(target.number)] if target.number is not None else bank.doors.values():
            if on or self.state(door):
                self.change(bank, door, on)


@dataclass(frozen=True, slots=True)
class WireFault:
    """A mistake in the wiring of one lock, told by the lockers that then hang on its coil and on the next one's."""

    hang: Callable[[int, int], dict[int, tuple[int, ...]]]
    takes_number: bool = True

    def devices(self, bank: SimulatedBank) -> dict[str, bool]:  # noqa: ARG002 - as every fault
        return {}

    def is_on(self, bank: SimulatedBank) -> bool:
        return any(self._has(bank, number) for number in bank.doors)

    def available(self, bank: SimulatedBank) -> bool:
        return len(bank.doors) > 1

    async def switch(self, bank: SimulatedBank, on: bool, target: Target) -> None:
        if on and target.number is None:
            raise MissingValueError(f"say which door, as number: one of 1 to {len(bank.doors)}")
        if target.number is not None:
            bank.door(target.number)
        for number in bank.doors if target.number is None else [target.number]:
            if on:
                bank.wires |= self._hang(bank, number)
            elif self._has(bank, number):
                for coil in self._hang(bank, number):
                    del bank.wires[coil]

    def _hang(self, bank: SimulatedBank, number: int) -> dict[int, tuple[int, ...]]:
        return self.hang(number, number % len(bank.doors) + 1)

    def _has(self, bank: SimulatedBank, number: int) -> bool:
        return all(bank.wires.get(coil) == hang for coil, hang in self._hang(bank, number).items())


@dataclass(frozen=True, slots=True)
class DeviceFault:
    """A fault of devices of one sort: of the one that is named, else of all that can have it."""

    sort: Callable[[SimulatedBank], dict[str, Fitting]]
    can: Callable[[Fitting], bool]
    has: Callable[[Fitting], bool]
    change: Callable[[SimulatedBank, Fitting, bool], Awaitable[None]]
    none: str
    takes_number: bool = False

    def devices(self, bank: SimulatedBank) -> dict[str, bool]:
        return {name: self.has(each) for name, each in self._able(bank)}

    def is_on(self, bank: SimulatedBank) -> bool:
        return any(self.devices(bank).values())

    def available(self, bank: SimulatedBank) -> bool:
        return bool(self.devices(bank))

    async def switch(self, bank: SimulatedBank, on: bool, target: Target) -> None:
        able = dict(self._able(bank))
        if not able:
            raise NotAvailableError(f"{bank.plan.name} has {self.none}")
        if target.device is not None and target.device not in able:
            raise UnknownNameError("device", target.device, able)
        for fitting in able.values() if target.device is None else [able[target.device]]:
            if on or self.has(fitting):
                await self.change(bank, fitting, on)

    def _able(self, bank: SimulatedBank) -> Iterator[tuple[str, Fitting]]:
        return ((name, each) for name, each in self.sort(bank).items() if self.can(each))


def _boards(bank: SimulatedBank) -> dict[str, Fitting]:
    return dict(bank.boards)


def _readers(bank: SimulatedBank) -> dict[str, Fitting]:
    return dict(bank.readers)


def _habit(sort: Callable[[SimulatedBank], dict[str, Fitting]], habit: Habit, none: str) -> DeviceFault:
    async def change(bank: SimulatedBank, fitting: Fitting, on: bool) -> None:
        fitting.device.habit = habit if on else Habit.FINE
        if on and habit is Habit.DEAD:
            fitting.device.power_off(bank.now())

    return DeviceFault(
        sort,
        lambda fitting: habit in fitting.device.habits,
        lambda fitting: fitting.device.habit is habit,
        change,
        none,
    )


def _unplugged(sort: Callable[[SimulatedBank], dict[str, Fitting]], none: str, *, feeds: bool = False) -> DeviceFault:
    """The cable pulled out; one that `feeds` its device leaves it without power too."""

    async def change(bank: SimulatedBank, fitting: Fitting, on: bool) -> None:
        if fitting.cable is None:
            return
        if not on:
            await fitting.cable.plug()
            return
        if feeds:
            fitting.device.power_off(bank.now())
        fitting.cable.unplug()

    return DeviceFault(
        sort,
        lambda fitting: fitting.cable is not None,
        lambda fitting: fitting.cable is not None and not fitting.cable.plugged,
        change,
        none,
    )


def _sensor(kind: Sensor, *, latch: bool = False) -> DoorFault:
    attribute = "latch_sensor" if latch else "sensor"

    def change(_bank: SimulatedBank, door: Door, on: bool) -> None:
        setattr(door, attribute, kind if on else Sensor.FINE)

    return DoorFault(change, lambda door: getattr(door, attribute) is kind, needs_latches=latch)


def _jam_next(bank: SimulatedBank) -> None:
    bank.jam_next = True


def _force_first(bank: SimulatedBank) -> None:
    closed = next((number for number, door in bank.doors.items() if not door.open), None)
    if closed is not None:
        bank.force(closed)


def _force(bank: SimulatedBank, door: Door, on: bool) -> None:
    (door.force if on else door.push)(bank.now())


def _pry(bank: SimulatedBank, door: Door, on: bool) -> None:
    (door.pry if on else door.push)(bank.now())


NO_BOARD = "no serial board: its locks are on the pins of its Pi"
NO_READER = "no reader that can have this fault"
BOARD_HABITS = {
    "board_silent": Habit.DEAD,
    "board_mute": Habit.MUTE,
    "board_busy": Habit.BUSY,
    "board_garbage": Habit.LEADING_GARBAGE,
    "board_half_frames": Habit.HALF_FRAME,
    "board_wrong_checksum": Habit.WRONG_CHECKSUM,
    "board_other_address": Habit.OTHER_ADDRESS,
    "board_hangs": Habit.HANGS,
}
READER_HABITS = {
    "reader_silent": Habit.DEAD,
    "reader_mute": Habit.MUTE,
    "reader_busy": Habit.BUSY,
    "reader_garbage": Habit.GARBAGE,
    "reader_leading_garbage": Habit.LEADING_GARBAGE,
    "reader_half_frames": Habit.HALF_FRAME,
    "reader_wrong_checksum": Habit.WRONG_CHECKSUM,
    "reader_other_address": Habit.OTHER_ADDRESS,
    "reader_repeats": Habit.REPEATS,
    "reader_swapped": Habit.SWAPPED,
    "reader_wrong_key": Habit.WRONG_KEY,
}
FAULTS: dict[str, Fault] = {
    "door_jammed": DoorFault(
        lambda bank, door, on: door.jam(on, bank.now()),
        lambda door: door.jammed,
        anywhere=_jam_next,
        waits=lambda bank: bank.jam_next,
    ),
    "door_forced": DoorFault(_force, lambda door: door.forced, anywhere=_force_first),
    "door_ajar": DoorFault(lambda bank, door, on: door.catch(not on, bank.now()), lambda door: not door.catches),
    "door_pried": DoorFault(_pry, lambda door: door.pried, needs_latches=True),
    "sensor_cut": _sensor(Sensor.CUT),
    "sensor_stuck_closed": _sensor(Sensor.STUCK_CLOSED),
    "sensor_bouncing": _sensor(Sensor.BOUNCING),
    "latch_cut": _sensor(Sensor.CUT, latch=True),
    "latch_stuck_closed": _sensor(Sensor.STUCK_CLOSED, latch=True),
    "relay_welded": DoorFault(lambda bank, door, on: door.weld(on, bank.now()), lambda door: door.welded),
    "lock_wire_cut": WireFault(lambda number, _next: {number: ()}),
    "locks_crossed": WireFault(lambda number, following: {number: (following,), following: (number,)}),
    "locks_joined": WireFault(lambda number, following: {number: (number, following)}),
    "reader_unplugged": _unplugged(_readers, NO_READER, feeds=True),
    **{name: _habit(_readers, habit, NO_READER) for name, habit in READER_HABITS.items()},
    "board_unplugged": _unplugged(_boards, NO_BOARD),
    **{name: _habit(_boards, habit, NO_BOARD) for name, habit in BOARD_HABITS.items()},
}
