"""One TOML file for each bank: decoded strictly, checked as a whole, every problem named with its line."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from controller.errors import ConfigError, Problem
from controller.toml_lines import Path as KeyPath
from controller.toml_lines import TomlLines
from hw import explained, registry, wiring
from hw.assembly import CoilUse, HardwareConfig
from hw.errors import SettingsError
from hw.ports import Coil
from hw.settings import DeviceSettings
from wire.errors import MessageError
from wire.hours import site_zone
from wire.limits import MAX_LOCKERS
from wire.messages import ControllerId

_RANGE = re.compile(r"\s*(\d{1,5})\s*(?:-\s*(\d{1,5})\s*)?")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SECTIONS = ("bank", "broker", "releases", "time", "readers", "boards", "indicators", "inputs", "lockers")
Port = Annotated[int, msgspec.Meta(ge=1, le=65_535)]


class BankSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which bank this is, its time zone, and where it keeps keys, list and journal."""

    controller: Annotated[ControllerId, msgspec.Meta(description="1 to 40 of a-z0-9-")]
    zone: str
    data_dir: Annotated[str, msgspec.Meta(min_length=1)]


class TlsSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Files in PEM form: the broker's authority, and this controller's own certificate and key.

    Relative paths are relative to the bank's file.
    """

    ca: str
    certificate: str
    key: str


class BrokerSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the broker listens; with `tls` both sides show a certificate."""

    host: Annotated[str, msgspec.Meta(min_length=1, max_length=253)]
    port: Port = 1883
    tls: TlsSection | None = None


class ReleasesSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How doors are released and watched, within the guard's hard limits."""

    pulse_ms: Annotated[int, msgspec.Meta(ge=100, le=1_000)] | None = None
    open_within_ms: Annotated[int, msgspec.Meta(ge=200, le=5_000)] = 2_000
    retries: Annotated[int, msgspec.Meta(ge=0, le=2)] = 2
    left_open_after_s: Annotated[int, msgspec.Meta(ge=10, le=86_400)] = 120


class TimeSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the system clock is worth: `auto` asks the kernel whether NTP holds it; the others are for a site (or a
    test) that knows better.
    """

    system_clock: Literal["auto", "trusted", "unsynchronised", "absent"] = "auto"


Range = Annotated[int | str, msgspec.Meta(description='a number from 1, or a range such as "1-24"')]


class LockersSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Numbers on the doors and the board's channels behind them, one to one; `group` shares a power supply."""

    numbers: Range
    board: str
    channels: Range
    group: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None


@dataclass(frozen=True, slots=True)
class BankFile:
    """A whole bank. `data_dir` is absolute; `lockers` maps each door's number to its coil and power group."""

    controller: str
    zone: str
    data_dir: Path
    broker: BrokerSection
    releases: ReleasesSection
    time: TimeSection
    hardware: HardwareConfig
    lockers: Mapping[int, tuple[Coil, str]]


S = TypeVar("S", bound=msgspec.Struct)


