"""One locker inside the controller: the table of its control states, its door as observed, its lock's rest and duty.

It does not decide who may open, nor when its turn comes: see access.py and releases.py.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

from controller.bank_config import LockerConfig
from controller.errors import TransitionError
from hw.release_guard import ACTING_MS, DUTY_WINDOW_MS

# The guard reads its own clock a little after ours: without this a release could come to it a hair too early.
JITTER_MS = 20
# A sensor is believed for so many releases after it was last seen to change.
RETRY_SENSOR_RELEASES = 3
# A board that works again has told within this time what has changed.
SEEN_AGAIN_MS = 1_000


class State(Enum):
    """Where a locker stands in the life of a release."""

    IDLE = "idle"
    QUEUED = "queued"  # a release waits for its turn
    INTENDED = "intended"  # its intent is on the way to the disk
    ENERGISED = "energised"  # the pulse was asked for; neither board nor door has answered
    ACCEPTED = "accepted"  # the board acted; the door is awaited
    UNCONFIRMED = "unconfirmed"  # the board did not confirm, but the lock may have moved
    OPENED = "opened"  # the door opened before the board answered


class Event(Enum):
    """What moves it."""

    REQUESTED = "requested"
    INTENDED = "intended"
    DROPPED = "dropped"  # given up before its coil
    ENERGISED = "energised"
    ACCEPTED = "accepted"
    UNCONFIRMED = "unconfirmed"
    NOT_SENT = "not_sent"  # nothing went out to the board
    DOOR_OPENED = "door_opened"
    TIMED_OUT = "timed_out"


TRANSITIONS: Mapping[tuple[State, Event], State] = MappingProxyType(
    {
        (State.IDLE, Event.REQUESTED): State.QUEUED,
        (State.QUEUED, Event.INTENDED): State.INTENDED,
        (State.QUEUED, Event.DROPPED): State.IDLE,
        (State.INTENDED, Event.ENERGISED): State.ENERGISED,
        (State.INTENDED, Event.DROPPED): State.IDLE,
        (State.ENERGISED, Event.ACCEPTED): State.ACCEPTED,
        (State.ENERGISED, Event.UNCONFIRMED): State.UNCONFIRMED,
        (State.ENERGISED, Event.NOT_SENT): State.IDLE,
        (State.ENERGISED, Event.DOOR_OPENED): State.OPENED,
        (State.ENERGISED, Event.TIMED_OUT): State.IDLE,
        (State.ACCEPTED, Event.DOOR_OPENED): State.IDLE,
        (State.ACCEPTED, Event.TIMED_OUT): State.IDLE,
        (State.UNCONFIRMED, Event.DOOR_OPENED): State.IDLE,
        (State.UNCONFIRMED, Event.TIMED_OUT): State.IDLE,
        (State.OPENED, Event.ACCEPTED): State.IDLE,
        (State.OPENED, Event.UNCONFIRMED): State.IDLE,
        (State.OPENED, Event.NOT_SENT): State.IDLE,
        (State.OPENED, Event.TIMED_OUT): State.IDLE,
    }
)


class Pulse(NamedTuple):
    """When a coil went on, and when it counts as off (monotonic)."""

    start_ms: int
    end_ms: int


@dataclass(slots=True)
class Bay:
    """One locker. `door_open` and `latch_open` (its bolt holds nothing) are None until their sensors have
    spoken; `opened_ms` is when the open door was first seen, `left_open` that it stands so for longer than allowed.

    `opened_by` is the release that explains the open door; `sensor_proven` says that the sensor was seen to change,
    `releases_since_change` how many releases ago; `latch_proven` and `releases_since_latch` say the same of the
    latch. `latch_explained`: the drawn bolt is no riddle; `drawn_by` is the release that drew it. `unseen_ms`: since
    when its board tells nothing of its sensors; `missed`: that this was so at some time since the last release's coil.
    """

    number: int
    config: LockerConfig
    state: State = State.IDLE
    door_open: bool | None = None
    latch_open: bool | None = None
    latch_explained: bool = False
    latch_proven: bool = False
    releases_since_latch: int = 0
    drawn_by: str | None = None
    opened_ms: int | None = None
    left_open: bool = False
    opened_by: str | None = None
    sensor_proven: bool = False
    releases_since_change: int = 0
    last_release: str | None = None
    explained_until_ms: int = 0
    unseen_ms: int | None = None
    missed: bool = False
    pulses: deque[Pulse] = field(default_factory=deque)
    source: str = field(init=False)
    """Its name in faults."""

    def __post_init__(self) -> None:
        """Named once."""
        self.source = f"locker {self.number}"

    def apply(self, event: Event) -> None:
        """Take the table's transition. Raises TransitionError, and changes nothing, where it lists none."""
        state = TRANSITIONS.get((self.state, event))
        if state is None:
            raise TransitionError(self.state.value, event.value)
        self.state = state

    @property
    def latch_believed(self) -> bool:
        """Whether the latch sensor was seen to move lately enough to accuse or excuse anyone."""
        return self.latch_proven and self.releases_since_latch <= RETRY_SENSOR_RELEASES

    @property
    def seen_open(self) -> bool | None:
        """Whether its door stands open, as far as that could be seen all the time since the last release's coil."""
        return None if self.missed else self.door_open

    def lost_sight(self, mono_ms: int) -> None:
        """Its sensors tell nothing from here on."""
        self.unseen_ms = mono_ms if self.unseen_ms is None else self.unseen_ms
        self.missed = True

    def seen_again(self, mono_ms: int) -> None:
        """Its sensors tell again: if its door stands open now, a release whose outcome nobody saw has opened it."""
        if self.unseen_ms is not None and self.explained_until_ms >= self.unseen_ms and self.releases_since_change:
            self.explained_until_ms = max(self.explained_until_ms, mono_ms + SEEN_AGAIN_MS)
        self.unseen_ms = None

    @property
    def awaits_door(self) -> bool:
        """Whether a release of this locker could explain its door opening now."""
        return self.state in _AWAITS_DOOR

    @property
    def awaits_board(self) -> bool:
        """Whether the board still owes a word on a release of this locker."""
        return self.state in _AWAITS_BOARD

    def energised(self, release: str, mono_ms: int, explained_until_ms: int) -> None:
        """Note a pulse that begins now and explains the door's openings until then (a latch may chatter)."""
        self.pulsed(mono_ms, self.config.pulse_ms)
        self.releases_since_change += 1
        self.last_release = release
        self.explained_until_ms = explained_until_ms
        self.missed = self.unseen_ms is not None

    def pulsed(self, mono_ms: int, pulse_ms: int) -> None:
        """Count a pulse against the lock's rest and duty, as the guard does and a little more strictly."""
        self.pulses.append(Pulse(mono_ms, mono_ms + pulse_ms + ACTING_MS + JITTER_MS))

    def ready_ms(self, now_ms: int, rest_ms: int, duty_percent: int) -> int:
        """The earliest instant from `now_ms` at which the lock has rested and another pulse keeps its duty."""
        while self.pulses and self.pulses[0].end_ms + DUTY_WINDOW_MS <= now_ms:
            self.pulses.popleft()
        if not self.pulses:
            return now_ms
        ready = max(now_ms, self.pulses[-1].end_ms + rest_ms)
        budget_ms = DUTY_WINDOW_MS * duty_percent // 100 - (self.config.pulse_ms + ACTING_MS + JITTER_MS)
        used_ms = sum(end_ms - start_ms for start_ms, end_ms in self.pulses)
        for start_ms, end_ms in self.pulses:
            if used_ms <= budget_ms:
                break
            used_ms -= end_ms - start_ms
            ready = max(ready, end_ms + DUTY_WINDOW_MS)
        return ready


_AWAITS_DOOR = frozenset({State.ENERGISED, State.ACCEPTED, State.UNCONFIRMED})
_AWAITS_BOARD = frozenset({State.ENERGISED, State.OPENED})
