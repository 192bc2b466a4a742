"""The gateway's ingest by itself: batches of 100 entries judged, stored and committed, on SQLite on a real disk."""

import shutil
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gateway import migrations
from gateway.access.keystore import Keystore
from gateway.db import Database
from gateway.ingest.effects import take_effect
from gateway.ingest.service import Arrived, store
from gateway.link.inbox import TOGETHER
from gateway.privacy.field_keys import FieldKeys
from tests.bench.backlog import visits
from tests.bench.figures import Figure, percentile
from tests.bench.people import fill
from tests.integration.controller.conftest import now_ms
from wire.chain import GENESIS, link
from wire.entries import BatchHeader, Entry, EntryType, encode_batch, encode_entry
from wire.keys import controller_token
from wire.limits import MAX_BATCH_ENTRIES

FIGURES = ("ingest_entries_per_s", "ingest_batch_p99_ms")
BANK, EPOCH = "bench-1", "ab" * 16
TOGETHERS = 6
ALONE = 100


def measure(folder: Path, say: Callable[[str], None]) -> Iterator[Figure]:
    """As many batches together as the gateway takes when it is behind; then one by one, as on a quiet day."""
    say("ingest: batches into the database")
    home = folder / "ingest"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    database = Database(f"sqlite:///{home / 'casier.db'}", FieldKeys.of(home))
    try:
        migrations.migrate(database)
        device, encryption = Ed25519PrivateKey.generate(), X25519PrivateKey.generate()
        keys = controller_token(device.public_key().public_bytes_raw(), encryption.public_key().public_bytes_raw())
        with database.writing() as session:
            fill(session, Keystore(home), BANK, keys)
        batches = list(islice(_batches(), TOGETHERS * TOGETHER + ALONE))
        many, single = batches[: TOGETHERS * TOGETHER], batches[TOGETHERS * TOGETHER :]
        began = time.perf_counter()
        for at in range(0, len(many), TOGETHER):
            _ingest(database, many[at : at + TOGETHER])
        took = time.perf_counter() - began
        yield Figure("ingest_entries_per_s", len(many) * MAX_BATCH_ENTRIES / took)
        times = []
        for batch in single:
            began = time.perf_counter()
            _ingest(database, [batch])
            times.append((time.perf_counter() - began) * 1_000)
        yield Figure("ingest_batch_p99_ms", percentile(times, 99))
    finally:
        database.close()


def _ingest(database: Database, batches: list[Arrived]) -> None:
    now = now_ms()
    with database.writing() as session:
        stored = store(session, batches, now=now)
        take_effect(session, stored, now=now)
    if stored.poison or stored.duplicates:
        raise RuntimeError("the gateway did not take the bench's own entries for good ones")


def _batches() -> Iterator[Arrived]:
    """One epoch's chain, cut into full batches."""
    at, prev, seq = now_ms(), GENESIS, 0
    entries = visits()
    while True:
        header = BatchHeader(BANK, EPOCH, seq + 1, prev.hex())
        lines = []
        for _ in range(MAX_BATCH_ENTRIES):
            seq += 1
            kind, body = (EntryType.STARTED, {"software": "bench", "cause": "start"}) if seq == 1 else next(entries)
            line = encode_entry(Entry(EPOCH, seq, kind.value, at, seq, "bench", "trusted", body))
            lines.append(line)
            prev = link(prev, line)
        yield Arrived(BANK, encode_batch(header, lines))
