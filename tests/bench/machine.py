"""What the figures were measured on: processor, memory, system, and how long the disk takes to make a page durable."""

import os
import platform
import subprocess
import time
from pathlib import Path

from tests.bench.figures import percentile
from tests.bench.priority import as_deployed

_PAGE = 4096
_PAGES = 256


def describe(disk: Path) -> dict[str, object]:
    """The machine, and the disk that holds `disk`."""
    return {
        "cpu": _line("/proc/cpuinfo", "model name") or platform.processor(),
        "cores": os.cpu_count(),
        "memory_mb": int((_line("/proc/meminfo", "MemTotal") or "0 kB").split()[0]) // 1024,
        "os": _os_name(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "fdatasync_p50_ms": round(percentile(fdatasync_ms(disk, 300, 0.0), 50), 3),
        "fdatasync_alone_p50_ms": round(percentile(fdatasync_ms(disk, 20, 0.25), 50), 3),
        "controller_priority": " ".join(as_deployed()) or "normal (this user may give no other)",
        "load_before": round(os.getloadavg()[0], 2),
    }


def fdatasync_ms(folder: Path, count: int, every_s: float) -> list[float]:
    """Times to overwrite one page of a file and make it durable, `every_s` apart: the floor under every release."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "fdatasync.probe"
    times = []
    with path.open("wb", buffering=0) as file:
        file.write(bytes(_PAGE * _PAGES))
        os.fsync(file.fileno())
        for index in range(count):
            time.sleep(every_s)
            began = time.perf_counter()
            os.pwrite(file.fileno(), os.urandom(_PAGE), index % _PAGES * _PAGE)
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - began) * 1_000)
    path.unlink()
    return times


def commit(root: Path) -> str:
    """The commit that is checked out, marked if the tree differs from it."""
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"], cwd=root, capture_output=True, text=True
    )
    return said.stdout.strip() or "unknown"


def _line(path: str, key: str) -> str | None:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return None
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), None)


def _os_name() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.platform()
