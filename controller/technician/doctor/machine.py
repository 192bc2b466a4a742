"""The computer itself: clock, disk, supply, temperature, and the directory that holds keys, list and journal."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from controller.config import BankFile
from controller.journal_writer import LOW_DISK_BYTES
from controller.technician.doctor.findings import Finding, broken, doubtful, well
from controller.timekeeping import FIRST_FLOOR
from controller.trust import read_root
from controller.witnesses import battery_instant, disk_free_mb, system_clock, temperature_decicelsius
from wire.errors import KeyMaterialError

LOW_MB = LOW_DISK_BYTES // (1024 * 1024)
SCARCE_MB = 256
SLOW_MS = 250  # the disk has this long before a release goes ahead without its intent on disk
HOT_DECICELSIUS = 800  # a Pi slows itself down from here on
PRIVATE_FILES = ("device.key", "encryption.key")
_HWMON = Path("/sys/class/hwmon")
_MODEL = Path("/proc/device-tree/model")
_CONFIG_TXT = Path("/boot/firmware/config.txt")


@dataclass(frozen=True, slots=True)
class Machine:
    """What can be measured without asking anyone; None where this machine does not tell.

    `write_ms`: how long a small write took to reach the disk; `write_error`: why it did not. `sags`: the Pi's own word
    on its supply. `loose`: private files that others can read.
    """

    synchronised: bool
    at: int
    battery: int | None
    free_mb: int | None
    write_ms: int | None
    write_error: str | None = None
    sags: bool | None = None
    decicelsius: int | None = None
    is_pi: bool = False
    lets_pins_go: bool | None = None
    root: str = "known"
    loose: tuple[str, ...] = field(default_factory=tuple)


def measure(bank: BankFile) -> Machine:
    """Look at this machine; nothing is changed but for one small file that comes and goes."""
    write_ms, write_error = _write(bank.data_dir)
    return Machine(
        synchronised=system_clock(bank.time.system_clock)() is not None,
        at=time.time_ns() // 1_000_000,
        battery=battery_instant(),
        free_mb=disk_free_mb(bank.data_dir),
        write_ms=write_ms,
        write_error=write_error,
        sags=supply_sags(_HWMON),
        decicelsius=temperature_decicelsius(),
        is_pi=_holds(_MODEL, "Raspberry Pi") or False,
        lets_pins_go=_holds(_CONFIG_TXT, "\ndtparam=strict_gpiod"),
        root=_root(bank.data_dir),
        loose=tuple(name for name in PRIVATE_FILES if _is_loose(bank.data_dir / name)),
    )


def judge(machine: Machine, bank: BankFile, clock: str | None) -> Iterator[Finding]:
    """What the measurements mean; `clock` is the running controller's word on its time (trusted, claimed, floor)."""
    yield _directory(machine, bank.data_dir)
    yield _room(machine)
    yield _keys(machine)
    yield _trust(machine)
    yield _clock(machine, clock)
    yield _battery(machine)
    yield from _supply(machine)
    if any(settings.__struct_config__.tag == "gpio" for settings in bank.hardware.boards.values()):
        yield from _pins(machine)


def supply_sags(hwmon: Path) -> bool | None:
    """The kernel's undervoltage alarm of a Pi (its hwmon device rpi_volt), None where there is none."""
    for device in sorted(hwmon.glob("hwmon*")):
        if _holds(device / "name", "rpi_volt"):
            return _holds(device / "in0_lcrit_alarm", "1")
    return None


def _write(directory: Path) -> tuple[int | None, str | None]:
    probe = directory / f".doctor-{uuid4().hex}"
    begun = time.monotonic()
    try:
        with probe.open("xb") as file:
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
        probe.unlink()
    except OSError as error:
        probe.unlink(missing_ok=True) if probe.exists() else None
        return None, error.strerror or str(error)
    return round((time.monotonic() - begun) * 1_000), None


def _holds(path: Path, text: str) -> bool | None:
    try:
        return text in "\n" + path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _root(directory: Path) -> str:
    try:
        return "known" if read_root(directory) is not None else "none"
    except (KeyMaterialError, OSError):
        return "unreadable"


def _is_loose(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & 0o077)
    except OSError:
        return False


