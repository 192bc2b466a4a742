"""MQTT command published -> unlock frame at the board: mosquitto on loopback, signed as the gateway signs."""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.figures import Figure, percentile
from tests.bench.orders import Orders
from tests.bench.site import LOCKERS, Site

FIGURES = ("command_to_coil_p50_ms", "command_to_coil_p99_ms")
ROUNDS = 6  # through all lockers: 360 commands
EVERY_S = 0.1


def measure(folder: Path, say: Callable[[str], None]) -> Iterator[Figure]:
    """Open every locker by command, several times."""
    site = Site(folder / "commands")
    try:
        site.sign_for()
        site.start()
        site.in_force()
        orders = Orders(site.broker.port)
        chance = random.Random(2)
        times = []
        for turn in range(ROUNDS):
            say(f"commands: round {turn + 1} of {ROUNDS}")
            for locker in range(1, LOCKERS + 1):
                times.append(site.command(locker, orders))
                time.sleep(EVERY_S * chance.uniform(0.6, 1.4))
        orders.close()
        yield from map(Figure, FIGURES, (percentile(times, 50), percentile(times, 99)))
    finally:
        site.close()
