"""What hangs on the wires: readers, boards, bolts, sensors, relays; and people in crowds, or with crowbars."""

from collections.abc import Callable

from simulator.errors import NotPossibleError
from simulator.physics import Sensor
from simulator.world.doors import SimulatedDoor
from simulator.world.faults.fault import DAY_MS, HOUR_MS, MINUTE_MS, Fault, Heal, Hit
from simulator.world.faults.schedule import Schedule
from simulator.world.hardware import BoardHabit

_READER = "entrance"
_BOARD = "board"


def _door(hit: Hit) -> SimulatedDoor:
    doors = hit.bank.doors.by_number
    return doors[hit.chance.choice(sorted(doors))]


def _reader_unplugged(schedule: Schedule, hit: Hit) -> Heal:  # noqa: ARG001
    hit.bank.devices.unplug(_READER)
    return lambda: hit.bank.devices.plug(_READER)


def _repeats(schedule: Schedule, hit: Hit) -> None:
    """A reader that tells one badge every 65 ms for a minute."""
    number = schedule.number_at(hit)
    for turn in range(60_000 // 65):
        schedule.world.loop.after(65 * turn, hit.bank.present, number)


def _strangers(schedule: Schedule, hit: Hit) -> None:
    """Somebody tries one number after the other, for ten minutes."""
    for turn in range(300):
        number = f"{hit.chance.getrandbits(40):010X}"
        schedule.world.loop.after(2_000 * turn + hit.chance.randint(0, 900), hit.bank.present, number)


def _board(habit: BoardHabit) -> Callable[[Schedule, Hit], Heal]:
    def begin(schedule: Schedule, hit: Hit) -> Heal:  # noqa: ARG001
        hit.bank.devices.behave(_BOARD, habit)
        return lambda: hit.bank.devices.behave(_BOARD, BoardHabit.FINE)

    return begin


def _jams(schedule: Schedule, hit: Hit) -> Heal:  # noqa: ARG001
    door = _door(hit)
    door.jam(True)
    return lambda: door.jam(False)


def _sensor(state: Sensor) -> Callable[[Schedule, Hit], Heal]:
    def begin(schedule: Schedule, hit: Hit) -> Heal:  # noqa: ARG001
        door = _door(hit)
        door.sensor(state)
        return lambda: door.sensor(Sensor.FINE)

    return begin


def _welds(schedule: Schedule, hit: Hit) -> Heal:  # noqa: ARG001
    door = _door(hit)
    door.weld(True)
    return lambda: door.weld(False)


def _forced(schedule: Schedule, hit: Hit) -> Heal:  # noqa: ARG001
    door = _door(hit)
    door.force()
    return door.push


def _left_open(schedule: Schedule, hit: Hit) -> Heal:  # noqa: ARG001
    """Whoever opens it next walks away."""
    door = _door(hit)
    door.dwell(None)

    def heal() -> None:
        door.dwell(20_000)
        door.push()

    return heal


def _handle(schedule: Schedule, hit: Hit) -> None:
    """Somebody tries every handle."""
    for door in hit.bank.doors.by_number.values():
        try:
            door.pull()
        except NotPossibleError:
            continue
        schedule.world.loop.after(5_000, door.push)


def _crowd(schedule: Schedule, hit: Hit) -> None:
    """Forty people in the same minute."""
    schedule.town.crowd(hit.bank.name, 40, 60_000, hit.chance)


def _tamper(schedule: Schedule, hit: Hit) -> Heal:  # noqa: ARG001
    devices = hit.bank.devices
    devices.input("case", "tamper", active=True)
    devices.input("mains", "mains", active=True)

    def heal() -> None:
        devices.input("case", "tamper", active=False)
        devices.input("mains", "mains", active=False)

    return heal


_SPAN = (HOUR_MS, 3 * DAY_MS)
FAMILY = (
    Fault("reader_unplugged", (16,), (MINUTE_MS, DAY_MS), _reader_unplugged),
    Fault("badge_repeats", (16,), (MINUTE_MS, MINUTE_MS), _repeats),
    Fault("badges_guessed", (24,), (MINUTE_MS, MINUTE_MS), _strangers),
    Fault("board_silent", (17,), (MINUTE_MS, 12 * HOUR_MS), _board(BoardHabit.DEAD)),
    Fault("board_mute", (17,), (MINUTE_MS, 12 * HOUR_MS), _board(BoardHabit.MUTE)),
    Fault("board_unplugged", (17,), (MINUTE_MS, 12 * HOUR_MS), _board(BoardHabit.UNPLUGGED)),
    Fault("bolt_jams", (18,), _SPAN, _jams),
    Fault("sensor_cut", (18,), _SPAN, _sensor(Sensor.CUT)),
    Fault("sensor_stuck_closed", (18,), _SPAN, _sensor(Sensor.STUCK_CLOSED)),
    Fault("sensor_bounces", (18,), (MINUTE_MS, 30 * MINUTE_MS), _sensor(Sensor.BOUNCING)),
    Fault("relay_welded", (19,), _SPAN, _welds),
    Fault("crowd", (20,), (MINUTE_MS, MINUTE_MS), _crowd),
    Fault("door_forced", (21,), (MINUTE_MS, HOUR_MS), _forced),
    Fault("door_left_open", (21,), (HOUR_MS, DAY_MS), _left_open),
    Fault("handles_tried", (21,), (MINUTE_MS, MINUTE_MS), _handle),
    Fault("tampered", (21, 22), (MINUTE_MS, HOUR_MS), _tamper),
)
