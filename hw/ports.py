"""What the controller sees of the hardware: device events, and the ports that readers, boards and indicators fill.

All `at_ms` are milliseconds of the monotonic clock. `device`, `reader` and `board` are names from the bank's TOML file;
channel numbers start at 1, as printed on the board. Events are structs, a fifth of a dataclass's memory; those with
something to hide from a traceback are dataclasses, which can.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, NamedTuple, Protocol

from msgspec import Struct

DeviceKind = Literal["reader", "board", "indicator", "input"]
SensorKind = Literal["door", "latch"]
RefusalKind = Literal["foreign_card", "not_authentic"]
InputKind = Literal["tamper", "mains", "undervoltage"]


class Coil(NamedTuple):
    """One lock's coil: the board's name and its channel."""

    board: str
    channel: int


class Permit(Struct, frozen=True):
    """The guard's leave to energise one coil once, for `pulse_ms`, soon after `issued_ms`. Only the guard makes one."""

    number: int
    coil: Coil
    pulse_ms: int
    issued_ms: int


@dataclass(frozen=True, slots=True)
class BadgeRead:
    """One presentation of a badge: raw upper-case number, technology as in the canonical form (`em4100`).

    `stale` marks one that may be old, and opens nothing: from the first second after the reader was reopened, or found
    in the port by a program that had been stopped.
    """

    reader: str
    technology: str
    number: str = field(repr=False)  # no traceback or log may show it
    at_ms: int
    stale: bool = False


class CardRefused(Struct, frozen=True):
    """A card was held to a reader that asks for proof, and gave none; its number is not told and opens nothing.

    `why`: `foreign_card` (it knows nothing of this site) or `not_authentic` (it claims to, and its key is wrong).
    """

    reader: str
    why: RefusalKind
    at_ms: int


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """A key of a reader's keypad: `0` to `9`, `*` or `#`."""

    reader: str
    key: str = field(repr=False)  # no traceback or log may show a PIN
    at_ms: int


class DoorSensed(Struct, frozen=True):
    """A locker's sensor, debounced: once for every channel when it is first known, then on each change.

    `sensor` is the `door` contact (open: the door is off its frame) or the `latch` contact (open: the bolt holds
    nothing). Most wirings have one; it is then the door's, whatever it sits on.
    """

    board: str
    channel: int
    open: bool
    at_ms: int
    sensor: SensorKind = "door"


class InputSensed(Struct, frozen=True):
    """An input of the bank itself, debounced: once when it is first known, then on each change.

    `active`: the enclosure stands open (`tamper`), the mains are gone (`mains`), the supply sags (`undervoltage`).
    """

    input: str
    kind: InputKind
    active: bool
    at_ms: int


class LockAccepted(Struct, frozen=True):
    """The board says that it acted, or the pulse keeper that the line is on. It is not an opening."""

    board: str
    channel: int
    at_ms: int


class LockFailed(Struct, frozen=True):
    """The release was not confirmed: `no_reply`, `bad_reply`, `closed` (port or pipe down), `refused_by_guard` or
    `keeper_lost`.

    Only `closed` and `refused_by_guard` say that nothing went out; after the others the lock may have moved.
    """

    board: str
    channel: int
    code: str
    at_ms: int


class DeviceFault(Struct, frozen=True):
    """A device does not work.

    `code`: `missing`, `permission`, `in_use`, `unplugged`, `silent`, `bad_reply`, `garbage`, `swapped` (D0 and D1 of a
    Wiegand reader), `stays_on` (a coil that was switched off), `keeper_lost`, `failed`.
    """

    device: str
    kind: DeviceKind
    code: str
    detail: str


class DeviceRecovered(Struct, frozen=True):
    """A device that had a fault works again."""

    device: str
    kind: DeviceKind


DeviceEvent = (
    BadgeRead
    | CardRefused
    | KeyPressed
    | DoorSensed
    | InputSensed
    | LockAccepted
    | LockFailed
    | DeviceFault
    | DeviceRecovered
)
Emit = Callable[[DeviceEvent], None]
MonoMs = Callable[[], int]


class Signal(Enum):
    """What the light and the buzzer can say."""

    IDLE = "idle"
    GRANTED = "granted"
    REFUSED = "refused"
    SEE_WORKER = "see_worker"
    FAULT = "fault"
    MESSAGE_WAITING = "message_waiting"
    ENTER_PIN = "enter_pin"
    IDENTIFY = "identify"


class BadgeReader(Protocol):
    """A badge reader; emits BadgeRead, CardRefused, KeyPressed, DeviceFault and DeviceRecovered."""

    name: str

    async def start(self) -> None:
        """Begin reading. Missing hardware is a DeviceFault and is tried again with back-off; nothing is raised."""

    async def stop(self) -> None:
        """Close the port."""


class LockBoard(Protocol):
    """Locks and their door contacts; emits DoorSensed, LockAccepted, LockFailed, DeviceFault and DeviceRecovered."""

    name: str

    @property
    def pulse_ms(self) -> int:
        """How long one release energises a coil of this board, in milliseconds."""

    async def start(self) -> None:
        """All coils off, then watch the doors. Missing hardware is a DeviceFault and tried again; nothing is raised."""

    def release(self, channel: int, permit: Permit) -> None:
        """Energise one coil once, now; never repeated. The outcome comes as one LockAccepted or one LockFailed."""

    def all_off(self) -> None:
        """Drop every coil that this program holds on, and every release that has not gone out."""

    async def stop(self) -> None:
        """All coils off, then close."""


class LitBoard(LockBoard, Protocol):
    """A lock board that also has a light at each locker."""

    def light(self, channel: int, on: bool) -> None:
        """Switch the light of one channel; without hardware nothing happens and nothing is raised."""


class BankInput(Protocol):
    """A contact of the bank itself; emits InputSensed, DeviceFault and DeviceRecovered."""

    name: str

    async def start(self) -> None:
        """Begin watching. Missing hardware is a DeviceFault and tried again; nothing is raised."""

    async def stop(self) -> None:
        """Give the hardware back."""


class Indicator(Protocol):
    """A light and a buzzer near the reader."""

    name: str

    async def start(self) -> None:
        """Claim the lines. Missing hardware is a DeviceFault; nothing is raised."""

    def show(self, signal: Signal) -> None:
        """Show one signal; it ends by itself and the light goes back to idle."""

    def close(self) -> None:
        """Dark and silent; the lines are given back."""
