"""What is to be commissioned: lockers, boards, how the file reads their sensors, and whose lockers are held."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from controller.config import BankFile
from controller.errors import ControllerError
from hw.ports import Coil
from hw.settings import DeviceSettings

# A setting of one of these names, with two values, says what an open contact looks like: that follows the wiring.
POLARITY = {"door": ("open_bit", "doors_open_level"), "latch": ("latches_open_level", "open_bit")}
# Of a Kerong board whose infrared sensors watch the doors: its hooks are the latches.
INFRARED_POLARITY = {"door": ("infrared_open_bit",), "latch": ("open_bit",)}
BYTE_ORDER = "byte_order"


@dataclass(frozen=True, slots=True)
class Choice:
    """A setting of a board that follows its wiring: the value in force, and the other one."""

    key: str
    value: Any
    other: Any

    @property
    def by_trying(self) -> bool:
        """Whether only trying tells: the driver pulls a pin by it, so that under the wrong value nothing ever moves."""
        return self.key.endswith("_open_level")


@dataclass(frozen=True, slots=True)
class Board:
    """One board of the file. `status_bytes`: how many it answers, where their order can be learned, else 0."""

    name: str
    driver: str
    channels: int
    port: str | None = None
    address: int | None = None
    polarity: Mapping[str, Choice] = field(default_factory=dict)
    byte_order: Choice | None = None
    status_bytes: int = 0

    def reflected(self, channel: int) -> int:
        """The channel whose bit stands where this one's is looked for when the status bytes come in the other order."""
        byte, bit = divmod(channel - 1, 8)
        return (self.status_bytes - 1 - byte) * 8 + bit + 1


@dataclass(frozen=True, slots=True)
class Plan:
    """One bank: its lockers by number in the file's order, which are to be tested now, and which are held."""

    controller: str
    lockers: Mapping[int, Coil]
    boards: Mapping[str, Board]
    chosen: frozenset[int] = frozenset()
    held: frozenset[int] = frozenset()
    open_within_ms: int = 2_000

    @property
    def numbers(self) -> dict[Coil, int]:
        """The number on the door that the file gives to each coil."""
        return {coil: number for number, coil in self.lockers.items()}


def plan_of(bank: BankFile, held: Iterable[int], only: str = "") -> Plan:
    """The plan of a bank's file; `only` such as "3,7-9" (empty: all). Raises ControllerError `lockers`."""
    lockers = {number: coil for number, (coil, _) in bank.lockers.items()}
    boards = {name: _board(name, settings) for name, settings in bank.hardware.boards.items()}
    chosen = _numbers(only, lockers) if only else frozenset(lockers)
    return Plan(bank.controller, lockers, boards, chosen, frozenset(held), bank.releases.open_within_ms)


def observing(settings: DeviceSettings, board: Board, turned: Iterable[str]) -> DeviceSettings:
    """The settings to observe a board with: all its status bits seen, those beyond its channels too.

    `turned`: the kinds of sensor (`door`, `latch`) that are read with the other polarity. Raises ValueError where the
    board cannot be set so.
    """
    changes = {board.polarity[sensor].key: board.polarity[sensor].other for sensor in turned}
    if board.status_bytes:
        changes |= {"channels": board.status_bytes * 8, "status_bytes": board.status_bytes}
    return msgspec.structs.replace(settings, **changes) if changes else settings


def _board(name: str, settings: DeviceSettings) -> Board:
    wiring = settings.wiring()
    choices = _choices(settings)
    keys = INFRARED_POLARITY if getattr(settings, "infrared", "none") == "door" else POLARITY
    polarity = {sensor: choices[key] for sensor, names in keys.items() for key in names if key in choices}
    return Board(
        name,
        str(settings.__struct_config__.tag),
        wiring.channels,
        wiring.port,
        wiring.address,
        polarity,
        choices.get(BYTE_ORDER),
        _status_bytes(settings),
    )


def _status_bytes(settings: DeviceSettings) -> int:
    """How many status bytes the board answers, where the settings say both that and their order."""
    if {BYTE_ORDER, "status_bytes", "channels"} <= set(settings.__struct_fields__):
        return int(getattr(settings, "answer_bytes", 0))
    return 0


def _choices(settings: DeviceSettings) -> dict[str, Choice]:
    """The settings of this board that have exactly two values."""
    found = {}
    for key, kind in get_type_hints(type(settings)).items():
        values = get_args(kind) if get_origin(kind) is Literal else ()
        if len(values) == 2 and hasattr(settings, key):
            value = getattr(settings, key)
            found[key] = Choice(key, value, next(each for each in values if each != value))
    return found


def _numbers(text: str, known: Iterable[int]) -> frozenset[int]:
    """Locker numbers from "3,7-9"."""
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if not first.isdecimal() or not (last or first).isdecimal():
            raise ControllerError("lockers", f"{text!r}: write locker numbers as 3,7-9")
        found.update(range(int(first), int(last or first) + 1))
    if unknown := sorted(found.difference(known)):
        raise ControllerError("lockers", f"locker {unknown[0]} is not in the bank's file")
    return frozenset(found)
