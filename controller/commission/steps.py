"""What the procedure asks for, one step at a time, and the answers it takes: all its contact with the world."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from controller.commission.progress import BoardFault, Progress, Sensed, Trial
from hw.ports import Coil


class Contact(NamedTuple):
    """One sensor of a board as the board's settings in the file read it: `sensor` is `door` or `latch`."""

    board: str
    channel: int
    sensor: str = "door"


@dataclass(frozen=True, slots=True)
class Look:
    """Read every sensor. Answer: Seen."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Read one kind of sensor of a board with the other polarity from now on. Answer: Reply.YES, SKIP if it cannot."""

    board: str
    sensor: str


@dataclass(frozen=True, slots=True)
class Pulse:
    """Release the locker's lock once and watch. Answer: Pulsed."""

    coil: Coil
    locker: int


@dataclass(frozen=True, slots=True)
class AskShut:
    """Ask the person to shut every door: `first` before the pulses, else after them. Answer: Reply.YES or STOP."""

    first: bool


@dataclass(frozen=True, slots=True)
class AskDoors:
    """Ask which doors opened; `seen` are those that the sensors speak of. Answer: Doors, or AGAIN, SKIP or STOP."""

    coil: Coil
    locker: int
    trial: Trial
    seen: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Tell:
    """Say something to the person. Answer: Reply.YES.

    `code`: `held` (not pulsed), `held_opened` (a held locker's door opened all the same), `board_fault`,
    `beside_silent`, `no_sensors`, `unknown_outcome` or `result`.
    """

    code: str
    lockers: tuple[int, ...] = ()
    board: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Keep:
    """Make the progress durable, and journal how this pulse ended. Answer: Reply.YES."""

    progress: Progress
    trial: Trial | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """Every sensor that has spoken (True: reads open by the file's settings), and the boards that do not work."""

    open: Mapping[Contact, bool]
    faults: Mapping[str, BoardFault]


@dataclass(frozen=True, slots=True)
class Pulsed:
    """How the board took it: `accepted` or a code of `hw.ports.LockFailed`; and every change of a sensor after it.

    `fault`: what the board has since then, if anything.
    """

    code: str
    sensed: tuple[Sensed, ...] = ()
    fault: BoardFault | None = None


@dataclass(frozen=True, slots=True)
class Doors:
    """The numbers on the doors that opened; none if nothing moved."""

    numbers: tuple[int, ...]


class Reply(Enum):
    """Answers without content."""

    YES = "yes"
    AGAIN = "again"
    SKIP = "skip"
    STOP = "stop"


Step = Look | Turn | Pulse | AskShut | AskDoors | Tell | Keep
Answer = Seen | Pulsed | Doors | Reply