def load(path: Path) -> BankFile:
    """The bank of a TOML file. Raises ConfigError with every problem found."""
    try:
        text = path.read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(str(path), [Problem(1, "", f"cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), [Problem(1, "", "is not UTF-8 text: save it as UTF-8")]) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(str(path), [_syntax(str(error), text)]) from error
    reading = _Reading(tables, path)
    bank = reading.bank()
    if reading.problems:
        lines = TomlLines(text)
        raise ConfigError(str(path), [Problem(lines.line(at), _dotted(at), text) for at, text in reading.problems])
    assert bank is not None
    return bank


def _syntax(message: str, text: str) -> Problem:
    found = re.search(r"\(at line (\d+), column \d+\)", message)
    line = int(found[1]) if found else len(text.splitlines())
    return Problem(line, "", f"is not TOML: {message}")


def _dotted(path: KeyPath) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


class _Reading:
    """Reads one file's tables, and gathers problems instead of stopping at the first."""

    def __init__(self, tables: dict[str, Any], file: Path) -> None:
        self.problems: list[tuple[KeyPath, str]] = []
        self._tables = tables
        self._file = file

    def bank(self) -> BankFile | None:
        for name in self._tables.keys() - set(_SECTIONS):
            self._problem((name,), f"unknown table; allowed: {', '.join(_SECTIONS)}")
        bank = self._section("bank", BankSection, required=True)
        broker = self._section("broker", BrokerSection, required=True)
        releases = self._section("releases", ReleasesSection)
        clock = self._section("time", TimeSection)
        lockers, uses = self._lockers()
        hardware = HardwareConfig(
            self._devices("readers"),
            self._devices("boards"),
            self._devices("indicators"),
            self._devices("inputs"),
            uses,
            releases.pulse_ms if releases else None,
        )
        if not self.problems:
            self.problems += [(problem.path, problem.message) for problem in wiring.check(hardware)]
        if bank is not None:
            self._check_zone(bank.zone)
        if bank is None or broker is None or releases is None or clock is None:
            return None
        data_dir = (self._file.parent / bank.data_dir).absolute()
        if broker.tls is not None:
            here = {name: str(self._file.parent / path) for name, path in msgspec.structs.asdict(broker.tls).items()}
            broker = msgspec.structs.replace(broker, tls=TlsSection(**here))
        return BankFile(bank.controller, bank.zone, data_dir, broker, releases, clock, hardware, lockers)

    def _problem(self, path: KeyPath, message: str) -> None:
        self.problems.append((path, message))

    def _check_zone(self, zone: str) -> None:
        try:
            site_zone(zone)
        except MessageError as error:
            self._problem(("bank", "zone"), str(error))

    def _section(self, name: str, kind: type[S], *, required: bool = False) -> S | None:
        if required and name not in self._tables:
            self._problem((), f"the table [{name}] is missing; it has the keys {', '.join(kind.__struct_fields__)}")
            return None
        return self._decoded(self._tables.get(name, {}), kind, (name,))

    def _decoded(self, table: object, kind: type[S], path: KeyPath) -> S | None:
        try:
            decoded: S = explained.decode(table, kind)
        except SettingsError as error:
            self._problem((*path, *error.path), error.message)
            return None
        return decoded

    def _devices(self, section: registry.Section) -> dict[str, DeviceSettings]:
        tables = self._tables.get(section, {})
        if not isinstance(tables, dict):
            self._problem((section,), f"give each device a table of its own, such as [{section}.main]")
            return {}
        devices: dict[str, DeviceSettings] = {}
        for name, table in tables.items():
            if not _NAME.fullmatch(name):
                self._problem((section, name), "a device's name stands in messages; allowed: 1 to 64 of A-Za-z0-9_-")
            try:
                devices[name] = registry.decode(section, table)
            except SettingsError as error:
                self._problem((section, name, *error.path), error.message)
        return devices

    def _lockers(self) -> tuple[dict[int, tuple[Coil, str]], tuple[CoilUse, ...]]:
        tables = self._tables.get("lockers", [])
        if not isinstance(tables, list) or not tables:
            self._problem(("lockers",), "there are none: add a table [[lockers]] with numbers, board and channels")
            return {}, ()
        lockers: dict[int, tuple[Coil, str]] = {}
        uses: list[CoilUse] = []
        for index, table in enumerate(tables):
            path: KeyPath = ("lockers", index)
            section = self._decoded(table, LockersSection, path)
            if section is None:
                continue
            for number, channel in self._pairs(section, path):
                if number in lockers:
                    self._problem(
                        (*path, "numbers"), f"locker {number} is given twice; each number belongs to one coil"
                    )
                    continue
                group = section.group or section.board
                lockers[number] = Coil(section.board, channel), group
                uses.append(CoilUse(lockers[number][0], group, (*path, "channels")))
        if len(lockers) > MAX_LOCKERS:
            self._problem((), f"{len(lockers)} lockers; at most {MAX_LOCKERS} are served by one bank")
        boards = self._tables.get("boards", {})
        self._check_boards(tables, boards if isinstance(boards, dict) else {})
        return lockers, tuple(uses)

    def _check_boards(self, tables: list[Any], boards: Mapping[str, object]) -> None:
        for index, table in enumerate(tables):
            board = table.get("board") if isinstance(table, dict) else None
            if isinstance(board, str) and board not in boards:
                names = ", ".join(sorted(boards)) or "none"
                self._problem(("lockers", index, "board"), f"there is no board {board!r}; allowed: {names}")

    def _pairs(self, section: LockersSection, path: KeyPath) -> Iterator[tuple[int, int]]:
        numbers = self._range(section.numbers, (*path, "numbers"))
        channels = self._range(section.channels, (*path, "channels"))
        if numbers and channels and len(numbers) != len(channels):
            self._problem(
                (*path, "channels"), f"{len(channels)} channels for {len(numbers)} lockers; allowed: as many as numbers"
            )
            return
        yield from zip(numbers, channels, strict=False)

    def _range(self, value: int | str, path: KeyPath) -> range:
        found = _RANGE.fullmatch(str(value))
        first = int(found[1]) if found else 0
        last = int(found[2]) if found and found[2] else first
        if not 1 <= first <= last or last - first >= MAX_LOCKERS:
            self._problem(path, f'{value!r}; allowed: a number from 1, or a range such as "1-24"')
            return range(0)
        return range(first, last + 1)
