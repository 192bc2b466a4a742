"""The faults of one bank's hardware that can be switched on and off; their texts are in bench/fault_texts.py."""

from collections.abc import Callable

from simulator.bank import SimulatedBank
from simulator.devices import Habit
from simulator.fault_kinds import CoilDriverFault, DeviceFault, DoorFault, Fault, WireFault
from simulator.fittings import BoardOnLine, Fitting
from simulator.physics import Door, Sensor


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


async def _set_dip(_bank: SimulatedBank, fitting: Fitting, on: bool) -> None:
    """The DIP switch one further: some board's address, or nobody's."""
    if isinstance(fitting, BoardOnLine):
        fitting.device.address = fitting.dip % LOWEST_OF_THE_HIGHEST_ADDRESSES + 1 if on else fitting.dip


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


LOWEST_OF_THE_HIGHEST_ADDRESSES = 14  # Kerong's; every kind of board has the addresses from 1 to it
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
    "coil_stuck": CoilDriverFault(),
    "lock_wire_cut": WireFault(lambda number, _next: {number: ()}),
    "locks_crossed": WireFault(lambda number, following: {number: (following,), following: (number,)}),
    "locks_joined": WireFault(lambda number, following: {number: (number, following)}),
    "reader_unplugged": _unplugged(_readers, NO_READER, feeds=True),
    **{name: _habit(_readers, habit, NO_READER) for name, habit in READER_HABITS.items()},
    "board_unplugged": _unplugged(_boards, NO_BOARD),
    "board_wrong_dip": DeviceFault(
        _boards,
        lambda fitting: isinstance(fitting, BoardOnLine),
        lambda fitting: isinstance(fitting, BoardOnLine) and fitting.device.address != fitting.dip,
        _set_dip,
        NO_BOARD,
    ),
    **{name: _habit(_boards, habit, NO_BOARD) for name, habit in BOARD_HABITS.items()},
}
