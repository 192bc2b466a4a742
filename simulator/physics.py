"""One door with its latch, coil and sensor. No clock and no I/O: every method is told the time, in milliseconds."""

import math
from dataclasses import dataclass
from enum import Enum

from simulator.errors import NotPossibleError

PULL_IN_MS = 20.0  # a solenoid needs this long to draw the bolt; a shorter pulse does nothing
SPRING_MS = 60.0  # from the bolt being drawn until the spring has pushed the door off its sensor: 80 ms in all
NEVER = math.inf


class Sensor(Enum):
    """What is wrong with a door's sensor: a contact that is closed while the door is (hardware.md, Electricity)."""

    FINE = "fine"
    CUT = "cut"
    STUCK_CLOSED = "stuck_closed"


@dataclass(slots=True)
class Door:
    """A spring-loaded door behind a rotary latch: once released it stays free until the door is pushed shut.

    `closes_after_ms` is the person who takes their time and pushes the door shut; None leaves it to someone else.
    """

    closes_after_ms: float | None = None
    open: bool = False
    coil: bool = False
    jammed: bool = False
    forced: bool = False
    """Broken open since it was last pushed shut."""
    sensor: Sensor = Sensor.FINE
    welded: bool = False
    """The relay's contacts stuck together: its coil no longer goes off."""
    releases: int = 0
    last_pulse_ms: float | None = None
    energised_ms: float = 0.0
    """Time energised in all the pulses that ended."""
    _driven: bool = False
    _coil_since: float = 0.0
    _free_since: float | None = None
    _person_at: float = NEVER

    @property
    def sensed_open(self) -> bool:
        """What the sensor's wire says; it is wired normally closed, so a cut wire reads open."""
        if self.sensor is Sensor.FINE:
            return self.open
        return self.sensor is Sensor.CUT

    @property
    def latched(self) -> bool:
        """Whether the latch holds the door shut."""
        return not self.open and self._free_since is None

    def energise(self, on: bool, now: float) -> None:
        """The board or the pin switches the coil."""
        self.advance(now)
        self._driven = on
        if on and not self.coil:
            self.coil, self._coil_since = True, now
            self.releases += 1
        elif not on and self.coil and not self.welded:
            self._coil_off(now)

    def weld(self, on: bool, now: float) -> None:
        """The relay's contacts weld together, or are knocked apart again."""
        self.advance(now)
        self.welded = on
        if not on and self.coil and not self._driven:
            self._coil_off(now)

    def jam(self, on: bool, now: float) -> None:
        """The door sticks in its frame, or comes free again."""
        self.advance(now)
        self.jammed = on
        if self._free_since is not None:
            self._free_since = now

    def pull(self, now: float) -> None:
        """A person pulls the handle. Raises NotPossibleError while the latch or a jam holds the door."""
        self.advance(now)
        if self.open:
            return
        if self.latched:
            raise NotPossibleError("the door is closed and latched: release it with a badge, or force it")
        if self.jammed:
            raise NotPossibleError("the door is jammed and does not move: clear the jam, or force it")
        self._opened(now)

    def push(self, now: float) -> None:
        """A person pushes the door shut; it latches, unless the coil is holding the latch free just then."""
        self.advance(now)
        if self.open:
            self._shut(now)

    def force(self, now: float) -> None:
        """Somebody breaks the door open, latched or jammed."""
        self.advance(now)
        if not self.open:
            self.forced = True
            self._opened(now)

    def due(self) -> float:
        """When something will next happen by itself; NEVER (infinity) if nothing will."""
        return min(self._draws_at(), self._springs_at(), self._person_at)

    def advance(self, now: float) -> None:
        """Let time pass until `now`: the bolt draws, the spring pushes, the person closes, each at its own moment."""
        while (at := self.due()) <= now:
            if at == self._draws_at():
                self._free_since = at
            elif at == self._springs_at():
                self._opened(at)
            else:
                self._shut(at)

    def _draws_at(self) -> float:
        return self._coil_since + PULL_IN_MS if self.coil and self.latched else NEVER

    def _springs_at(self) -> float:
        if self.open or self.jammed or self._free_since is None:
            return NEVER
        return self._free_since + SPRING_MS

    def _opened(self, at: float) -> None:
        self.open = True
        if self._free_since is None:
            self._free_since = at
        if self.closes_after_ms is not None:
            self._person_at = at + self.closes_after_ms

    def _shut(self, at: float) -> None:
        self.open = self.forced = False
        self._person_at = NEVER
        self._free_since = at if self.coil else None

    def _coil_off(self, now: float) -> None:
        self.coil = False
        self.last_pulse_ms = now - self._coil_since
        self.energised_ms += self.last_pulse_ms
        if self.jammed and not self.open:
            self._free_since = None
