"""HTTP revoke answered -> list in force on the controller, through the real gateway, mosquitto and the controller.

The controller's journal says when it applied each list (its monotonic clock, in milliseconds, is this machine's).
"""

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from tests.bench.figures import Figure, percentile
from tests.bench.gateway_site import GatewaySite
from wire.entries import EntryType, decode_entry

FIGURES = ("revoke_in_force_p50_ms", "revoke_in_force_p99_ms")
REVOCATIONS = 200
EVERY_S = 0.1
READY_WITHIN_S = 30
# A revoked badge takes its holder and its collect grant out of the list.
REVOKED_EACH = 2


def measure(folder: Path, say: Callable[[str], None]) -> Iterator[Figure]:
    """Revoke one badge after the other and look up afterwards when each was in force."""
    site = GatewaySite(folder / "revocations", "bench-1", spares=REVOCATIONS)
    try:
        site.begin_gateway()
        site.start()
        site.until(lambda: bool(site.status()["list_version"]), READY_WITHIN_S)
        time.sleep(2)
        answered = _revoke_all(site, say)
        time.sleep(2)
        site.end()
        late = _in_force_after_ms(site.data / "journal.db", answered)
        yield from map(Figure, FIGURES, (percentile(late, 50), percentile(late, 99)))
    finally:
        site.close()


def _revoke_all(site: GatewaySite, say: Callable[[str], None]) -> list[float]:
    """When each revocation was answered, in monotonic milliseconds."""
    answered = []
    chance = random.Random(5)
    with closing(site.connection()) as connection:
        for number, badge in enumerate(site.spare_badges):
            if number % 50 == 0:
                say(f"revocations: {number} of {REVOCATIONS}")
            site.post(connection, f"/api/v1/badges/{badge}/revoke")
            answered.append(time.monotonic() * 1_000)
            time.sleep(EVERY_S * chance.uniform(0.5, 1.5))
    return answered


def _in_force_after_ms(journal: Path, answered: list[float]) -> list[float]:
    """From each answer to the first list applied with that many revoked badges; 0 where the list was there before."""
    applied: list[tuple[int, int]] = []
    with closing(sqlite3.connect(journal)) as connection:
        for (line,) in connection.execute("SELECT line FROM entry ORDER BY no, seq"):
            entry = decode_entry(bytes(line))
            if entry.type == EntryType.ACCESS_APPLIED:
                applied.append((entry.body["revoked"], entry.mono_ms))
    late = []
    for number, at_ms in enumerate(answered, 1):
        in_force_ms = next((mono_ms for revoked, mono_ms in applied if revoked >= number * REVOKED_EACH), None)
        if in_force_ms is None:
            raise RuntimeError(f"revocation {number} never came into force")
        late.append(max(0.0, in_force_ms - at_ms))
    return late
