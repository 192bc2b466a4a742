"""What a controller asks of the machine it runs on: its clocks, its boot, its health. The disk is `storage.py`."""

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from msgspec import Struct

from controller import systemd, witnesses


class Machine(Struct, frozen=True):
    """Functions of one machine. `system_ms` is None while the system clock may not be heard as a witness.

    `mono_ms` and the loop's `time()` are the same clock. `battery_ms`: None where there is no battery clock. `notify`
    tells the supervisor (sd_notify).
    """

    boot_id: str
    mono_ms: Callable[[], int]
    system_ms: Callable[[], int | None]
    battery_ms: Callable[[], int | None]
    disk_free_mb: Callable[[Path], int | None]
    temperature_decicelsius: Callable[[], int | None]
    collect_garbage: Callable[[], object]
    give_memory_back: Callable[[], None]
    notify: Callable[[str], None]


def this_machine(system_clock: Literal["auto", "trusted", "unsynchronised", "absent"]) -> Machine:
    """The machine this program runs on; `system_clock` as in `[time]` of the bank's file."""
    return Machine(
        witnesses.boot_id(),
        witnesses.mono_ms,
        witnesses.system_clock(system_clock),
        _nothing if system_clock == "absent" else witnesses.battery_instant,
        witnesses.disk_free_mb,
        witnesses.temperature_decicelsius,
        gc.collect,
        witnesses.give_memory_back,
        systemd.notify,
    )


def _nothing() -> None:
    """No battery clock that may be heard."""
