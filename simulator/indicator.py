"""The lights and the buzzer beside the reader, on pins of the Pi, and what they showed lately."""

import time
from collections import deque
from dataclasses import dataclass

from simulator.machine import Machine

LIGHTS_KEPT = 50


@dataclass(frozen=True, slots=True)
class LightChange:
    """What the light and the buzzer beside the reader did from one moment on (unix milliseconds)."""

    light: str
    buzzer: bool
    at: int


class Indicator:
    """`lights` and `buzzer` say which pins; each is held off by a resistor while nothing drives it."""

    def __init__(self, machine: Machine, lights: dict[str, int], buzzer: int | None) -> None:
        self.changes: deque[LightChange] = deque(maxlen=LIGHTS_KEPT)
        self._pi = machine.pi
        self._lights = lights
        self._buzzer = buzzer
        for pin in (*lights.values(), *(() if buzzer is None else (buzzer,))):
            machine.pi.fit(pin, "down")
            machine.listen(pin, self._level_changed)

    @property
    def light(self) -> str:
        """What is lit, read from the pins: "green", "red", "amber", several with "+", or "off"."""
        return "+".join(name for name, line in self._lights.items() if self._pi.read(line)) or "off"

    @property
    def buzzer(self) -> bool:
        """Whether the buzzer sounds."""
        return self._buzzer is not None and self._pi.read(self._buzzer)

    def _level_changed(self, _level: bool, _at_ms: float) -> None:
        self.changes.append(LightChange(self.light, self.buzzer, time.time_ns() // 1_000_000))
