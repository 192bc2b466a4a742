"""The devices of one bank as each life of its controller sees them: simulated boards and readers, the real guard."""

from collections.abc import Callable
from enum import Enum

from hw.assembly import Hardware, HardwareConfig
from hw.errors import ReleaseForbidden
from hw.ports import (
    BadgeRead,
    CardRefused,
    Coil,
    DeviceEvent,
    DeviceFault,
    DeviceRecovered,
    DoorSensed,
    Emit,
    InputSensed,
    KeyPressed,
    LockAccepted,
    LockFailed,
    MonoMs,
    Permit,
    Signal,
)
from hw.release_guard import GuardLimits, ReleaseGuard
from hw.settings import DEFAULT_PULSE_MS, DeviceSettings, Wiring
from simulator.world.doors import Doors, SimulatedDoor
from simulator.world.loop import Life

CONFIRMED_AFTER_MS = 2
NO_REPLY_AFTER_MS = 150


class Fitting(DeviceSettings, frozen=True, tag="world"):
    """A simulated reader, board, light or input; nothing of it is in a file."""

    has_keypad: bool = False

    def wiring(self) -> Wiring:
        """It takes nothing of the machine."""
        return Wiring()


class BoardHabit(Enum):
    """How a board answers."""

    FINE = "fine"
    MUTE = "mute"
    """Acts, and its answer does not arrive."""
    DEAD = "dead"
    """Neither acts nor answers."""
    UNPLUGGED = "unplugged"
    """Its port is gone, and the driver knows."""

    @property
    def answers(self) -> bool:
        """Whether its contacts are known."""
        return self in (BoardHabit.FINE, BoardHabit.MUTE)

    @property
    def fault(self) -> str:
        """How its driver names that."""
        return "unplugged" if self is BoardHabit.UNPLUGGED else "silent"


class Devices:
    """Everything of a bank that outlives its controller's program: doors, boards' habits, readers, what lights show."""

    def __init__(self, doors: Doors) -> None:
        self.doors = doors
        self.habits: dict[str, BoardHabit] = {}
        self.unplugged: set[str] = set()
        self.active: set[str] = set()  # contacts of the bank itself
        self.besieged_until_ms = -1  # someone stands at the reader and tries one number after the other
        self.disturbances = 0
        self.disturbed_ms = -1
        self.shown: dict[str, Signal] = {}
        self.on_shown: Callable[[str, Signal], None] = lambda _reader, _signal: None
        self._drivers: _Drivers | None = None
        doors.on_sensed = self._sensed
        doors.on_stuck = self._stuck

    def build(self, life: Life, config: HardwareConfig, emit: Emit, mono_ms: MonoMs) -> Hardware:
        """The hardware of one life (see `hw.assembly.build`); the life before hears nothing more."""
        guard = ReleaseGuard(GuardLimits(), {use.coil: use.group for use in config.coils}, mono_ms)
        self._drivers = drivers = _Drivers(life, emit, mono_ms)
        boards = {
            name: _Board(name, config.pulse_ms or DEFAULT_PULSE_MS, self, guard, drivers) for name in config.boards
        }
        readers = {name: _Reader(name, self, drivers) for name in config.readers}
        lights = {f"light of {name}": _Light(name, self, life) for name in config.readers}
        return Hardware(guard, readers, boards, lights, {}, {light.name: light.reader for light in lights.values()})

    def present(self, reader: str, technology: str, number: str, *, stale: bool = False) -> None:
        """Hold a badge to a reader; nothing happens where nobody listens."""
        if reader not in self.unplugged:
            self._tell(lambda at_ms: BadgeRead(reader, technology, number, at_ms, stale))

    def turn_away(self, reader: str) -> None:
        """Hold a foreign card to a reader that asks for proof."""
        if reader not in self.unplugged:
            self._tell(lambda at_ms: CardRefused(reader, "foreign_card", at_ms))

    def press(self, reader: str, keys: str) -> None:
        """Press keys of a reader's keypad, one after the other."""
        for key in keys:
            self._tell(lambda at_ms, key=key: KeyPressed(reader, key, at_ms))  # type: ignore[misc]

    def unplug(self, device: str) -> None:
        """A reader's cable comes out."""
        self._disturbed()
        self.unplugged.add(device)
        self._tell(lambda _: DeviceFault(device, "reader", "unplugged", "the port is gone"))

    def plug(self, device: str) -> None:
        """It is back."""
        self._disturbed()
        self.unplugged.discard(device)
        self._tell(lambda _: DeviceRecovered(device, "reader"))

    def behave(self, board: str, habit: BoardHabit) -> None:
        """A board takes up a habit; its driver sees by itself when it no longer answers, and when it does again."""
        self._disturbed()
        before, self.habits[board] = self.habits.get(board, BoardHabit.FINE), habit
        if before.answers and not habit.answers:
            self.tell_board(board)
        elif habit.answers and not before.answers:
            self._tell(lambda _: DeviceRecovered(board, "board"))
            self.tell_board(board)

    def tell_board(self, board: str) -> None:
        """What a driver learns when it first looks at its board: every contact, or that there is no answer."""
        habit = self.habits.get(board, BoardHabit.FINE)
        if not habit.answers:
            self._tell(lambda _: DeviceFault(board, "board", habit.fault, "the board does not answer"))
            return
        for door in self.doors.by_number.values():
            if door.coil.board == board:
                self._sensed(door)
                if self.doors.stuck(door.coil):
                    self._stuck(door.coil)

    def weld(self, number: int, on: bool) -> None:
        """The output of a lock stays on once it went on, or is mended; its board reads its outputs back."""
        door = self.doors.by_number[number]
        door.weld(on)
        board = door.coil.board
        if not on and self.habits.get(board, BoardHabit.FINE).answers:
            self._tell(lambda _: DeviceRecovered(board, "board"))
            self.tell_board(board)

    def _disturbed(self) -> None:
        self.disturbances += 1
        self.disturbed_ms = self.doors.now_ms

    @property
    def is_fine(self) -> bool:
        """Whether every reader and board is there and answers as it should."""
        return not self.unplugged and all(habit is BoardHabit.FINE for habit in self.habits.values())

    def input(self, name: str, kind: str, active: bool) -> None:
        """A contact of the bank itself: tamper, mains, undervoltage."""
        (self.active.add if active else self.active.discard)(name)
        self._tell(lambda at_ms: InputSensed(name, kind, active, at_ms))  # type: ignore[arg-type]

    def _stuck(self, coil: Coil) -> None:
        if self.habits.get(coil.board, BoardHabit.FINE).answers:
            self._tell(lambda _: DeviceFault(coil.board, "board", "stays_on", f"channel {coil.channel} stays on"))

    def _sensed(self, door: SimulatedDoor) -> None:
        if self.habits.get(door.coil.board, BoardHabit.FINE).answers:
            self._tell(lambda at_ms: DoorSensed(door.coil.board, door.coil.channel, door.sensed_open, at_ms))

    def _tell(self, event: Callable[[int], DeviceEvent]) -> None:
        if self._drivers is not None:
            self._drivers.tell(event)


