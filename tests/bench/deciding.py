"""Pure computing, in this process: one signature, one decision."""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.access import AccessIndex, decide
from controller.inputs import Moment
from tests.bench.figures import Figure
from tests.bench.site import LOCKERS
from wire.access_list import AccessList, Grant
from wire.envelope import key_id, sign, verify
from wire.topics import Topic

FIGURES = (
    "envelope_verify_us",
    "decide_60_grants_us",
    "decide_20000_grants_us",
)
REPEATS = 5
NOW = 1_800_000_000_000


def measure(_folder: Path, say: Callable[[str], None]) -> Iterator[Figure]:
    """Medians over a few repetitions."""
    say("signatures and decisions")
    yield Figure("envelope_verify_us", _verify_us())
    yield Figure("decide_60_grants_us", _decide_us(60))
    yield Figure("decide_20000_grants_us", _decide_us(20_000))


def _seconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return median(times)


def _verify_us() -> float:
    key = Ed25519PrivateKey.generate()
    known = {key_id(key.public_key().public_bytes_raw()): key.public_key()}
    envelope = sign(key, Topic.COMMANDS, b"{" + b" " * 300 + b"}")
    return _seconds(lambda: [verify(envelope, Topic.COMMANDS, known) for _ in range(500)]) / 500 * 1e6


def _decide_us(count: int) -> float:
    grants = tuple(
        Grant(f"g-{index}", f"{index:032x}", "k1", (index % LOCKERS + 1,), NOW - 1_000, NOW + 1_000_000, "holder")
        for index in range(count)
    )
    access = AccessIndex(AccessList("bench", 1, NOW, NOW + 1_000_000, "Europe/Paris", {}, ("k1",), grants, ()))
    digests = [grant.digest for grant in random.Random(4).choices(grants, k=2_000)]
    now = Moment(0, NOW, NOW, NOW, "trusted")
    return _seconds(lambda: [decide(digest, access, now) for digest in digests]) / len(digests) * 1e6
