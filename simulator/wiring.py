"""What is soldered to a simulated Pi: coil drivers, bouncing door contacts, the lights and buzzer beside the reader."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from simulator.pi import SimulatedPi
from simulator.scenario import BankPlan, GpioPlan

BOUNCE_MS = (0.5, 1.0)  # of a reed contact (hardware.md, Electricity)
LIGHTS_KEPT = 50

Channel = tuple[str, int]


@dataclass(frozen=True, slots=True)
class LightChange:
    """What the light and the buzzer beside the reader did from one moment on (unix milliseconds)."""

    light: str
    buzzer: bool
    at: int


class Wiring:
    """The circuits of one bank's plan on its Pi.

    `on_coil(board_and_channel, on, at_ms)` hears every switching of a coil, `on_light()` every change of a light.
    """

    def __init__(
        self,
        plan: BankPlan,
        pi: SimulatedPi,
        random: Random,
        on_coil: Callable[[Channel, bool, float], None],
        on_light: Callable[[], None],
    ) -> None:
        self.light_changes: deque[LightChange] = deque(maxlen=LIGHTS_KEPT)
        self._pi = pi
        self._random = random
        self._on_coil = on_coil
        self._on_light = on_light
        self._coils: dict[int, tuple[Channel, bool]] = {}
        self._contacts: dict[Channel, int] = {}
        self._bounces: dict[int, asyncio.TimerHandle] = {}
        self._lights = {} if plan.light is None else plan.light.lines()
        self._buzzer = None if plan.light is None else plan.light.buzzer
        for name, board in plan.boards.items():
            if isinstance(board, GpioPlan):
                self._solder(name, board)
        for line in self._lights.values():
            pi.fit(line, "down")
        if self._buzzer is not None:
            pi.fit(self._buzzer, "down")

    @property
    def light(self) -> str:
        """What is lit, read from the pins: "green", "red", "amber", several with "+", or "off"."""
        return "+".join(name for name, line in self._lights.items() if self._pi.read(line)) or "off"

    @property
    def buzzer(self) -> bool:
        """Whether the buzzer sounds."""
        return self._buzzer is not None and self._pi.read(self._buzzer)

    def level_changed(self, line: int, level: bool, at_ns: int) -> None:
        """The Pi says that a line took another level."""
        if line in self._coils:
            channel, active_high = self._coils[line]
            self._on_coil(channel, level == active_high, at_ns / 1e6)
        elif line == self._buzzer or line in self._lights.values():
            self.light_changes.append(LightChange(self.light, self.buzzer, time.time_ns() // 1_000_000))
            self._on_light()

    def move_contact(self, channel: Channel, is_open: bool) -> None:
        """A door moved its contact, which flickers for up to a millisecond before it rests."""
        line = self._contacts[channel]
        rest_at, other = (None, False) if is_open else (False, None)
        start = time.monotonic_ns()
        flickers = 2 * self._random.randint(1, 2) - 1
        offsets = sorted(self._random.uniform(0.05, BOUNCE_MS[0]) for _ in range(flickers))
        offsets.append(self._random.uniform(*BOUNCE_MS))
        self._pi.wire(line, rest_at, start)

        def rest() -> None:
            del self._bounces[line]
            for index, offset_ms in enumerate(offsets):
                self._pi.wire(line, rest_at if index % 2 else other, start + int(offset_ms * 1e6))

        if line in self._bounces:
            self._bounces.pop(line).cancel()
        self._bounces[line] = asyncio.get_running_loop().call_later(BOUNCE_MS[1] / 1000, rest)

    def stop(self) -> None:
        """Let no contact bounce any more."""
        for timer in self._bounces.values():
            timer.cancel()
        self._bounces.clear()

    def _solder(self, name: str, board: GpioPlan) -> None:
        """Each driver's input is held off by a resistor; each contact leads to ground while its door is closed."""
        for channel, (lock, contact) in enumerate(zip(board.locks, board.doors, strict=True), start=1):
            self._coils[lock] = ((name, channel), board.active_high)
            self._contacts[name, channel] = contact
            self._pi.fit(lock, "down" if board.active_high else "up")
            self._pi.solder(contact, False)
