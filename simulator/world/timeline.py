"""What happened in a world, to be read: one line a thing, in UTC, with the violations marked."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from simulator.world.trace import Line


def timeline(lines: Iterable[Line]) -> Iterator[str]:
    """Readable lines. Days are set apart."""
    day = ""
    for line in lines:
        moment = datetime.fromtimestamp(line.at_ms / 1_000, UTC)
        if (date := f"{moment:%Y-%m-%d}") != day:
            day = date
            yield f"-- {day} (UTC)"
        facts = " ".join(f"{name}={value}" for name, value in line.facts.items())
        mark = "!!" if line.what == "violation" else "**" if line.what in ("fault", "healed") else "  "
        yield f"{moment:%H:%M:%S}.{moment.microsecond // 1_000:03} {mark} {line.who:<16} {line.what} {facts}".rstrip()
