"""Checks between the devices of one bank: what no single device's settings can tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hw.assembly import HardwareConfig
from hw.errors import Path
from hw.settings import Wiring

# BCM pins of the Pi's own ports.
PINS_OF_PORTS: Mapping[str, tuple[int, ...]] = {
    "/dev/i2c-1": (2, 3),
    "/dev/serial0": (14, 15),
    "/dev/ttyAMA0": (14, 15),
    "/dev/ttyS0": (14, 15),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; `path` leads to it from the top of the bank's TOML file."""

    path: Path
    message: str


def check(config: HardwareConfig) -> list[Problem]:
    """All contradictions in a bank's wiring; empty when it can be built."""
    boards = {name: settings.wiring() for name, settings in config.boards.items()}
    devices: dict[Path, Wiring] = {("boards", name): wiring for name, wiring in boards.items()}
    devices |= {("readers", name): settings.wiring() for name, settings in config.readers.items()}
    devices |= {("indicators", name): settings.wiring() for name, settings in config.indicators.items()}
    devices |= {("inputs", name): settings.wiring() for name, settings in config.inputs.items()}
    return [
        *_pins(devices),
        *_pins_of_ports(devices),
        *_ports(devices),
        *_addresses(devices),
        *_coils(config, boards),
        *_pulses(config, boards),
        *_indicators(config),
    ]


def _text(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def _pins(devices: dict[Path, Wiring]) -> Iterator[Problem]:
    first: dict[int, Path] = {}
    for device, wiring in devices.items():
        for key, pin in wiring.pins.items():
            if pin in first:
                yield Problem((*device, *key), f"pin {pin} is already used by {_text(first[pin])}; give each its own")
            first.setdefault(pin, (*device, *key))


def _pins_of_ports(devices: dict[Path, Wiring]) -> Iterator[Problem]:
    """A pin that belongs to a bus or port that another device uses."""
    taken: dict[int, Path] = {}
    for device, wiring in devices.items():
        for pin in PINS_OF_PORTS.get(wiring.port or "", ()):
            taken.setdefault(pin, (*device, wiring.port_key))
    for device, wiring in devices.items():
        for key, pin in wiring.pins.items():
            if pin in taken:
                yield Problem(
                    (*device, *key), f"pin {pin} belongs to the port that {_text(taken[pin])} names; give it another"
                )


def _ports(devices: dict[Path, Wiring]) -> Iterator[Problem]:
    first: dict[str, tuple[Path, str | None]] = {}
    for device, wiring in devices.items():
        if wiring.port is None:
            continue
        key = (*device, wiring.port_key)
        path, bus = first.setdefault(wiring.port, (key, wiring.bus))
        if path != key and (bus is None or bus != wiring.bus):
            yield Problem(key, f"port {wiring.port} is already used by {_text(path)}; give each its own")


def _addresses(devices: dict[Path, Wiring]) -> Iterator[Problem]:
    first: dict[tuple[str | None, int], Path] = {}
    for device, wiring in devices.items():
        if wiring.address is None:
            continue
        other = first.setdefault((wiring.port, wiring.address), device)
        if other != device:
            yield Problem(
                (*device, "address"),
                f"{_text(other)} on {wiring.port} has address {_address(wiring)} too: both would fire together; give "
                "each its own",
            )


def _address(wiring: Wiring) -> str:
    return f"0x{wiring.address:02X}" if wiring.bus == "i2c" else str(wiring.address)


def _coils(config: HardwareConfig, boards: dict[str, Wiring]) -> Iterator[Problem]:
    first: dict[object, Path] = {}
    for use in config.coils:
        name, channel = use.coil
        if name not in boards:
            yield Problem(use.path, f"there is no board {name!r}; allowed: {', '.join(sorted(boards)) or 'none'}")
        elif not 1 <= channel <= boards[name].channels:
            yield Problem(use.path, f"board {name} has no channel {channel}; allowed: 1 to {boards[name].channels}")
        elif use.coil in first:
            taken = f"channel {channel} of board {name}"
            yield Problem(use.path, f"{taken} already opens a locker, see {_text(first[use.coil])}")
        first.setdefault(use.coil, use.path)


def _pulses(config: HardwareConfig, boards: dict[str, Wiring]) -> Iterator[Problem]:
    for name, wiring in boards.items():
        fixed_ms = wiring.fixed_pulse_ms
        if config.pulse_ms is not None and fixed_ms not in (None, config.pulse_ms):
            yield Problem(
                ("releases", "pulse_ms"),
                f"board {name} times its own pulse; allowed: {fixed_ms}, or set pulse_ms in the tables of the boards "
                "that can be timed",
            )


def _indicators(config: HardwareConfig) -> Iterator[Problem]:
    """An indicator that speaks through, or stands at, a reader which is not there, or is of another kind."""
    for name, settings in config.indicators.items():
        beside = getattr(settings, "reader", None)
        if settings.wiring().reader is None and beside is not None and beside not in config.readers:
            allowed = ", ".join(sorted(config.readers)) or "none"
            yield Problem(("indicators", name, "reader"), f"there is no reader {beside!r}; allowed: {allowed}")
        wanted, driver = settings.wiring().reader, settings.__struct_config__.tag
        fitting = sorted(each for each, reader in config.readers.items() if reader.__struct_config__.tag == driver)
        if wanted is not None and wanted not in fitting:
            allowed = ", ".join(fitting) or "none"
            yield Problem(
                ("indicators", name, "reader"), f"there is no reader {wanted!r} of driver {driver}; allowed: {allowed}"
            )
