"""Checks between the devices of one bank: what no single device's settings can tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hw.assembly import HardwareConfig
from hw.errors import Path
from hw.indicators import GpioIndicatorSettings
from hw.locks.gpio import GpioBoardSettings
from hw.locks.xor_board import XorBoardSettings
from hw.readers.serial_rfid import Id12laSettings, Rdm6300Settings


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; `path` leads to it from the top of the bank's TOML file."""

    path: Path
    message: str


def check(config: HardwareConfig) -> list[Problem]:
    """All contradictions in a bank's wiring; empty when it can be built."""
    return [*_pins_used_twice(config), *_ports(config), *_addresses(config), *_coils(config), *_pulses(config)]


def _text(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def _pins(config: HardwareConfig) -> Iterator[tuple[int, Path]]:
    for name, board in config.boards.items():
        if isinstance(board, GpioBoardSettings):
            yield from ((pin, ("boards", name, "locks", index)) for index, pin in enumerate(board.locks))
            yield from ((pin, ("boards", name, "doors", index)) for index, pin in enumerate(board.doors))
    for name, indicator in config.indicators.items():
        if isinstance(indicator, GpioIndicatorSettings):
            for lamp in ("green", "red", "amber", "buzzer"):
                if (pin := getattr(indicator, lamp)) is not None:
                    yield pin, ("indicators", name, lamp)


def _pins_used_twice(config: HardwareConfig) -> Iterator[Problem]:
    first: dict[int, Path] = {}
    for pin, path in _pins(config):
        if pin in first:
            yield Problem(path, f"pin {pin} is already used by {_text(first[pin])}; give each its own")
        first.setdefault(pin, path)


def _ports(config: HardwareConfig) -> Iterator[Problem]:
    """Readers need a port each; boards may share one with boards of their own kind only."""
    taken: dict[str, tuple[Path, bool]] = {}
    for name, board in config.boards.items():
        if isinstance(board, XorBoardSettings):
            taken.setdefault(board.port, (("boards", name, "port"), True))
    for name, reader in config.readers.items():
        if isinstance(reader, Rdm6300Settings | Id12laSettings):
            path: Path = ("readers", name, "port")
            if reader.port in taken:
                yield Problem(path, f"port {reader.port} is already used by {_text(taken[reader.port][0])}")
            taken.setdefault(reader.port, (path, False))


def _addresses(config: HardwareConfig) -> Iterator[Problem]:
    first: dict[tuple[str, int], str] = {}
    for name, board in config.boards.items():
        if isinstance(board, XorBoardSettings):
            key = (board.port, board.address)
            if key in first:
                yield Problem(
                    ("boards", name, "address"),
                    f"board {first[key]} on {board.port} has address {board.address} too: both would fire together",
                )
            first.setdefault(key, name)


def _channels(board: object) -> int:
    if isinstance(board, XorBoardSettings):
        return board.channels
    return len(board.locks) if isinstance(board, GpioBoardSettings) else 0


def _coils(config: HardwareConfig) -> Iterator[Problem]:
    first: dict[object, Path] = {}
    for use in config.coils:
        board = config.boards.get(use.coil.board)
        if board is None:
            names = ", ".join(sorted(config.boards)) or "none"
            yield Problem(use.path, f"there is no board {use.coil.board!r}; allowed: {names}")
        elif not 1 <= use.coil.channel <= _channels(board):
            yield Problem(
                use.path,
                f"board {use.coil.board} has no channel {use.coil.channel}; allowed: 1 to {_channels(board)}",
            )
        elif use.coil in first:
            taken = f"channel {use.coil.channel} of board {use.coil.board}"
            yield Problem(use.path, f"{taken} already opens a locker, see {_text(first[use.coil])}")
        first.setdefault(use.coil, use.path)


def _pulses(config: HardwareConfig) -> Iterator[Problem]:
    if config.pulse_ms is None:
        return
    for name, board in config.boards.items():
        if isinstance(board, XorBoardSettings) and board.board_pulse_ms != config.pulse_ms:
            yield Problem(
                ("releases", "pulse_ms"),
                f"board {name} times its own pulse; allowed: {board.board_pulse_ms}, or set pulse_ms in the tables of "
                "the boards that can be timed",
            )
