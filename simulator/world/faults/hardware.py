"""What hangs on the wires: readers, boards, bolts, sensors, relays; and people in crowds, or with crowbars."""

from collections.abc import Callable
from functools import partial

from controller.presentations import STRANGERS_WINDOW_MS
from simulator.errors import NotPossibleError
from simulator.physics import Sensor
from simulator.world.doors import DWELL_MS, SimulatedDoor
from simulator.world.faults.fault import DAY_MS, HOUR_MS, MINUTE_MS, Fault, Heal, Hit
from simulator.world.faults.schedule import Schedule
from simulator.world.hardware import BoardHabit, Devices
from simulator.world.invariants.told import WITHIN_MS
from wire.entries import EntryType

_READER = "entrance"
_BOARD = "board"
# By then a door whose bolt was drawn has sprung open.
_OPENS_WITHIN_MS = 1_000


def _door(hit: Hit) -> SimulatedDoor:
    doors = hit.bank.doors.by_number
    return doors[hit.chance.choice(sorted(doors))]


def _unexplained(schedule: Schedule, hit: Hit, door: SimulatedDoor) -> None:
    """A door is about to open with no release, as far as its bank can see: that is `door_forced`."""
    runtime = hit.bank.runtime
    if runtime is None or door.sensed_open or door.door.open or door.door.sensor is not Sensor.FINE:
        return
    bays, mono_ms = runtime.bank.bays, hit.bank.machine.mono_ms()
    awaited = any(bay.awaits_door for bay in bays.values()) or mono_ms <= bays[door.number].explained_until_ms
    if not awaited and bays[door.number].door_open is False:
        _seen(schedule, hit, EntryType.DOOR_FORCED, door)


def _seen(schedule: Schedule, hit: Hit, word: EntryType, door: SimulatedDoor, code: str | None = None) -> None:
    """What a sensor shows while it stays as it is now."""
    fault = (f"locker {door.number}", code) if code else None
    state: list[Sensor] = []
    schedule.world.loop.after(0, lambda: state.append(door.door.sensor))
    schedule.watch.told.expect(
        hit.bank.name, word, locker=door.number, fault=fault, still=lambda: state == [door.door.sensor]
    )


def _reader_unplugged(schedule: Schedule, hit: Hit) -> Heal:
    hit.bank.devices.unplug(_READER)
    _device(schedule, hit, EntryType.READER_FAULT, (_READER, "unplugged"))
    return lambda: hit.bank.devices.plug(_READER)


def _device(schedule: Schedule, hit: Hit, word: EntryType, fault: tuple[str, str]) -> None:
    """A device that is not well is told once in a life, and stands in health."""
    schedule.watch.told.expect(hit.bank.name, word, fault=fault, disturbed=True)


