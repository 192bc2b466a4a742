"""Waveshare-type Modbus RTU relay boards, with their inputs as door contacts; several on one RS-485 line."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Annotated, Literal

import msgspec

from hw.frames import modbus_rtu as frames
from hw.frames.replies import BoardReply, CoilsReply, OffReply, OpenReply, Refusal, StatusReply
from hw.locks.rs485_line import LineProtocol, Request, Rs485Line
from hw.locks.serial_board import SerialBoard, opened_of
from hw.parts import Parts
from hw.ports import Emit
from hw.release_guard import ACTING_MS
from hw.settings import PULSE_MAX_MS, PULSE_MIN_MS, DeviceSettings, PortPath, Wiring

# Modbus RTU: 3.5 characters between frames (3.7 ms at 9600 baud); never less than 1.75 ms.
GAP_MS = {4800: 9, 9600: 5, 19200: 3, 38400: 3, 57600: 3, 115200: 3}
STOP_WITHIN_S = 0.5  # how long a stop waits for the board's word that all is off: its own timers end every pulse anyway
EVERY_COIL = 0  # as a channel, in the list of coils to switch off
LATE_MS = 200  # the boards' timers count in steps of 100 ms
LOOK_WITHIN_MS = 90  # errands wait while the doors have not been looked at for longer
STAYS_ON_EVERY_MS = 1000  # how often a coil that stays on is switched off again

Input = Annotated[int, msgspec.Meta(ge=1, le=frames.MAX_CHANNEL)]


class ModbusRelaySettings(DeviceSettings, frozen=True, tag="modbus_relay"):
    """One board. `doors[0]` is the input of channel 1's door contact, `latches[0]` that of its latch contact.

    Contacts are wired normally closed, so that a cut wire reads open: an input of 0 (`open_bit`) is open. Without
    `doors` nobody can tell whether a door opened. The outputs must carry a lock: those of the IO-8CH (500 mA) cannot.
    """

    port: PortPath
    address: Annotated[int, msgspec.Meta(ge=1, le=frames.MAX_ADDRESS)] = 1
    channels: Annotated[int, msgspec.Meta(ge=1, le=frames.MAX_CHANNEL)] = 8
    doors: list[Input] = msgspec.field(default_factory=list)
    latches: list[Input] = msgspec.field(default_factory=list)
    open_bit: Literal[0, 1] = 0
    baud: Literal[4800, 9600, 19200, 38400, 57600, 115200] = 9600
    pulse_ms: Annotated[int, msgspec.Meta(ge=PULSE_MIN_MS, le=PULSE_MAX_MS)] | None = None

    def __post_init__(self) -> None:
        for name, inputs in (("doors", self.doors), ("latches", self.latches)):
            if inputs and len(inputs) != self.channels:
                raise ValueError(
                    f"{name}: {len(inputs)} inputs for {self.channels} channels; allowed: one for each, or none"
                )
        if self.latches and not self.doors:
            raise ValueError("latches: they tell nothing without doors; a single contact goes under doors")
        if len({*self.doors, *self.latches}) < len(self.doors) + len(self.latches):
            raise ValueError("doors: an input stands there twice; allowed: each input once, latches included")
        if self.pulse_ms is not None and self.pulse_ms % frames.STEP_MS:
            raise ValueError(f"pulse_ms: the board counts in steps of {frames.STEP_MS}; allowed: 100, 200, ... 1000")

    def wiring(self) -> Wiring:
        return Wiring(port=self.port, bus=f"modbus at {self.baud} baud", address=self.address, channels=self.channels)


class ModbusRelay(SerialBoard):
    """One relay board. Releases are timed pulses that it ends by itself; an explicit off follows each all the same.

    After that, and whenever the port comes up, it asks which coils are driven: one that stays on is a fault.
    """

    def __init__(
        self, name: str, settings: ModbusRelaySettings, pulse_ms: int, line: Rs485Line[ModbusRelay], emit: Emit
    ) -> None:
        self._settings = settings
        self._off_due_ms: dict[int, int] = {}  # channel, or EVERY_COIL -> when it is to be switched off
        self._asked_off: int | None = None
        self._pulse_until_ms: dict[int, int] = {}
        self._coils_unseen = False
        self._stays_on = False
        self._looked_ms = 0
        self._all_told = asyncio.Event()  # no coil is left to be switched off
        self._all_told.set()
        super().__init__(name, settings.address, settings.channels, pulse_ms, line, emit)

    def question(self, now_ms: int) -> Request:
        """The inputs; in between, a coil that is to be switched off, and then which coils are driven."""
        self._asked_off = None
        inputs = (*self._settings.doors, *self._settings.latches)
        late = bool(inputs) and now_ms - self._looked_ms > LOOK_WITHIN_MS and EVERY_COIL not in self._off_due_ms
        for channel, due_ms in self._off_due_ms.items():
            if due_ms <= now_ms and not late:
                self._asked_off = channel
                every = channel == EVERY_COIL
                frame = frames.all_off(self.address) if every else frames.coil_off(self.address, channel)
                return Request(frame, frames.WRITE_BYTES, OffReply, errand=True)
        if not inputs or (self._coils_unseen and not late):
            reply_bytes = frames.read_reply_bytes(self.channels)
            frame = frames.read_coils(self.address, self.channels)
            return Request(frame, reply_bytes, CoilsReply, errand=bool(inputs))
        count = max(inputs)
        return Request(frames.read_inputs(self.address, count), frames.read_reply_bytes(count), StatusReply)

    def opening(self, channel: int, now_ms: int) -> Request:
        """The timed pulse of one channel. Raises FrameError."""
        frame = frames.pulse_coil(self.address, channel, self.pulse_ms)
        self._asked_off = None
        if self._off_due_ms.pop(EVERY_COIL, None) is not None:  # it would cut this pulse short
            for each in range(1, self.channels + 1):
                self._switch_off(each, now_ms)
        self._pulse_until_ms[channel] = now_ms + self.pulse_ms + LATE_MS
        self._switch_off(channel, now_ms + self.pulse_ms + ACTING_MS)
        return Request(frame, frames.WRITE_BYTES, OpenReply)

    def heard(self, reply: BoardReply, now_ms: int) -> bool:
        """The inputs, the coils, the word that a coil is off, or that the board will not do what it was asked."""
        if isinstance(reply, StatusReply):
            self._inputs(reply.status, now_ms)
        elif isinstance(reply, CoilsReply):
            self._coils(reply.coils, now_ms)
        elif isinstance(reply, OffReply):
            self._was_switched_off(EVERY_COIL if reply.channel is None else reply.channel)
        elif isinstance(reply, Refusal) and reply.code != frames.BUSY:
            self._will_not(now_ms)
        return self._settled() and not self._has_errand(now_ms)

    def came_up(self, now_ms: int) -> None:
        """All off first: nobody knows what the board was told before."""
        self._switch_off(EVERY_COIL, now_ms)

    def all_off(self) -> None:
        """Drop the releases that have not gone out, and have every coil switched off."""
        super().all_off()
        if self._line.is_open:
            self._switch_off(EVERY_COIL, 0)
            self._line.ask_now(self)

    async def stop(self) -> None:
        """Every coil off, if the board still listens; then stop polling."""
        self.all_off()
        if self._line.is_open:
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_WITHIN_S):
                    await self._all_told.wait()
        await super().stop()

    def _switch_off(self, channel: int, due_ms: int) -> None:
        self._off_due_ms[channel] = due_ms
        self._all_told.clear()

    def _was_switched_off(self, channel: int) -> None:
        """The board's word for it; one that comes after the next release says nothing about that."""
        if channel == self._asked_off:
            self._asked_off = None
            self._off_done(channel)

    def _off_done(self, channel: int) -> None:
        if channel == EVERY_COIL:
            self._off_due_ms.clear()
            self._pulse_until_ms.clear()
        self._off_due_ms.pop(channel, None)
        self._pulse_until_ms.pop(channel, None)
        self._coils_unseen = True
        if not self._off_due_ms:
            self._all_told.set()

    def _will_not(self, now_ms: int) -> None:
        """The board refuses an off: look-alikes may not know the one for all coils, so each is switched off alone."""
        refused, self._asked_off = self._asked_off, None
        if refused is None or refused not in self._off_due_ms:
            return
        self._off_done(refused)
        if refused == EVERY_COIL:
            for channel in range(1, self.channels + 1):
                self._switch_off(channel, now_ms)

    def _has_errand(self, now_ms: int) -> bool:
        return self._coils_unseen or any(due_ms <= now_ms for due_ms in self._off_due_ms.values())

    def _inputs(self, status: bytes, now_ms: int) -> None:
        if len(status) * 8 < max(*self._settings.doors, *self._settings.latches, 1):
            return  # the reply to a question that somebody else asked
        self._looked_ms = now_ms
        opened = opened_of(int.from_bytes(status, "little"), self._settings.open_bit, len(status) * 8)
        if not self._stays_on:
            self._health.well()
        if self._settings.doors:
            self._sense("door", _picked(opened, self._settings.doors), now_ms)
        if self._settings.latches:
            self._sense("latch", _picked(opened, self._settings.latches), now_ms)

    def _coils(self, coils: bytes, now_ms: int) -> None:
        """A coil that is driven although no pulse of ours is under way is switched off again, and told."""
        self._coils_unseen = False
        driven = int.from_bytes(coils, "little")
        stuck = [each for each in range(1, self.channels + 1) if driven >> each - 1 & 1 and self._is_idle(each, now_ms)]
        for channel in stuck:
            if channel not in self._off_due_ms:
                self._switch_off(channel, now_ms + (STAYS_ON_EVERY_MS if self._stays_on else 0))
        self._stays_on = bool(stuck)
        if stuck:
            channels = ", ".join(map(str, stuck))
            self._health.fault("stays_on", f"channel {channels} stays on: cut the locks' supply and change the board")
        else:
            self._health.well()

    def _is_idle(self, channel: int, now_ms: int) -> bool:
        return now_ms >= self._pulse_until_ms.get(channel, 0)


def _picked(opened: int, inputs: list[int]) -> int:
    """The bits of these inputs in the order of the channels."""
    return sum((opened >> number - 1 & 1) << index for index, number in enumerate(inputs))


def protocol(settings: ModbusRelaySettings) -> LineProtocol[ModbusRelay]:
    """What a board with these settings speaks."""
    return LineProtocol(settings.baud, frames.classify, frames.ModbusDecoder, gap_ms=GAP_MS[settings.baud])


def build(name: str, settings: ModbusRelaySettings, parts: Parts) -> ModbusRelay:
    """The board, on the one line of its port. The bank's pulse counts for it in whole steps of the board's timer."""
    line = parts.shared(
        ("rs485_line", settings.port),
        lambda: Rs485Line(settings.port, protocol(settings), parts.guard, parts.mono_ms),
    )
    steps = max(1, round((settings.pulse_ms or parts.pulse_ms) / frames.STEP_MS))
    return ModbusRelay(name, settings, steps * frames.STEP_MS, line, parts.emit)
