"""What the bank's devices say for themselves: asked of the running controller, or heard through the shipped drivers.

Either way no coil moves: the drivers only start, look and stop.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from controller.config import BankFile
from hw.ports import DeviceKind, SensorKind

LOOK_S = 3.0  # a silent board is known after one second, a keeper or a secure OSDP channel starts within two
SNAPSHOT_WITHIN_S = 5.0
Device = tuple[DeviceKind, str]


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a device: the driver's code, and its own words where they are known."""

    code: str
    detail: str = ""


@dataclass(slots=True)
class Seen:
    """The bank's devices. `sensors`: by locker and kind, True is open. `status`: the running controller's, or None.

    `badges` and `keys`: the readers where a badge was held, and those where a key was pressed, while we looked.
    """

    status: dict[str, Any] | None = None
    troubles: dict[Device, Trouble] = field(default_factory=dict)
    sensors: dict[tuple[int, SensorKind], bool] = field(default_factory=dict)
    active_inputs: dict[str, bool] = field(default_factory=dict)
    badges: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)

    @property
    def running(self) -> bool:
        """Whether a controller runs this bank."""
        return self.status is not None


def ask_controller(bank: BankFile, listen_s: float) -> Seen:
    """What the running controller says, and what happens in the next `listen_s`. Raises ControlError."""
    from controller.control_socket import ask, follow

    seen = Seen(status=ask(bank.data_dir, {"do": "status"}))
    for_s = listen_s if listen_s >= 1 else SNAPSHOT_WITHIN_S
    with closing(follow(bank.data_dir, {"do": "watch"}, for_s=for_s)) as lines:
        until = time.monotonic() + listen_s
        for line in lines:
            if line["what"] == "bank":
                _take_bank(seen, line)
            else:
                _take_line(seen, line)
            if time.monotonic() >= until:
                break
    return seen


def _take_bank(seen: Seen, told: dict[str, Any]) -> None:
    kinds: tuple[DeviceKind, ...] = ("reader", "board", "input", "indicator")
    for kind in kinds:
        for device in told.get(f"{kind}s", ()):
            for code in device.get("faults", ()):
                seen.troubles[kind, device["name"]] = Trouble(code)
    for each in told.get("inputs", ()):
        seen.active_inputs[each["name"]] = each["active"]
    for locker in told["lockers"]:
        _take_sensors(seen, locker)


def _take_sensors(seen: Seen, locker: dict[str, Any]) -> None:
    sensors: tuple[SensorKind, ...] = ("door", "latch")
    for sensor in sensors:
        if locker[sensor] is not None:
            seen.sensors[locker["locker"], sensor] = locker[sensor] == "open"


def _take_line(seen: Seen, line: dict[str, Any]) -> None:
    what = line["what"]
    if what == "badge":
        seen.badges.add(line["reader"])
    elif what == "key":
        seen.keys.add(line["reader"])
    elif what == "fault":
        seen.troubles[line["kind"], line["device"]] = Trouble(line["code"], line["detail"])
    elif what == "recovered":
        seen.troubles.pop((line["kind"], line["device"]), None)
    elif what == "locker":
        _take_sensors(seen, line)


def look_ourselves(bank: BankFile, listen_s: float) -> Seen:
    """What the shipped drivers say when they are started here. The caller holds the data directory."""
    return asyncio.run(_look(bank, max(LOOK_S, listen_s)))


async def _look(bank: BankFile, for_s: float) -> Seen:
    from controller.witnesses import mono_ms
    from hw.assembly import build

    seen = Seen()
    hardware = build(bank.hardware, _listener(bank, seen), mono_ms)
    try:
        await hardware.start()
        await asyncio.sleep(for_s)
    finally:
        heard = Seen(None, dict(seen.troubles), dict(seen.sensors), seen.active_inputs, seen.badges, seen.keys)
        await hardware.stop()
    return heard


def _listener(bank: BankFile, seen: Seen) -> Callable[[Any], None]:
    from hw import ports

    numbers = {coil: number for number, (coil, _) in bank.lockers.items()}

    def hear(event: ports.DeviceEvent) -> None:
        match event:
            case ports.DeviceFault():
                seen.troubles[event.kind, event.device] = Trouble(event.code, event.detail)
            case ports.DeviceRecovered():
                seen.troubles.pop((event.kind, event.device), None)
            case ports.DoorSensed():
                locker = numbers.get(ports.Coil(event.board, event.channel))
                if locker is not None:
                    seen.sensors[locker, event.sensor] = event.open
            case ports.InputSensed():
                seen.active_inputs[event.input] = event.active
            case ports.BadgeRead():
                seen.badges.add(event.reader)
            case ports.KeyPressed():
                seen.keys.add(event.reader)
            case _:
                pass

    return hear
