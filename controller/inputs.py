"""Everything that can happen to a bank: what the one loop hands to the core, one at a time."""

from dataclasses import dataclass, field

from msgspec import Struct

from wire.access_list import AccessList
from wire.messages import Command, Session


class Moment(Struct, frozen=True):
    """The time of an input, read once by the loop.

    `mono_ms` alone measures durations. `at` stamps entries; `ending_at` (never behind the floor, never pushed past
    what two witnesses or a day's grace allow) judges `not_after`; `starting_at` (the latest claim) judges `not_before`;
    of a suspension, which stands against its holder, see controller/access.py.
    `clock` is trusted, claimed or floor; weekly hours apply only where it is trusted. `told` is the least that a clock
    tells, where that is not `at`: it may be behind a floor that waits.
    """

    mono_ms: int
    at: int
    ending_at: int
    starting_at: int
    clock: str
    told: int | None = None

    @property
    def is_told(self) -> bool:
        """Whether any clock tells the time."""
        return self.told is not None or self.clock != "floor"

    @property
    def least(self) -> int:
        """The least that it may be: what a clock tells, else the floor."""
        return self.at if self.told is None else self.told


@dataclass(frozen=True, slots=True)
class BadgePresented:
    """A badge was read; `number` is raw and lives only until its digest is made. `read_ms`: monotonic."""

    reader: str
    technology: str
    number: str = field(repr=False)  # no traceback or log may show it
    read_ms: int
    stale: bool = False


class CardRefused(Struct, frozen=True):
    """A reader that asks for proof turned a card away; `why` is foreign_card or not_authentic."""

    reader: str
    why: str


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """A key of a reader's keypad; `read_ms`: monotonic."""

    reader: str
    key: str = field(repr=False)  # part of a PIN
    read_ms: int


class InputChanged(Struct, frozen=True):
    """An input of the bank settled: `kind` is tamper, mains or undervoltage; `active` when that is so."""

    input: str
    kind: str
    active: bool


class DoorSensed(Struct, frozen=True):
    """A locker's `door` or `latch` sensor settled; the first word after start is its state, not a change."""

    locker: int
    open: bool
    sensor: str = "door"


class LockAccepted(Struct, frozen=True):
    """The board says it acted on the locker's release. Nothing is known yet of latch or door."""

    locker: int


class LockFailed(Struct, frozen=True):
    """The pulse was not confirmed, or was refused by the guard; `code` says which."""

    locker: int
    code: str


class IntentDurable(Struct, frozen=True):
    """The release's intent is on disk."""

    release: str


class IntentLate(Struct, frozen=True):
    """The disk has not answered for this release within 250 ms, or failed."""

    release: str


class DeviceFailed(Struct, frozen=True):
    """A reader, board or indicator is missing or failing. `kind`: reader, board, indicator."""

    device: str
    kind: str
    code: str


class DeviceRecovered(Struct, frozen=True):
    """It works again."""

    device: str
    kind: str


class ListReceived(Struct, frozen=True):
    """A verified, decoded access list, the payload it came in and its whole signed envelope."""

    access_list: AccessList
    payload: bytes
    envelope: bytes


class ListStored(Struct, frozen=True):
    """The list of this version is durable, or (`durable` false) could not be written."""

    version: int
    durable: bool


class BadgeKeysReceived(Struct, frozen=True):
    """The site's badge keys by id, unsealed; they replace those before."""

    keys: dict[str, bytes]


class CommandReceived(Struct, frozen=True):
    """A verified command; `retained` as the broker published it."""

    command: Command
    retained: bool


class OpenOrdered(Struct, frozen=True):
    """A technician on the spot orders a locker opened; `id` is made for this order, `by` and `reason` are codes."""

    id: str
    locker: int
    reason: str
    by: str


class IdentifyOrdered(Struct, frozen=True):
    """A technician on the spot asks which bank (or, with `locker`, which door) this is, for so long."""

    seconds: int
    locker: int | None = None


class SessionStarted(Struct, frozen=True):
    """A new MQTT session; commands of any other are refused."""

    session: Session


class SessionEnded(Struct, frozen=True):
    """The connection is gone."""


class BeatSent(Struct, frozen=True):
    """A beat left in a birth or health message of this session."""

    beat: str


class Refused(Struct, frozen=True):
    """A message was refused before it reached the core (`topic`, `code`): counted, in an entry for lists."""

    topic: str
    code: str


class Ticked(Struct, frozen=True):
    """A deadline of the bank has come (`Bank.next_deadline_ms`)."""


Input = (
    BadgePresented
    | CardRefused
    | KeyPressed
    | InputChanged
    | DoorSensed
    | LockAccepted
    | LockFailed
    | IntentDurable
    | IntentLate
    | DeviceFailed
    | DeviceRecovered
    | ListReceived
    | ListStored
    | BadgeKeysReceived
    | CommandReceived
    | OpenOrdered
    | IdentifyOrdered
    | SessionStarted
    | SessionEnded
    | BeatSent
    | Refused
    | Ticked
)