def _repeats(schedule: Schedule, hit: Hit) -> None:
    """A reader that tells one badge every 65 ms for a minute; of one that nobody knows, it is besieged by it."""
    number, since_ms, devices = schedule.number_at(hit), schedule.world.now_ms, hit.bank.devices
    for turn in range(60_000 // 65):
        schedule.world.loop.after(65 * turn, hit.bank.present, number)

    def besieged() -> None:
        if schedule.watch.told.said_since(hit.bank.name, EntryType.BADGE_REFUSED, since_ms):
            devices.besieged_until_ms = max(devices.besieged_until_ms, since_ms + 60_000 + STRANGERS_WINDOW_MS)

    schedule.world.loop.after(10_000, besieged)


def _strangers(schedule: Schedule, hit: Hit) -> None:
    """Somebody tries one number after the other, for ten minutes."""
    if hit.bank.devices.is_fine:
        schedule.world.loop.after(10_000, schedule.watch.told.expect, hit.bank.name, EntryType.BADGE_REFUSED)
    hit.bank.devices.besieged_until_ms = schedule.world.now_ms + 2_000 * 300
    for turn in range(300):
        number = f"{hit.chance.getrandbits(40):010X}"
        schedule.world.loop.after(2_000 * turn + hit.chance.randint(0, 900), hit.bank.present, number)


def _board(habit: BoardHabit) -> Callable[[Schedule, Hit], Heal | None]:
    def begin(schedule: Schedule, hit: Hit) -> Heal | None:
        devices = hit.bank.devices
        if devices.habits.get(_BOARD, BoardHabit.FINE) is not BoardHabit.FINE:
            return None  # it has a trouble already, for as long as that lasts
        devices.behave(_BOARD, habit)
        if not habit.answers:
            _device(schedule, hit, EntryType.BOARD_FAULT, (_BOARD, habit.fault))
        return lambda: devices.behave(_BOARD, BoardHabit.FINE)

    return begin


def _jams(schedule: Schedule, hit: Hit) -> Heal:
    """The bolt of the door that is released next."""
    bank, jammed, going = hit.bank, list[SimulatedDoor](), [True]

    def pulled(locker: int) -> None:
        door = bank.doors.by_number[locker]
        if going[0] and not jammed and not door.door.open:
            jammed.append(door)
            door.jam(True)
            schedule.watch.told.energised(bank.name, locker)

    def heal() -> None:
        going[0] = False
        for door in jammed:
            door.jam(False)

    schedule.watch.at_coils(bank.name, pulled)
    hit.has_bitten = lambda: bool(jammed)
    return heal


def _sensor(state: Sensor) -> Callable[[Schedule, Hit], Heal]:
    def begin(schedule: Schedule, hit: Hit) -> Heal:
        door = _door(hit)
        if state is Sensor.CUT:
            _unexplained(schedule, hit, door)
        elif state is Sensor.BOUNCING:
            _seen(schedule, hit, EntryType.SENSOR_FAULT, door, "bouncing")
        door.sensor(state)
        return lambda: door.sensor(Sensor.FINE)

    return begin


def _welds(schedule: Schedule, hit: Hit) -> Heal:
    door, devices = _door(hit), hit.bank.devices
    devices.weld(door.number, True)

    def pulled(locker: int) -> None:
        if door.door.welded and locker == door.number:
            schedule.watch.told.expect(
                hit.bank.name, EntryType.BOARD_FAULT, fault=(_BOARD, "stays_on"), still=lambda: door.door.coil
            )

    schedule.watch.at_coils(hit.bank.name, pulled)
    return lambda: devices.weld(door.number, False)


def _forced(schedule: Schedule, hit: Hit) -> Heal:
    door = _door(hit)
    _unexplained(schedule, hit, door)
    door.force()
    return door.push


def _left_open(schedule: Schedule, hit: Hit) -> Heal:
    """Whoever opens a door next walks away."""
    bank, left, going = hit.bank, list[SimulatedDoor](), [True]

    def pulled(locker: int) -> None:
        door = bank.doors.by_number[locker]
        if going[0] and not left and not door.door.open:
            left.append(door)
            schedule.world.loop.after(1, door.dwell, None)
            schedule.world.loop.after(_OPENS_WITHIN_MS, opened, door)

    def opened(door: SimulatedDoor) -> None:
        if going[0] and not door.door.open:
            shut()

    def shut() -> None:
        for door in left:
            door.dwell(DWELL_MS)
            door.push()
        left.clear()

    def heal() -> None:
        going[0] = False
        for door in left:
            _stood_open(schedule, hit, door)
        shut()

    schedule.watch.at_coils(bank.name, pulled)
    hit.has_bitten = lambda: bool(left)
    return heal


def _stood_open(schedule: Schedule, hit: Hit, door: SimulatedDoor) -> None:
    """Open for longer than the site allows, under the eyes of one and the same life.

    A device that was disturbed gives it the time anew, but what was told of this opening before counts.
    """
    told, bank = schedule.watch.told, hit.bank
    opened_ms = max(door.sensed_ms, bank.began_ms)
    long_ms = bank.config.releases.left_open_after_s * 1_000 + MINUTE_MS
    stood_ms = schedule.world.now_ms - max(opened_ms, bank.devices.disturbed_ms)
    if door.door.open and door.sensed_open and told.hears(bank) and stood_ms > long_ms:
        said = told.said_since(bank.name, EntryType.DOOR_LEFT_OPEN, opened_ms, door.number)
        told.must(said, f"{bank.name}/{door.number} stood open for long, and nobody was told")


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


def _is_active(devices: Devices, name: str) -> bool:
    return name in devices.active


def _tamper(schedule: Schedule, hit: Hit) -> Heal:
    devices, told = hit.bank.devices, schedule.watch.told
    if hit.lasts_ms > WITHIN_MS:
        for word, name, code in (
            (EntryType.TAMPER, "case", "case_opened"),
            (EntryType.MAINS_FAILED, "mains", "mains_failed"),
        ):
            told.expect(hit.bank.name, word, fault=(f"input {name}", code), still=partial(_is_active, devices, name))
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
    Fault("tampered", (21,), (MINUTE_MS, HOUR_MS), _tamper),
)
