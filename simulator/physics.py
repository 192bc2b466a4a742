"""One door with its latch, coil and sensor. No clock and no I/O: every method is told the time, in milliseconds."""

from dataclasses import dataclass
from enum import Enum

from simulator.devices import NEVER
from simulator.errors import NotPossibleError

PULL_IN_MS = 20.0  # a solenoid needs this long to draw the bolt; a shorter pulse does nothing
SPRING_MS = 60.0  # from the bolt being drawn until the spring has pushed the door off its sensor: 80 ms in all
CHATTER_MS = 120.0  # a bouncing contact changes its mind this often: too slow for any debouncing
HOT_AFTER_MS = 10_000.0  # a coil made for pulses of 0.3 s, when it is left on


class Sensor(Enum):
    """What is wrong with a door's sensor: a contact that is closed while the door is."""

    FINE = "fine"
    CUT = "cut"
    STUCK_CLOSED = "stuck_closed"
    BOUNCING = "bouncing"


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
    pried: bool = False
    """Open around a bolt that is still thrown, since it was last pushed shut."""
    catches: bool = True
    """Whether the latch catches when the door is pushed shut; without, it only leans on its frame."""
    ajar: bool = False
    """Leaning on its frame with the latch free."""
    sensor: Sensor = Sensor.FINE
    latch_sensor: Sensor = Sensor.FINE
    """The second sensor, where the board has one: open while the bolt holds nothing."""
    welded: bool = False
    """The relay's contacts stuck together: its coil no longer goes off."""
    hot: bool = False
    """The coil has been on for so long that it burns."""
    releases: int = 0
    last_pulse_ms: float | None = None
    energised_ms: float = 0.0
    """Time energised in all the pulses that ended."""
    _driven: bool = False
    _stuck_on: bool = False
    _coil_since: float = 0.0
    _free_since: float | None = None
    _person_at: float = NEVER
    _chatter: bool = False
    _chatter_at: float = 0.0

    @property
    def sensed_open(self) -> bool:
        """What the door sensor's wire says; it is wired normally closed, so a cut wire reads open."""
        return self._sensed(self.sensor, self.open)

    @property
    def latch_sensed_open(self) -> bool:
        """What the latch sensor's wire says."""
        return self._sensed(self.latch_sensor, self._free_since is not None)

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

    def supply(self, on: bool, now: float) -> None:
        """The current of the coil is cut or comes back: through welded contacts it flows again at once."""
        self.advance(now)
        if on and self.welded and self._stuck_on:
            self.coil, self._coil_since = True, now
        elif not on and self.coil:
            self._stuck_on = self.welded
            self._driven = False
            self._coil_off(now)

    def jam(self, on: bool, now: float) -> None:
        """The door sticks in its frame, or comes free again."""
        self.advance(now)
        self.jammed = on
        if self._free_since is not None:
            self._free_since = now

    def catch(self, on: bool, now: float) -> None:
        """The latch catches again, or no longer does; a free door is then pushed to."""
        self.advance(now)
        self.catches = on
        if self.ajar if on else self.open:
            self._shut(now)

    def pry(self, now: float) -> None:
        """Somebody bends the door open around its bolt."""
        self.advance(now)
        if not self.open:
            self.open = self.pried = True
            self.ajar = False

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
        if self.open or self.ajar:
            self._shut(now)

    def force(self, now: float) -> None:
        """Somebody breaks the door open, latched or jammed."""
        self.advance(now)
        if not self.open:
            self.forced = True
            self._opened(now)

    def due(self) -> float:
        """When something will next happen by itself; NEVER (infinity) if nothing will."""
        hot_at = self._coil_since + HOT_AFTER_MS if self.coil and not self.hot else NEVER
        bounces = self.sensor is Sensor.BOUNCING or self.latch_sensor is Sensor.BOUNCING
        return min(self._moves_at(), hot_at, self._chatter_at if bounces else NEVER)

    def advance(self, now: float) -> None:
        """Let time pass until `now`: the bolt draws, the spring pushes, the person closes, each at its own moment."""
        while (at := self._moves_at()) <= now:
            if at == self._draws_at():
                self._free_since = at
            elif at == self._springs_at():
                self._opened(at)
            else:
                self._shut(at)
        self.hot = self.coil and now >= self._coil_since + HOT_AFTER_MS
        if now >= self._chatter_at:
            self._chatter = not self._chatter
            self._chatter_at = now + CHATTER_MS

    def _sensed(self, sensor: Sensor, is_open: bool) -> bool:
        match sensor:
            case Sensor.FINE:
                return is_open
            case Sensor.BOUNCING:
                return self._chatter
            case _:
                return sensor is Sensor.CUT

    def _moves_at(self) -> float:
        return min(self._draws_at(), self._springs_at(), self._person_at)

    def _draws_at(self) -> float:
        return self._coil_since + PULL_IN_MS if self.coil and self._free_since is None else NEVER

    def _springs_at(self) -> float:
        if self.open or self.jammed or self.ajar or self._free_since is None:
            return NEVER
        return self._free_since + SPRING_MS

    def _opened(self, at: float) -> None:
        self.open = True
        self.ajar = False
        if self._free_since is None:
            self._free_since = at
        if self.closes_after_ms is not None:
            self._person_at = at + self.closes_after_ms

    def _shut(self, at: float) -> None:
        self.open = self.forced = self.pried = False
        self._person_at = NEVER
        self.ajar = not self.catches and self._free_since is not None
        if not self.ajar:
            self._free_since = at if self.coil else None

    def _coil_off(self, now: float) -> None:
        self.coil = self.hot = False
        self.last_pulse_ms = now - self._coil_since
        self.energised_ms += self.last_pulse_ms
        if self.jammed and not self.open:
            self._free_since = None
