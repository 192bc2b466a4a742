"""One simulated bank, whole: its doors, its boards and reader on ptys, its Pi on a socket, all on one event loop."""

import asyncio
import time
from collections.abc import Callable
from random import Random

from simulator.devices import SharedLine, Unlock
from simulator.errors import NotAvailableError, NotPossibleError, UnknownNameError
from simulator.physics import Door
from simulator.pi import SimulatedPi
from simulator.pi_server import PiServer
from simulator.pty_port import PtyPort
from simulator.readers import id20la, rdm6300
from simulator.readers.presentation import Presentation
from simulator.scenario import BankPlan, Places, XorPlan
from simulator.serial_boards.xor_board import XorBoard
from simulator.wiring import Channel, Wiring

FRAMES = {"rdm6300": rdm6300.frame, "id12la": id20la.frame}
TURNAROUND_MS = 2.0  # between the last byte of a request and the first of the answer


def _nobody() -> None:
    """Nobody watches."""


def _ignored(_byte: int, _at_ms: float) -> None:
    """A reader does not listen."""


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
        self.badges = {badge.label: badge for badge in plan.badges}
        self.presentation = Presentation(FRAMES[plan.reader], seed)
        self.pi = SimulatedPi(strict_gpiod=strict_gpiod)
        self._numbers = {(board, channel): number for number, board, channel in plan.lockers()}
        self._sensed = dict.fromkeys(self.doors, False)
        self._timer: asyncio.TimerHandle | None = None
        self.wiring = Wiring(plan, self.pi, Random(seed), self._coil_pin_changed, self._light_changed)
        self._pins = PiServer(self.pi, places.pins, self.wiring.level_changed)
        baud = 9600 if pacing else None
        self._turnaround_ms = TURNAROUND_MS if pacing else 0.0
        self.reader_port = PtyPort(places.reader, _ignored, baud)
        self.boards = {name: self._xor_board(name, b) for name, b in plan.boards.items() if isinstance(b, XorPlan)}
        self._line = SharedLine(self.boards.values())
        self.boards_port = PtyPort(places.boards, self._byte_arrived, baud)

    async def start(self) -> None:
        """Plug everything in: the ptys and the pins' socket are there when this returns."""
        self._loop = asyncio.get_running_loop()
        self.places.folder.mkdir(parents=True, exist_ok=True)
        await self._pins.start()
        self.reader_port.plug()
        if self.boards:
            self.boards_port.plug()

    async def stop(self) -> None:
        """Unplug everything and forget what was going to happen."""
        if self._timer is not None:
            self._timer.cancel()
        self.wiring.stop()
        self.reader_port.unplug()
        self.boards_port.unplug()
        await self._pins.stop()

    def tap(self, label: str, held_ms: float) -> None:
        """Somebody holds a badge to the reader, after those who wait there.

        Raises UnknownNameError, and NotPossibleError for a reader without cable or power.
        """
        badge = self.badges.get(label)
        if badge is None:
            raise UnknownNameError("badge", label, self.badges)
        if not self.reader_port.plugged:
            raise NotPossibleError("the reader is unplugged: clear the fault reader_unplugged first")
        if not self.powered:
            raise NotPossibleError("the bank has no power: clear the fault power_cut first")
        self.presentation.hold(badge.number, held_ms, self.now())
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

    def power(self, on: bool) -> None:
        """Mains and battery fail, or come back: coils drop, boards fall silent, the Pi is as after its boot."""
        self.powered = on
        if not on:
            now = self.now()
            for board in self.boards.values():
                board.power_off(now)
            self.presentation.clear()
            self._pins.hang_up()
            self.pi.reboot(time.monotonic_ns())
        self.settle()

    def serial_boards(self) -> list[XorBoard]:
        """The boards on the RS-485 line. Raises NotAvailableError for a bank that has none."""
        if not self.boards:
            raise NotAvailableError(f"{self.plan.name} has no serial board: its locks are on the pins of its Pi")
        return list(self.boards.values())

    def now(self) -> float:
        """The monotonic clock, in milliseconds."""
        return time.monotonic() * 1000

    def settle(self) -> None:
        """Let everything happen that is due, pass it on to the wires, and set the timer for what comes next."""
        now = self.now()
        if self.powered:
            self._send_badge_frames(now)
        for board in self.boards.values():
            board.advance(now)
        for channel, number in self._numbers.items():
            door = self.doors[number]
            door.advance(now)
            if door.sensed_open != self._sensed[number]:
                self._sensed[number] = door.sensed_open
                self._sensor_changed(channel, door.sensed_open)
        self.on_change()
        self._arm()

    def _arm(self) -> None:
        waiting = (*self.boards.values(), *self.doors.values(), *((self.presentation,) if self.powered else ()))
        due = min(each.due() for each in waiting)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due < float("inf"):
            self._timer = self._loop.call_at(due / 1000, self.settle)

    def _send_badge_frames(self, now: float) -> None:
        frames = self.presentation.advance(now)
        if frames:
            self.reader_port.send(frames)
            if self.on_badge_frame is not None:
                self.on_badge_frame(self.now())

    def _xor_board(self, name: str, plan: XorPlan) -> XorBoard:
        def feedback(channel: int) -> bool:
            return self.doors[self._numbers[name, channel]].sensed_open

        def on_coil(channel: int, on: bool, at: float) -> None:
            self._energise((name, channel), on, at)

        return XorBoard(
            plan.address,
            plan.channels,
            feedback,
            on_coil,
            plan.open_bit,
            plan.byte_order,
            plan.open_reply,
            plan.unsolicited,
            plan.timed_open,
        )

    def _byte_arrived(self, byte: int, at_ms: float) -> None:
        if not self.powered:
            return
        answer, unlocks = self._line.byte(byte, at_ms)
        if unlocks and self.on_unlock is not None:
            for unlock in unlocks:
                self.on_unlock(unlock)
        self.boards_port.send(answer, self._turnaround_ms)
        if unlocks:
            self.settle()

    def _light_changed(self) -> None:
        self.on_change()

    def _coil_pin_changed(self, channel: Channel, on: bool, at: float) -> None:
        self._energise(channel, on, at)
        self.settle()

    def _energise(self, channel: Channel, on: bool, at: float) -> None:
        door = self.doors[self._numbers[channel]]
        if on and self.jam_next:
            self.jam_next = False
            door.jam(True, at)
        door.energise(on, at)

    def _sensor_changed(self, channel: Channel, is_open: bool) -> None:
        if channel[0] not in self.boards:
            self.wiring.move_contact(channel, is_open)
        elif self.powered:
            self.boards_port.send(self.boards[channel[0]].feedback_changed(channel[1]))
