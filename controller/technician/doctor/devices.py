"""Readers, boards, indicators and inputs: does each answer, may its line be used, and has a reader ever read?"""

import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from controller.config import BankFile
from controller.technician.doctor.access import barred, service_user
from controller.technician.doctor.findings import Finding, broken, doubtful, well
from controller.technician.doctor.history import Past
from controller.technician.doctor.seen import Seen, Trouble
from hw.ports import DeviceKind
from hw.settings import DeviceSettings

MENDS = {
    "missing": "plug it in, or correct its port or pins in the bank's file",
    "permission": "put the user of the service into the groups dialout, gpio, i2c and input",
    "in_use": "stop the other program that has it open",
    "unplugged": "look at its cable and adapter",
    "silent": "look at its power, its address switches and the two wires of the line",
    "bad_reply": "look at the line's wiring, termination and ground, and for a second board at the same address",
    "garbage": "look at its kind, its baud rate and its wiring (D0 and D1 may be swapped)",
    "swapped": "exchange the wires D0 and D1",
    "keeper_lost": "look into the log for what ended the pulse keeper; reinstall the program if it cannot start",
    "failed": "look at its wiring and its supply; the controller's log has more",
    "stays_on": "cut the supply of the locks now: a relay is welded or its driver is broken; replace the board",
}
# These are asked by their driver and answer for themselves; the others are silent until a badge is held to them.
ANSWERS_BY_ITSELF = frozenset({"pn532", "osdp", "keyboard_wedge"})
_WELL: Mapping[DeviceKind, str] = {"board": "its pins are claimed", "indicator": "ready"}
_NUMBERED = re.compile(r"/dev/tty(?:USB|ACM)\d+")
_CONSOLE = re.compile(r"\bconsole=(tty[A-Za-z]+\d+|serial\d)")
_COMMAND_LINE = Path("/proc/cmdline")


def judge(bank: BankFile, seen: Seen, past: Past, now_ms: int) -> Iterator[Finding]:
    """A line for every device and for every port of the bank."""
    hardware = bank.hardware
    for name, settings in hardware.readers.items():
        yield _trouble(seen, "reader", name, settings) or _reader(
            name, settings, len(hardware.readers), seen, past, now_ms
        )
    kinds: dict[DeviceKind, Mapping[str, DeviceSettings]] = {"board": hardware.boards, "indicator": hardware.indicators}
    for kind, devices in kinds.items():
        for name, settings in devices.items():
            working = _WELL[kind] if settings.wiring().pins or kind == "indicator" else "answers"
            yield _trouble(seen, kind, name, settings) or well(kind, _titled(kind, name, settings), working)
    for name, settings in hardware.inputs.items():
        yield _trouble(seen, "input", name, settings) or _input(name, settings, seen)
    yield from ports(bank, _command_line())


def ports(bank: BankFile, command_line: str) -> Iterator[Finding]:
    """What is wrong with the serial ports themselves; `command_line` is the kernel's."""
    hardware = bank.hardware
    used = {
        settings.wiring().port
        for devices in (hardware.readers, hardware.boards, hardware.indicators, hardware.inputs)
        for settings in devices.values()
    }
    first: dict[Path, str] = {}
    user = service_user(bank.data_dir)
    for port in sorted(port for port in used if port is not None):
        other = first.setdefault(Path(port).resolve(), port)
        why = None if user is None else barred(port, user)
        if other != port:
            yield broken("line", f"port {port}", f"it is the same port as {other}", "give each device its own")
        elif why is not None:
            yield broken("line", f"port {port}", why, MENDS["permission"])
        else:
            yield _port(port, command_line)


def _port(port: str, command_line: str) -> Finding:
    what = f"port {port}"
    if {Path(port).name, Path(port).resolve().name} & set(_CONSOLE.findall(command_line)):
        mend = "raspi-config, Interface Options, Serial Port: no login shell, but keep the port; then reboot"
        return broken("line", what, "the kernel's console writes on it", mend)
    if _NUMBERED.fullmatch(port):
        mend = "name it by /dev/serial/by-path/... (or by-id), which survives a reboot and another socket"
        return doubtful("line", what, "its name changes when adapters are plugged in another order", mend)
    return well("line", what, "its name is lasting")


def _command_line() -> str:
    try:
        return _COMMAND_LINE.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _titled(kind: str, name: str, settings: DeviceSettings) -> str:
    return f"{kind} {name} ({settings.__struct_config__.tag})"


def _trouble(seen: Seen, kind: DeviceKind, name: str, settings: DeviceSettings) -> Finding | None:
    trouble = seen.troubles.get((kind, name))
    if trouble is None:
        return None
    return broken(kind, _titled(kind, name, settings), worded(trouble), MENDS.get(trouble.code, MENDS["failed"]))


def worded(trouble: Trouble) -> str:
    """The fault's code, and the driver's own words where they are known."""
    return f"{trouble.code}: {trouble.detail}" if trouble.detail else trouble.code


def _reader(name: str, settings: DeviceSettings, readers: int, seen: Seen, past: Past, now_ms: int) -> Finding:
    what = _titled("reader", name, settings)
    if name in seen.badges:
        return well("reader", what, "it read a badge just now")
    if settings.__struct_config__.tag in ANSWERS_BY_ITSELF:
        return well("reader", what, "it answers")
    last = max(past.last_badge.get(name, 0), past.last_badge.get("", 0) if readers == 1 else 0)
    if last:
        return well("reader", what, f"its last badge was {_ago(now_ms - last)} ago")
    mend = "hold a badge to it while the doctor listens: doctor --listen 20"
    return doubtful("reader", what, "its line is open, but it says nothing by itself and has read no badge yet", mend)


def _input(name: str, settings: DeviceSettings, seen: Seen) -> Finding:
    what = _titled("input", name, settings)
    active = seen.active_inputs.get(name)
    if active is None:
        return doubtful("input", what, "it has said nothing yet", "look at its wiring and at the bank's file")
    if active:
        mend = "close the enclosure, look at the mains, or at the contact: a cut wire reads so too"
        return doubtful("input", what, "it reports its alarm now", mend)
    return well("input", what, "quiet")


def _ago(ms: int) -> str:
    minutes = max(ms, 0) // 60_000
    for size, unit in ((1_440, "days"), (60, "hours")):
        if minutes >= 2 * size:
            return f"{minutes // size} {unit}"
    return f"{minutes} min"


def now_ms() -> int:
    """The system's clock."""
    return time.time_ns() // 1_000_000
