"""The faults of one bank's hardware that can be switched on and off; their texts are in bench/texts.py."""

from collections.abc import Callable
from dataclasses import dataclass

from simulator.bank import SimulatedBank
from simulator.devices import Habit
from simulator.errors import MissingValueError
from simulator.physics import Door, Sensor


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: how it is switched for a bank (and one of its doors), and whether it is on."""

    switch: Callable[[SimulatedBank, bool, int | None], None]
    is_on: Callable[[SimulatedBank], bool]
    takes_number: bool = False
    serial_only: bool = False


def _jam(bank: SimulatedBank, on: bool, number: int | None) -> None:
    """A jammed door: the one named, or the next that is released. Off without a number frees them all."""
    if number is None and on:
        bank.jam_next = True
        return
    if number is None:
        bank.jam_next = False
    for each in [number] if number is not None else bank.doors:
        bank.door(each).jam(on, bank.now())


def _force(bank: SimulatedBank, on: bool, number: int | None) -> None:
    """A door broken open: the one named, or the first that is closed. Off pushes it shut again."""
    if on:
        closed = (each for each, door in bank.doors.items() if not door.open)
        number = next(closed, None) if number is None else number
        if number is not None:
            bank.force(number)
        return
    for each in [number] if number is not None else list(bank.doors):
        if bank.door(each).forced:
            bank.push(each)


def _of_door(change: Callable[[SimulatedBank, Door, bool], None], state: Callable[[Door], bool]) -> Fault:
    """A fault of one door: on needs its number, off without a number clears every door."""

    def switch(bank: SimulatedBank, on: bool, number: int | None) -> None:
        if on and number is None:
            raise MissingValueError(f"say which door, as number: one of 1 to {len(bank.doors)}")
        for door in [bank.door(number)] if number is not None else bank.doors.values():
            change(bank, door, on)

    return Fault(switch, lambda bank: any(state(door) for door in bank.doors.values()), takes_number=True)


def _sensor(kind: Sensor) -> Fault:
    def change(_bank: SimulatedBank, door: Door, on: bool) -> None:
        if on or door.sensor is kind:
            door.sensor = kind if on else Sensor.FINE

    return _of_door(change, lambda door: door.sensor is kind)


def _habit(habit: Habit) -> Fault:
    def switch(bank: SimulatedBank, on: bool, _number: int | None) -> None:
        for board in bank.serial_boards():
            if on or board.habit is habit:
                board.habit = habit if on else Habit.FINE
            if board.habit is Habit.DEAD:
                board.power_off(bank.now())

    return Fault(switch, lambda bank: any(b.habit is habit for b in bank.boards.values()), serial_only=True)


def _unplug_reader(bank: SimulatedBank, on: bool, _number: int | None) -> None:
    if on:
        bank.presentation.clear()
        bank.reader_port.unplug()
    else:
        bank.reader_port.plug()


def _reader_garbage(bank: SimulatedBank, on: bool, _number: int | None) -> None:
    bank.presentation.garbage = on


def _unplug_boards(bank: SimulatedBank, on: bool, _number: int | None) -> None:
    bank.serial_boards()
    if on:
        bank.boards_port.unplug()
    else:
        bank.boards_port.plug()


FAULTS: dict[str, Fault] = {
    "door_jammed": Fault(
        _jam, lambda bank: bank.jam_next or any(d.jammed for d in bank.doors.values()), takes_number=True
    ),
    "door_forced": Fault(_force, lambda bank: any(d.forced for d in bank.doors.values()), takes_number=True),
    "sensor_cut": _sensor(Sensor.CUT),
    "sensor_stuck_closed": _sensor(Sensor.STUCK_CLOSED),
    "relay_welded": _of_door(lambda bank, door, on: door.weld(on, bank.now()), lambda door: door.welded),
    "reader_unplugged": Fault(_unplug_reader, lambda bank: not bank.reader_port.plugged),
    "reader_garbage": Fault(_reader_garbage, lambda bank: bank.presentation.garbage),
    "board_unplugged": Fault(
        _unplug_boards, lambda bank: bool(bank.boards) and not bank.boards_port.plugged, serial_only=True
    ),
    "board_silent": _habit(Habit.DEAD),
    "board_mute": _habit(Habit.MUTE),
    "board_garbage": _habit(Habit.LEADING_GARBAGE),
    "board_half_frames": _habit(Habit.HALF_FRAME),
    "board_wrong_checksum": _habit(Habit.WRONG_CHECKSUM),
    "board_other_address": _habit(Habit.OTHER_ADDRESS),
}