class _Drivers:
    """The way from the devices to the program of one life: into its loop, as foreign threads do it."""

    def __init__(self, life: Life, emit: Emit, mono_ms: MonoMs) -> None:
        self.life = life
        self.emit = emit
        self.mono_ms = mono_ms
        self.listens = False

    def tell(self, event: Callable[[int], DeviceEvent]) -> None:
        if self.listens:
            self.life.call_soon(self.emit, event(self.mono_ms()))

    def tell_later(self, ms: int, event: Callable[[int], DeviceEvent]) -> None:
        self.life.call_later(ms / 1_000, lambda: self.emit(event(self.mono_ms())))


class _Board:
    """A lock board whose coils are kept by a pulse keeper (see `hw.locks.kept`)."""

    def __init__(self, name: str, pulse_ms: int, devices: Devices, guard: ReleaseGuard, drivers: _Drivers) -> None:
        self.name = name
        self.pulse_ms = pulse_ms
        self._devices = devices
        self._guard = guard
        self._drivers = drivers

    @property
    def _habit(self) -> BoardHabit:
        return self._devices.habits.get(self.name, BoardHabit.FINE)

    async def start(self) -> None:
        """All coils off; then every contact is told once."""
        self._devices.doors.all_off()
        self._drivers.listens = True
        self._devices.tell_board(self.name)

    def release(self, channel: int, permit: Permit) -> None:
        """See hw.ports.LockBoard; a program that has died releases nothing."""
        if self._drivers.life.ended:
            return
        habit = self._habit
        if habit is BoardHabit.UNPLUGGED:
            self._guard.withdraw(permit)
            self._failed(channel, "closed", 0)
            return
        coil = Coil(self.name, channel)
        try:
            self._guard.consume(permit, coil, self.pulse_ms)
        except ReleaseForbidden:
            self._guard.withdraw(permit)
            self._failed(channel, "refused_by_guard", 0)
            return
        acted = habit is not BoardHabit.DEAD and self._devices.doors.pulse(coil, self.pulse_ms, permit.number)
        if habit is not BoardHabit.FINE:
            self._failed(channel, "no_reply", NO_REPLY_AFTER_MS)
        elif acted:
            self._drivers.tell_later(CONFIRMED_AFTER_MS, lambda at_ms: LockAccepted(self.name, channel, at_ms))
        else:
            self._failed(channel, "refused_by_guard", CONFIRMED_AFTER_MS)

    def all_off(self) -> None:
        """Drop every coil."""
        if not self._drivers.life.ended:
            self._devices.doors.all_off()

    async def stop(self) -> None:
        """All coils off."""
        self.all_off()

    def _failed(self, channel: int, code: str, after_ms: int) -> None:
        self._drivers.tell_later(after_ms, lambda at_ms: LockFailed(self.name, channel, code, at_ms))


class _Reader:
    """A reader: all that its driver does is find it in its port, or not."""

    def __init__(self, name: str, devices: Devices, drivers: _Drivers) -> None:
        self.name = name
        self._devices = devices
        self._drivers = drivers

    async def start(self) -> None:
        """A reader that is not there is told."""
        if self.name in self._devices.unplugged:
            self._drivers.tell(lambda _: DeviceFault(self.name, "reader", "missing", "there is no such port"))

    async def stop(self) -> None:
        """Read no more."""


class _Light:
    """Light and buzzer at a reader: what they last showed to whoever stands there."""

    def __init__(self, reader: str, devices: Devices, life: Life) -> None:
        self.name = f"light of {reader}"
        self.reader = reader
        self._devices = devices
        self._life = life

    async def start(self) -> None:
        """Dark."""

    def show(self, signal: Signal) -> None:
        """The person sees it."""
        if not self._life.ended:
            self._devices.shown[self.reader] = signal
            self._devices.on_shown(self.reader, signal)

    def close(self) -> None:
        """Dark."""
