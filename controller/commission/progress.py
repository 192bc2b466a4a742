"""What is known so far, and its file in the data directory: replaced in one step after each pulse, so that it can go on
after Ctrl-C or a power cut.
"""

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from controller.errors import ControllerError
from controller.storage import MACHINE

NAME = "commission.json"


class Sensed(msgspec.Struct, frozen=True):
    """A sensor changed `after_ms` milliseconds after the release; channel and `open` by the file's settings."""

    board: str
    channel: int
    open: bool
    after_ms: int
    sensor: str = "door"


class Trial(msgspec.Struct, frozen=True):
    """One channel pulsed. `doors`: the numbers a person saw open, None where nobody was asked.

    `code`: `accepted`, a code of `hw.ports.LockFailed`, or `skipped`. `sensed`: only changes away from rest.
    """

    board: str
    channel: int
    code: str
    doors: tuple[int, ...] | None = None
    sensed: tuple[Sensed, ...] = ()


class Resting(msgspec.Struct, frozen=True):
    """One sensor with every door shut."""

    board: str
    channel: int
    open: bool
    sensor: str = "door"


class BoardFault(msgspec.Struct, frozen=True):
    """A board that does not work: a code of `hw.ports.DeviceFault`, and what it says."""

    board: str
    code: str
    detail: str


class Progress(msgspec.Struct, frozen=True):
    """All that was found: sensors before the pulses and (None: not yet) after them, and a trial for each channel done.

    `fingerprint` names the settings that the readings were taken with; `turned` the boards and kinds of sensor that
    were read with the other polarity than the file's; `faults` what was wrong with boards in the last run.
    """

    fingerprint: str
    rest: tuple[Resting, ...] | None = None
    trials: tuple[Trial, ...] = ()
    end: tuple[Resting, ...] | None = None
    faults: tuple[BoardFault, ...] = ()
    turned: tuple[tuple[str, str], ...] = ()


def fingerprint(tables: dict[str, Any]) -> str:
    """A name for what readings depend on: the boards, the lockers and whose bank it is, not the rest of the file."""
    relevant = {name: tables.get(name) for name in ("boards", "lockers")}
    relevant["controller"] = tables.get("bank", {}).get("controller")
    return hashlib.sha256(msgspec.json.encode(relevant, order="sorted")).hexdigest()[:16]


def load_progress(data_dir: Path) -> Progress | None:
    """What was kept, or None. Raises ControllerError `progress` for a file that is not ours, OSError."""
    path = data_dir / NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=Progress)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, ValueError) as error:
        raise ControllerError(
            "progress", f"{path} cannot be read ({error}): begin anew with --anew, or remove the file"
        ) from error


def keep_progress(data_dir: Path, progress: Progress) -> None:
    """Make it durable. Raises OSError."""
    MACHINE.replace(data_dir / NAME, msgspec.json.format(msgspec.json.encode(progress)))
