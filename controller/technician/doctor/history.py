"""What the journal's newest entries tell of readers and sensors: read only, through the controller or from its disk."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from controller.config import BankFile
from controller.errors import JournalError
from controller.technician.doctor.findings import Finding, broken, doubtful, well
from controller.technician.entries import MOST, after, on_disk

# A sensor that three releases in a row have not moved is not believed (the controller judges likewise).
UNMOVED = 3
_MOVED = frozenset({"door_opened", "door_closed", "door_forced"})


@dataclass(slots=True)
class LockerPast:
    """Since the journal's first line in view: what the releases of one locker came to."""

    unmoved: int = 0  # releases since its sensor last changed
    already_open: int = 0  # releases in a row that found the door open


@dataclass(slots=True)
class Past:
    """`last_badge`: when each reader last refused a badge, and under "" when any badge opened something."""

    lockers: dict[int, LockerPast] = field(default_factory=dict)
    last_badge: dict[str, int] = field(default_factory=dict)
    sagged: int = 0
    readable: bool = True


def past(entries: Sequence[Mapping[str, Any]]) -> Past:
    """What these entries (`type`, `at`, `body`), oldest first, come to."""
    found = Past()
    for entry in entries:
        body = entry["body"]
        if entry["type"] == "badge_refused" and isinstance(body.get("reader"), str):
            found.last_badge[body["reader"]] = entry["at"]
        elif entry["type"] == "undervoltage":
            found.sagged += body.get("active") is not False
        locker = body.get("locker")
        if isinstance(locker, int):
            _note(found.lockers.setdefault(locker, LockerPast()), entry["type"])
            if entry["type"] == "release_intended" and body.get("cause") == "badge":
                found.last_badge[""] = entry["at"]
    return found


def _note(locker: LockerPast, kind: str) -> None:
    if kind in _MOVED:
        locker.unmoved = 0
        locker.already_open = 0 if kind == "door_opened" else locker.already_open
    elif kind == "released":
        locker.unmoved += 1
    elif kind == "already_open":
        locker.already_open += 1


def judge(found: Past) -> Iterator[Finding]:
    """The journal itself, and what it remembers of the supply."""
    if found.readable:
        yield well("disk", "journal", "its chain holds")
    else:
        mend = "do not delete it: its unsent entries are the bank's memory; see that its disk is sound, then restart"
        yield broken("disk", "journal", "it cannot be read, or its chain is broken", mend)
    if found.sagged:
        mend = "use a stronger 5 V supply, apart from that of the locks"
        yield doubtful("supply", "supply in the journal", f"it sagged {found.sagged} times lately", mend)


def from_controller(bank: BankFile) -> Past:
    """Of the newest entries of a controller that runs. Raises ControlError."""
    return past(after(bank, None, MOST)[1])


def from_disk(bank: BankFile) -> Past:
    """Of the newest entries of one that does not run; nothing is written, and nothing raised."""
    try:
        entries, sound = on_disk(bank, MOST)
    except JournalError:
        return Past(readable=False)
    found = past(entries)
    found.readable = sound
    return found
