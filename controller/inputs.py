"""Everything that can happen to a bank: what the one loop hands to the core, one at a time."""

from dataclasses import dataclass, field

from wire.access_list import AccessList
from wire.messages import Command, Session


@dataclass(frozen=True, slots=True)
class Moment:
    """The time of an input, read once by the loop.

    `mono_ms` alone measures durations. `at` stamps entries; `ending_at` (never behind the floor, never pushed past
    what two witnesses or a day's grace allow) judges `not_after`; `starting_at` (the latest claim) judges `not_before`.
    `clock` is trusted, claimed or floor; weekly hours apply only where it is trusted.
    """

    mono_ms: int
    at: int
    ending_at: int
    starting_at: int
    clock: str


@dataclass(frozen=True, slots=True)
class BadgePresented:
    """A badge was read; `number` is raw and lives only until its digest is made. `read_ms`: monotonic."""

    reader: str
    technology: str
    number: str = field(repr=False)  # no traceback or log may show it
    read_ms: int
    stale: bool = False


@dataclass(frozen=True, slots=True)
class CardRefused:
    """A reader that asks for proof turned a card away; `why` is foreign_card or not_authentic."""

    reader: str
    why: str


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """A key of a reader's keypad; `read_ms`: monotonic."""

    reader: str
    key: str = field(repr=False)  # part of a PIN
    read_ms: int


@dataclass(frozen=True, slots=True)
class InputChanged:
    """An input of the bank settled: `kind` is tamper, mains or undervoltage; `active` when that is so."""

    input: str
    kind: str
    active: bool


@dataclass(frozen=True, slots=True)
class DoorSensed:
    """A locker's `door` or `latch` sensor settled; the first word after start is its state, not a change."""

    locker: int
    open: bool
    sensor: str = "door"


@dataclass(frozen=True, slots=True)
class LockAccepted:
    """The board says it acted on the locker's release. Nothing is known yet of latch or door."""

    locker: int


@dataclass(frozen=True, slots=True)
class LockFailed:
    """The pulse was not confirmed, or was refused by the guard; `code` says which."""

    locker: int
    code: str


@dataclass(frozen=True, slots=True)
class IntentDurable:
    """The release's intent is on disk."""

    release: str


@dataclass(frozen=True, slots=True)
class IntentLate:
    """The disk has not answered for this release within 250 ms, or failed."""

    release: str


@dataclass(frozen=True, slots=True)
class DeviceFailed:
    """A reader, board or indicator is missing or failing. `kind`: reader, board, indicator."""

    device: str
    kind: str
    code: str


@dataclass(frozen=True, slots=True)
class DeviceRecovered:
    """It works again."""

    device: str
    kind: str


@dataclass(frozen=True, slots=True)
class ListReceived:
    """A verified, decoded access list, the payload it came in and its whole signed envelope."""

    access_list: AccessList
    payload: bytes
    envelope: bytes


@dataclass(frozen=True, slots=True)
class ListStored:
    """The list of this version is durable, or (`durable` false) could not be written."""

    version: int
    durable: bool


@dataclass(frozen=True, slots=True)
class BadgeKeysReceived:
    """The site's badge keys by id, unsealed; they replace those before."""

    keys: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class CommandReceived:
    """A verified command; `retained` as the broker published it."""

    command: Command
    retained: bool


@dataclass(frozen=True, slots=True)
class OpenOrdered:
    """A technician on the spot orders a locker opened; `id` is made for this order, `by` and `reason` are codes."""

    id: str
    locker: int
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class IdentifyOrdered:
    """A technician on the spot asks which bank (or, with `locker`, which door) this is, for so long."""

    seconds: int
    locker: int | None = None


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """A new MQTT session; commands of any other are refused."""

    session: Session


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The connection is gone."""


@dataclass(frozen=True, slots=True)
class BeatSent:
    """A beat left in a birth or health message of this session."""

    beat: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A message was refused before it reached the core (`topic`, `code`): counted, in an entry for lists."""

    topic: str
    code: str


@dataclass(frozen=True, slots=True)
class Ticked:
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