def _directory(machine: Machine, directory: Path) -> Finding:
    what = f"directory {directory}"
    if machine.write_error is not None:
        mend = f"make it, give it to the user who runs the controller (chown casier {directory}), and see that its disk"
        return broken("disk", what, f"cannot be written: {machine.write_error}", f"{mend} is not full or read-only")
    if machine.write_ms is not None and machine.write_ms > SLOW_MS:
        text = f"a small write took {machine.write_ms} ms; a release waits {SLOW_MS} ms for its entry, then goes ahead"
        return doubtful("disk", what, text, "look again; if it stays so, replace the SD card")
    return well("disk", what, f"can be written; a small write took {machine.write_ms} ms")


def _room(machine: Machine) -> Finding:
    free = machine.free_mb
    if free is None:
        return broken("disk", "room on the disk", "cannot be told", "see that the disk of [bank] data_dir is mounted")
    if free < LOW_MB:
        text = f"{free} MB left; below {LOW_MB} MB only what must be written is written"
        return broken("disk", "room on the disk", text, "delete what does not belong there, or use a larger card")
    if free < SCARCE_MB:
        return doubtful("disk", "room on the disk", f"{free} MB left", "delete what does not belong there")
    return well("disk", "room on the disk", f"{free} MB left")


def _keys(machine: Machine) -> Finding:
    if machine.loose:
        names = ", ".join(machine.loose)
        return broken("trust", "private keys", f"others can read {names}", f"chmod 600 {names} in data_dir")
    return well("trust", "private keys", "readable by their owner alone")


def _trust(machine: Machine) -> Finding:
    mend = "run casier-controller trust ROOT-KEY, as casier-gateway root-key prints it"
    if machine.root == "unreadable":
        return broken("trust", "root key", "cannot be read", mend)
    if machine.root == "none":
        return broken("trust", "root key", "none yet: this controller obeys no gateway", mend)
    return well("trust", "root key", "known")


def _clock(machine: Machine, clock: str | None) -> Finding:
    at = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(machine.at / 1_000))
    mend = "connect the network (timedatectl shows whether NTP works), or casier-controller time set --at, by a watch"
    if machine.at < FIRST_FLOOR:
        return broken("clock", "clock", f"it says {at}, which is past", mend)
    if clock == "trusted" or (clock is None and machine.synchronised):
        return well("clock", "clock", f"{at}, {'trusted' if clock else 'held by NTP, or sure by [time] system_clock'}")
    text = f"{at}, but " + ("NTP does not hold it" if clock is None else f"the controller takes it only as {clock}")
    return doubtful("clock", "clock", f"{text}: ends of contracts are judged by the latest sure time", mend)


def _battery(machine: Machine) -> Finding:
    if machine.battery is None:
        text = "none: after a power cut the time is unknown until the network is there"
        return doubtful("clock", "battery clock", text, "fit a DS3231 (deploy/raspberry-pi/config.txt)")
    off_s = abs(machine.battery - machine.at) // 1_000
    if machine.synchronised and off_s > 60:
        return doubtful("clock", "battery clock", f"it is {off_s} s off", "run hwclock --systohc, or replace its cell")
    return well("clock", "battery clock", "it keeps the time")


def _supply(machine: Machine) -> Iterator[Finding]:
    if machine.sags:
        mend = "use a 5 V supply with a shorter, thicker cable, apart from that of the locks"
        yield broken("supply", "supply voltage", "too low now, or since the last look", mend)
    elif machine.sags is None and machine.is_pi:
        mend = "load the kernel's driver raspberrypi-hwmon"
        yield doubtful("supply", "supply voltage", "this Pi does not tell", mend)
    else:
        yield well("supply", "supply voltage", "no undervoltage" if machine.sags is False else "no sensor here to ask")
    if machine.decicelsius is not None:
        degrees = f"{machine.decicelsius / 10:.0f} °C"
        if machine.decicelsius >= HOT_DECICELSIUS:
            yield doubtful("supply", "temperature", degrees, "give the cabinet air, or a heat sink to the Pi")
        else:
            yield well("supply", "temperature", degrees)


def _pins(machine: Machine) -> Iterator[Finding]:
    """Locks on the Pi's own pins: a killed program must not leave one driven."""
    if machine.lets_pins_go:
        yield well("line", "pins of a dead program", "let go by the kernel (strict_gpiod)")
    elif machine.is_pi:
        text = "stay as they are: after kill -9 a solenoid may stay on until the service starts again"
        yield doubtful("line", "pins of a dead program", text, f"write dtparam=strict_gpiod into {_CONFIG_TXT}")
