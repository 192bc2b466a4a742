"""What this machine knows by itself: its clocks and whether NTP holds them, disk, temperature, boot."""

import ctypes
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

SystemClock = Callable[[], int | None]
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_TIMEX_BYTES = 512  # more than any architecture's struct timex; all zero asks and changes nothing
_BATTERY = Path("/sys/class/rtc/rtc0/since_epoch")
_TEMPERATURE = Path("/sys/class/thermal/thermal_zone0/temp")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def mono_ms() -> int:
    """The monotonic clock."""
    return time.monotonic_ns() // 1_000_000


def system_clock(mode: Literal["auto", "trusted", "unsynchronised", "absent"]) -> SystemClock:
    """A function that gives the system clock's instant while it may be heard as a witness, else None."""
    if mode == "trusted":
        return lambda: time.time_ns() // 1_000_000
    if mode in ("unsynchronised", "absent"):
        return lambda: None
    libc = ctypes.CDLL(None, use_errno=True)
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)

    def synchronised() -> int | None:
        state = libc.adjtimex(timex)
        ctypes.memset(timex, 0, _TIMEX_BYTES)
        return None if state in (_TIME_ERROR, -1) else time.time_ns() // 1_000_000

    return synchronised


def battery_instant() -> int | None:
    """The battery clock now, None if there is none."""
    try:
        return int(_BATTERY.read_text()) * 1_000
    except (OSError, ValueError):
        return None


def temperature_decicelsius() -> int | None:
    """The processor's temperature."""
    try:
        return int(_TEMPERATURE.read_text()) // 100
    except (OSError, ValueError):
        return None


def disk_free_mb(path: Path) -> int | None:
    """Room for this program on the disk that holds `path`."""
    try:
        disk = os.statvfs(path)
    except OSError:
        return None
    return disk.f_bavail * disk.f_frsize // (1024 * 1024)


def boot_id() -> str:
    """The kernel's name of this boot, to tell whether two monotonic times may be compared."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return "unknown"


def process_age_ms() -> int:
    """How long this process has lived, with its interpreter's start and its imports (to 10 ms)."""
    try:
        after_name = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        started_s = int(after_name[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0
    return round((time.clock_gettime(time.CLOCK_BOOTTIME) - started_s) * 1_000)


def give_memory_back() -> None:
    """Return freed heap to the system, where the C library can (glibc): decoding leaves holes behind."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)
