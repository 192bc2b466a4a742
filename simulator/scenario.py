"""What a simulated bank consists of, as data (TOML or code), and the controller's own configuration made from it."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from simulator.errors import InvalidPlanError

NAME = re.compile(r"[a-z0-9-]{1,40}")
EM4100_NUMBER = re.compile(r"[0-9A-F]{10}")


class XorPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="driver", tag="xor_board"):
    """An XOR board on the bank's RS-485 line; the last three are habits it was made with."""

    channels: int = 24
    address: int = 1
    open_bit: Literal[0, 1] = 1
    byte_order: Literal["s1_first", "s1_last"] = "s1_first"
    open_reply: Literal["echo", "state"] = "echo"
    unsolicited: bool = False
    timed_open: bool = False


class GpioPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="driver", tag="gpio"):
    """Locks and door contacts on the Pi's pins (BCM), channel 1 first."""

    locks: tuple[int, ...]
    doors: tuple[int, ...]
    active_high: bool = True

    @property
    def channels(self) -> int:
        return len(self.locks)


class LightPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The pins (BCM) of the lights and the buzzer beside the reader."""

    green: int = 13
    red: int = 16
    amber: int = 19
    buzzer: int = 20

    def lines(self) -> dict[str, int]:
        return {"green": self.green, "red": self.red, "amber": self.amber}


class BadgePlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A badge in the bench's tray: the label names it everywhere, the number stays in the simulator."""

    label: str
    number: str
    note: str = ""

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.label):
            raise ValueError(f"badge label {self.label!r}: use 1 to 40 of a-z, 0-9 and -")
        if not EM4100_NUMBER.fullmatch(self.number):
            raise ValueError(f"the number of badge {self.label!r} must be ten hex digits in upper case")


class BankPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One bank: lockers are numbered from 1 through the boards in their order."""

    name: str
    boards: dict[str, XorPlan | GpioPlan]
    title: str = ""
    zone: str = "Europe/Paris"
    reader: Literal["rdm6300", "id12la"] = "rdm6300"
    light: LightPlan | None = LightPlan()
    badges: tuple[BadgePlan, ...] = ()
    columns: int = 8
    """How many doors stand side by side, for the picture on the bench."""

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError(f"bank name {self.name!r}: use 1 to 40 of a-z, 0-9 and -")
        if len({badge.label for badge in self.badges}) < len(self.badges):
            raise ValueError(f"two badges of bank {self.name!r} have the same label")
        for board in self.boards.values():
            if isinstance(board, GpioPlan) and len(board.locks) != len(board.doors):
                raise ValueError("a gpio board needs one door contact for each lock")
        lines = list(self._lines())
        if len(set(lines)) < len(lines) or not set(lines) <= set(range(28)):
            raise ValueError(f"bank {self.name!r} uses a pin twice, or one that is not BCM 0-27")

    def lockers(self) -> Iterator[tuple[int, str, int]]:
        """Every locker: its number, its board's name and its channel there."""
        number = 0
        for name, board in self.boards.items():
            for channel in range(1, board.channels + 1):
                number += 1
                yield number, name, channel

    def _lines(self) -> Iterator[int]:
        for board in self.boards.values():
            if isinstance(board, GpioPlan):
                yield from (*board.locks, *board.doors)
        if self.light is not None:
            yield from (*self.light.lines().values(), self.light.buzzer)


class _PlanFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    banks: tuple[BankPlan, ...]


def example_badges(first: int, labels: tuple[str, ...]) -> tuple[BadgePlan, ...]:
    """Fictional badges with numbers that count up from `first`."""
    return tuple(BadgePlan(label, f"{first + index:010X}") for index, label in enumerate(labels))


LABELS = ("valid", "ended", "tomorrow", "suspended", "grace", "revoked", "unknown")
MONTREUIL = BankPlan(
    "montreuil-1", {"a": XorPlan(channels=24)}, title="Montreuil", badges=example_badges(0x62E3080001, LABELS)
)
LILLE = BankPlan(
    "lille-1",
    {"direct": GpioPlan(locks=(17, 27, 22, 23, 24, 25), doors=(4, 5, 6, 7, 8, 26))},
    title="Lille",
    reader="id12la",
    columns=3,
    badges=example_badges(0x0100070001, LABELS),
)


class Places:
    """Where one bank's devices stand under the state folder."""

    def __init__(self, state: Path, bank: str) -> None:
        self.folder = state.resolve() / bank
        self.reader = self.folder / "reader.tty"
        self.boards = self.folder / "boards.tty"
        self.pins = self.folder / "pins.sock"

    def environment(self) -> dict[str, str]:
        """What a controller (and its pulse keeper) needs in its environment to find the simulated pins."""
        return {"GPIOZERO_PIN_FACTORY": "casier-sim", "CASIER_SIM_PINS": str(self.pins)}


def read_plans(path: Path) -> tuple[BankPlan, ...]:
    """The banks of a TOML file (`[[banks]]`). Raises InvalidPlanError."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=_PlanFile).banks
    except (OSError, msgspec.MsgspecError) as error:
        raise InvalidPlanError(f"{path}: {error}") from error


def controller_toml(
    plan: BankPlan,
    places: Places,
    *,
    data_dir: Path,
    broker: tuple[str, int],
    releases: Mapping[str, int] | None = None,
) -> str:
    """The bank's configuration for `casier-controller run`, on the devices that stand at `places`."""
    tables: list[tuple[str, Mapping[str, object]]] = [
        ("[bank]", {"controller": plan.name, "zone": plan.zone, "data_dir": str(data_dir)}),
        ("[broker]", {"host": broker[0], "port": broker[1]}),
    ]
    if releases:
        tables.append(("[releases]", releases))
    if plan.light is not None:
        tables.append(("[indicators.main]", {"driver": "gpio", **msgspec.to_builtins(plan.light)}))
    tables.append(("[readers.entrance]", {"driver": plan.reader, "port": str(places.reader)}))
    first = 1
    for name, board in plan.boards.items():
        tables.append((f"[boards.{name}]", _board_table(board, places)))
    for name, board in plan.boards.items():
        numbers = f"{first}-{first + board.channels - 1}"
        tables.append(("[[lockers]]", {"numbers": numbers, "board": name, "channels": f"1-{board.channels}"}))
        first += board.channels
    return "\n".join(_toml(header, values) for header, values in tables)


def _board_table(board: XorPlan | GpioPlan, places: Places) -> dict[str, object]:
    if isinstance(board, GpioPlan):
        return {"driver": "gpio", "locks": board.locks, "doors": board.doors, "active_high": board.active_high}
    return {
        "driver": "xor_board",
        "port": str(places.boards),
        "address": board.address,
        "channels": board.channels,
        "open_bit": board.open_bit,
        "byte_order": board.byte_order,
    }


def _toml(header: str, values: Mapping[str, object]) -> str:
    """One TOML table; JSON's strings, numbers, booleans and lists are TOML's too."""
    return "\n".join([header, *(f"{key} = {json.dumps(value)}" for key, value in values.items()), ""])
