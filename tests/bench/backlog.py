"""100,000 entries that piled up during an outage: delivered, stored and receipted; and whether memory stays flat.

Flat: once a tenth is stored, neither process's resident memory rises by more than its limit while the rest passes.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import cycle, islice
from pathlib import Path

from controller.inputs import Moment
from controller.journal import Journal, open_journal
from controller.witnesses import boot_id, mono_ms
from tests.bench.figures import Figure
from tests.bench.gateway_site import GatewaySite
from tests.bench.site import LOCKERS
from tests.integration.controller.conftest import now_ms
from wire.entries import EntryType
from wire.ids import uuid7

FIGURES = ("backlog_100k_s", "backlog_controller_rss_growth_mb", "backlog_gateway_rss_growth_mb")
ENTRIES = 100_000
BATCH = 100
WITHIN_S = 300
SAMPLE_EVERY_S = 0.1


def measure(folder: Path, say: Callable[[str], None]) -> Iterator[Figure]:
    """Fill the journal, end the outage, and watch until everything is receipted and in the database."""
    site = GatewaySite(folder / "backlog", "bench-1")
    try:
        say(f"backlog: writing {ENTRIES:,} entries")
        asyncio.run(_fill(site.data))
        site.begin_gateway()
        say("backlog: delivering")
        began = time.monotonic()
        site.start()
        watch = _Watch(site)
        while site.status()["queue"]:
            watch.look()
            time.sleep(SAMPLE_EVERY_S)
            if time.monotonic() - began > WITHIN_S:
                raise RuntimeError(f"not all entries were receipted within {WITHIN_S} s")
        took = time.monotonic() - began
        if watch.stored() < ENTRIES:
            raise RuntimeError(f"receipted, but only {watch.stored()} of {ENTRIES} entries are in the database")
        yield from map(Figure, FIGURES, (took, *watch.growth_mb))
    finally:
        site.close()


class _Watch:
    """Resident memory of both processes while the backlog passes."""

    def __init__(self, site: GatewaySite) -> None:
        self._site = site
        self._processes = (site.process, site.gateway_process)
        self._base: tuple[float, ...] | None = None
        self._peak = (0.0, 0.0)

    def look(self) -> None:
        if self._base is None and self._site.status()["queue"] > ENTRIES * 9 // 10:
            return
        now = tuple(process.memory_info().rss / 1e6 for process in self._processes)
        self._base = self._base or now
        self._peak = (max(self._peak[0], now[0]), max(self._peak[1], now[1]))

    @property
    def growth_mb(self) -> tuple[float, ...]:
        """Controller's and gateway's, in megabytes."""
        assert self._base is not None
        return tuple(max(0.0, peak - base) for peak, base in zip(self._peak, self._base, strict=True))

    def stored(self) -> int:
        """How many entries are in the gateway's database."""
        with closing(sqlite3.connect(self._site.database_path)) as connection:
            (count,) = connection.execute("SELECT count(*) FROM event WHERE epoch IS NOT NULL").fetchone()
            return int(count)


async def _fill(data: Path) -> None:
    """Write through the real journal, a batch at a time, as many as `ENTRIES` with its first, `started`."""
    loop = asyncio.get_running_loop()
    journal = Journal(data, open_journal(data), boot_id(), loop)
    journal.start()
    at = now_ms()
    now = Moment(mono_ms(), at, at, at, "trusted")
    entries = islice(visits(), ENTRIES - 1)
    journal.append(EntryType.STARTED, {"software": "bench", "cause": "start"}, now)
    while batch := list(islice(entries, BATCH)):
        written = loop.create_future()
        for kind, body in batch[:-1]:
            journal.append(kind, body, now)
        kind, body = batch[-1]
        journal.append(kind, body, now, done=written.set_result)
        await written
    journal.stop()


def visits() -> Iterator[tuple[EntryType, dict[str, object]]]:
    """What people leave in a journal who come for their things, one after the other."""
    for locker in cycle(range(1, LOCKERS + 1)):
        release = uuid7()
        yield EntryType.RELEASE_INTENDED, {
            "release": release, "locker": locker, "cause": "badge", "attempt": 1, "grant": f"g-{locker}",
            "digest": f"{locker:032x}", "kind": "holder",
        }  # fmt: skip
        yield EntryType.RELEASED, {"release": release, "locker": locker}
        yield EntryType.DOOR_OPENED, {"release": release, "locker": locker}
        yield EntryType.DOOR_CLOSED, {"locker": locker, "open_ms": 42_000}
