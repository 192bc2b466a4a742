"""What a simulated bank consists of, as data (TOML or code), and the controller's own configuration made from it."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from simulator.errors import InvalidPlanError
from simulator.places import Places
from simulator.plans.badge import BadgePlan
from simulator.plans.base import DevicePlan
from simulator.plans.gpio import GpioPlan
from simulator.plans.serial_rfid import Id12laPlan, Rdm6300Plan
from simulator.plans.xor_board import XorPlan
from simulator.registry import AnyBoard, AnyInput, AnyReader

__all__ = [
    "LILLE",
    "MONTREUIL",
    "BadgePlan",
    "BankPlan",
    "GpioPlan",
    "LightPlan",
    "Places",
    "XorPlan",
    "controller_toml",
    "read_plans",
]

NAME = re.compile(r"[a-z0-9-]{1,40}")


class LightPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The pins (BCM) of the lights and the buzzer beside the reader."""

    green: int = 13
    red: int = 16
    amber: int = 19
    buzzer: int = 20

    def lines(self) -> dict[str, int]:
        return {"green": self.green, "red": self.red, "amber": self.amber}


class BankPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One bank: lockers are numbered from 1 through the boards in their order."""

    name: str
    boards: dict[str, AnyBoard]
    title: str = ""
    zone: str = "Europe/Paris"
    readers: dict[str, AnyReader] = msgspec.field(default_factory=lambda: {"entrance": Rdm6300Plan()})
    inputs: dict[str, AnyInput] = {}
    light: LightPlan | None = LightPlan()
    badges: tuple[BadgePlan, ...] = ()
    columns: int = 8
    """How many doors stand side by side, for the picture on the bench."""

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError(f"bank name {self.name!r}: use 1 to 40 of a-z, 0-9 and -")
        if len({badge.label for badge in self.badges}) < len(self.badges):
            raise ValueError(f"two badges of bank {self.name!r} have the same label")
        if len(self.devices()) < len(self.readers) + len(self.boards) + len(self.inputs):
            raise ValueError(f"two devices of bank {self.name!r} have the same name")
        pins = list(self._pins())
        if len(set(pins)) < len(pins) or not set(pins) <= set(range(28)):
            raise ValueError(f"bank {self.name!r} uses a pin twice, or one that is not BCM 0-27")
        self._check_lines()

    def lockers(self) -> Iterator[tuple[int, str, int]]:
        """Every locker: its number, its board's name and its channel there."""
        number = 0
        for name, board in self.boards.items():
            for channel in range(1, board.channels + 1):
                number += 1
                yield number, name, channel

    def devices(self) -> dict[str, DevicePlan]:
        """Every device by its name, readers first."""
        return {**self.readers, **self.boards, **self.inputs}

    def _pins(self) -> Iterator[int]:
        for device in self.devices().values():
            yield from device.pins()
        if self.light is not None:
            yield from (*self.light.lines().values(), self.light.buzzer)

    def _check_lines(self) -> None:
        """Boards of one kind share a line; everything else has its own."""
        users: dict[str, list[DevicePlan]] = {}
        for device in self.devices().values():
            line = device.cable()
            if line is not None:
                users.setdefault(line, []).append(device)
        for line, devices in users.items():
            kinds = {type(device) for device in devices}
            if len(devices) > 1 and (len(kinds) > 1 or not devices[0].shares_line):
                raise ValueError(f"bank {self.name!r} has several devices on the line {line!r}: give each its own")


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
    readers={"entrance": Id12laPlan()},
    columns=3,
    badges=example_badges(0x0100070001, LABELS),
)


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
    tables += [(f"[readers.{name}]", reader.table(places)) for name, reader in plan.readers.items()]
    tables += [
        (f"[indicators.{name}]", table)
        for name, reader in plan.readers.items()
        if (table := reader.indicator(name)) is not None
    ]
    tables += [(f"[boards.{name}]", board.table(places)) for name, board in plan.boards.items()]
    tables += [(f"[inputs.{name}]", each.table(places)) for name, each in plan.inputs.items()]
    first = 1
    for name, board in plan.boards.items():
        numbers = f"{first}-{first + board.channels - 1}"
        tables.append(("[[lockers]]", {"numbers": numbers, "board": name, "channels": f"1-{board.channels}"}))
        first += board.channels
    return "\n".join(_toml(header, values) for header, values in tables)


def _toml(header: str, values: Mapping[str, object]) -> str:
    """One TOML table; JSON's strings, numbers, booleans and lists are TOML's too."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items() if not isinstance(value, Mapping)]
    within = [_toml(f"{header[:-1]}.{key}]", value) for key, value in values.items() if isinstance(value, Mapping)]
    return "\n".join([header, *lines, "", *within])
