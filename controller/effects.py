"""Everything a bank may ask for; the loop carries each out, in order, and never more."""

from typing import Any

from msgspec import Struct, field

from hw.ports import Signal
from wire.entries import EntryType


class Record(Struct, frozen=True):
    """Append this to the journal. With `release`, answer with IntentDurable or IntentLate as soon as it is known."""

    type: EntryType
    body: dict[str, Any] = field(default_factory=dict)
    release: str | None = None


class Energise(Struct, frozen=True):
    """Release this locker's lock once, now, for `pulse_ms`."""

    release: str
    locker: int
    pulse_ms: int


class Show(Struct, frozen=True):
    """Light and sound: at the indicators of that reader and those of the whole bank, or, without one, at all."""

    signal: Signal
    reader: str | None = None


class Light(Struct, frozen=True):
    """The light at one locker, on or off."""

    locker: int
    on: bool


class SendReply(Struct, frozen=True):
    """One step in the life of a command: for `replies`, or for the tool that ordered it on the spot."""

    id: str
    state: str
    why: str | None = None
    locker: int | None = None
    digest: str | None = None
    key: str | None = None


class SendList(Struct, frozen=True):
    """Send the list in force back, in parts, as replies to command `id`: `envelope`, or without one what is on disk."""

    id: str
    envelope: bytes | None = None


class StoreList(Struct, frozen=True):
    """Keep this list as the one in force (the one before is kept too), with the grants kept for holders who vanished.

    Answer with ListStored.
    """

    version: int
    envelope: bytes
    kept: bytes
    entry: Record


class StoreKept(Struct, frozen=True):
    """Keep this instead of what was kept with the list in force."""

    kept: bytes


Effect = Record | Energise | Show | Light | SendReply | SendList | StoreList | StoreKept
