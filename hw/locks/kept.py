"""What every lock board does whose coils have no timer of their own: a pulse keeper owns them, and its lights."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from hw.errors import LineClosed, ReleaseForbidden
from hw.health import DeviceHealth
from hw.keeper_link import TOLD_TO_END, KeeperLink
from hw.parts import Parts
from hw.ports import Coil, DoorSensed, LockAccepted, LockFailed, Permit, SensorKind


class KeptBoard:
    """A lock board behind a pulse keeper that is started with `keeper`; `locks` and `lights` are its lines by channel.

    It does not decide whether a release is due, and its coils drop on time without the controller's help.
    `on_inputs` hears what the keeper sees of the contacts, on a board where the keeper looks at them.
    """

    def __init__(
        self,
        name: str,
        keeper: Sequence[str],
        locks: Sequence[int],
        lights: Sequence[int],
        pulse_ms: int | None,
        parts: Parts,
        on_inputs: Callable[[int], None] | None = None,
    ) -> None:
        self.name = name
        self.pulse_ms = pulse_ms or parts.pulse_ms
        self._locks = locks
        self._lights = lights
        self._lit: set[int] = set()
        self._guard = parts.guard
        self._mono_ms = parts.mono_ms
        self._emit = parts.emit
        self._health = DeviceHealth(name, "board", parts.emit)
        self._down: dict[str, tuple[str, str]] = {}  # "keeper", "door" and "latch": fault and detail
        self._unconfirmed: dict[int, int] = {}  # permit -> channel
        self._started = asyncio.Event()
        self._keeper = KeeperLink(
            keeper,
            on_ready=self._keeper_ready,
            on_answer=self._answered,
            on_lost=self._keeper_lost,
            on_inputs=on_inputs,
        )

    @property
    def keeper_pid(self) -> int | None:
        """The process that owns the coil lines, while there is one."""
        return self._keeper.pid

    async def start(self) -> None:
        """Start the keeper, which claims all coils off, then the contacts; waits for the keeper's first word."""
        self._keeper.start()
        self.start_contacts()
        await self._started.wait()

    def release(self, channel: int, permit: Permit) -> None:
        """Have the keeper pulse one coil; see `hw.ports.LockBoard`."""
        if not self._keeper.is_ready or not 1 <= channel <= len(self._locks):
            self._guard.withdraw(permit)
            self._failed(channel, "closed")
            return
        try:
            self._guard.consume(permit, Coil(self.name, channel), self.pulse_ms)
            self._keeper.pulse(self._locks[channel - 1], self.pulse_ms, permit.number)
        except ReleaseForbidden:
            self._guard.withdraw(permit)
            self._failed(channel, "refused_by_guard")
        except LineClosed:
            self._failed(channel, "closed")
        else:
            self._unconfirmed[permit.number] = channel

    def light(self, channel: int, on: bool) -> None:
        """Switch the light of one channel, where there is one; a keeper that is started again lights it again."""
        if 1 <= channel <= len(self._lights):
            (self._lit.add if on else self._lit.discard)(channel)
            self._keeper.light(self._lights[channel - 1], on)

    def all_off(self) -> None:
        """Drop all coils now."""
        self._keeper.all_off()

    async def stop(self) -> None:
        """Drop all coils, darken the lights, and let the hardware go."""
        self.stop_contacts()
        for channel in tuple(self._lit):
            self.light(channel, False)
        await self._keeper.stop()
        self._lose_unconfirmed()

    def start_contacts(self) -> None:
        """Begin to watch the contacts."""
        raise NotImplementedError

    def stop_contacts(self) -> None:
        """Watch them no more."""
        raise NotImplementedError

    def sensed(self, sensor: SensorKind, channel: int, is_open: bool, at_ms: int) -> None:
        """A contact of this board is known, or has changed."""
        self._emit(DoorSensed(self.name, channel, is_open, at_ms, sensor))

    def went_down(self, part: str, code: str, detail: str) -> None:
        """A part of the board cannot be used."""
        self._down[part] = (code, detail)
        self._health.fault(code, detail)

    def came_up(self, part: str) -> None:
        """A part of the board can be used again; the board is well once all can."""
        self._down.pop(part, None)
        if self._down:
            self._health.fault(*next(iter(self._down.values())))
        else:
            self._health.well()

    def _answered(self, verb: str, permit: int) -> None:
        if verb == "off":
            return
        channel = self._unconfirmed.pop(permit, None)
        if channel is None:
            return
        if verb == "on":
            self._emit(LockAccepted(self.name, channel, self._mono_ms()))
        else:
            self._failed(channel, "refused_by_guard")

    def _keeper_ready(self) -> None:
        self._started.set()
        for channel in self._lit:
            self._keeper.light(self._lights[channel - 1], True)
        self.came_up("keeper")

    def _keeper_lost(self, code: str, detail: str) -> None:
        self._started.set()
        if code != TOLD_TO_END:  # no fault of the board: the next one says so if it cannot be started
            self.went_down("keeper", code, detail)
        self._lose_unconfirmed()

    def _lose_unconfirmed(self) -> None:
        lost, self._unconfirmed = self._unconfirmed, {}
        for channel in lost.values():
            self._failed(channel, "keeper_lost")

    def _failed(self, channel: int, code: str) -> None:
        self._emit(LockFailed(self.name, channel, code, self._mono_ms()))


def keeper_words(**lines: Sequence[int] | str) -> list[str]:
    """Arguments of `hw.pulse_keeper`; empty ones are left out."""
    return [
        f"{key}={value if isinstance(value, str) else ','.join(map(str, value))}"
        for key, value in lines.items()
        if len(value)
    ]
