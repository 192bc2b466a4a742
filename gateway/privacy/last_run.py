"""When files were erased last, by this machine's clock: one that leaps ahead, for a night, must erase nobody's name."""

from datetime import UTC, datetime
from pathlib import Path

from gateway.durable import write_whole
from gateway.errors import ConflictError
from gateway.privacy.terms import DAY_MS

# Beside the keys, and apart from the database, which may be put back to an earlier day.
LAST_RUN_FILE = "last-erasure"
# It runs every night. Two years of keeping bear a clock that is a week ahead, and a machine may be off for as long.
_APART_MS = 8 * DAY_MS


def last_run(home: Path) -> int | None:
    """When files were erased last; None where that was never, or nobody can read it any more. Raises OSError."""
    try:
        return int((home / LAST_RUN_FILE).read_text())
    except (FileNotFoundError, ValueError):
        return None


def remember_run(home: Path, now: int) -> None:
    """The next run has to be near this one. Raises OSError."""
    write_whole(home / LAST_RUN_FILE, str(now).encode())


def require_near(last: int | None, now: int) -> None:
    """Raises ConflictError with code `clock`: this clock stands more than eight days from the last run, before or after
    it, so that it may be wrong, now or then."""
    if last is not None and abs(now - last) > _APART_MS:
        raise ConflictError(
            "clock",
            f"nothing was erased: it is {_day(now)} by this machine's clock, files were erased last on {_day(last)}. "
            "If the clock is right, and the machine was off or its clock was wrong before, say --trust-clock once",
            last=last,
        )


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).date().isoformat()
