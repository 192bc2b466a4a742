"""MQTT command published -> unlock frame at the board: mosquitto on loopback, signed as the gateway signs."""

from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.figures import Figure
from tests.bench.orders import Orders
from tests.bench.rounds import in_rounds, p50_p99
from tests.bench.site import Site

FIGURES = ("command_to_coil_p50_ms", "command_to_coil_p99_ms")
ROUNDS = 6  # 360 commands


def measure(folder: Path, say: Callable[[str], None]) -> Iterator[Figure]:
    """Open every locker by command, several times."""
    site = Site(folder / "commands")
    try:
        site.sign_for()
        site.start()
        site.in_force()
        orders = Orders(site.broker.port)
        (times,) = in_rounds(
            ROUNDS,
            [lambda locker: site.command(locker, orders)],
            lambda turn: say(f"commands: round {turn + 1} of {ROUNDS}"),
        )
        orders.close()
        yield from map(Figure, FIGURES, p50_p99(times))
    finally:
        site.close()
