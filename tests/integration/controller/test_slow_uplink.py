"""A network that carries little of what a bank has to say: all of it comes, and nothing is said twice."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from controller.inputs import Moment
from controller.journal import Journal, open_journal
from simulator.network import Network
from tests.integration.controller.conftest import now_ms
from wire.entries import EntryType

# The program, less patient, so that a batch is on its way for longer than that without a test of minutes.
IMPATIENT = """
from controller import outbox
outbox.RESEND_AFTER_MS = 100
from controller.__main__ import main
main()
"""
ENTRIES = 1_500
UP_BYTES_S = 120_000  # a batch of 100 entries takes a quarter of a second

# All ten times as fast as the program: so is this line, on which a batch of 100 entries takes twice two keep-alives.
QUICK = """
from controller import mqtt_connection, outbox
mqtt_connection.KEEP_ALIVE_S = 1
outbox.QUICK_MS, outbox.SLOW_MS = 100, 400
from controller.__main__ import main
main()
"""
FEW_ENTRIES = 150
SCANT_BYTES_S = 8_000


def _fill_journal(folder: Path, entries: int) -> None:
    """As after days without a network."""

    async def fill() -> None:
        journal = Journal(folder, open_journal(folder), "boot", asyncio.get_running_loop())
        journal.start()
        at, stored = now_ms(), asyncio.Event()
        now = Moment(0, at, at, at, "floor")
        journal.append(EntryType.STARTED, {"software": "test", "cause": "start"}, now)
        for _ in range(entries):
            journal.append(EntryType.DOOR_FORCED, {"locker": 1}, now)
        journal.keep({"test": b""}, now, done=lambda _: stored.set())
        await stored.wait()
        assert journal.stop()

    asyncio.run(fill())


@contextmanager
def _slow(world: Any, program: str, up_bytes_s: int) -> Iterator[Any]:
    """The gateway that a controller talks to over such a line."""
    world.broker.start()
    network = Network(world.broker.port, up_bytes_s=up_bytes_s)
    world.bench.finish(network.start())
    try:
        bank = world.config.read_text()
        world.config.write_text(bank.replace(f"port = {world.broker.port}", f"port = {network.port}"))
        world.gateway.start()
        world.gateway.trust()
        world.start("-c", program)
        yield world.gateway
    finally:
        world.bench.finish(network.stop())


def test_what_a_slow_network_still_carries_is_not_sent_again(world: Any) -> None:
    _fill_journal(world.data, ENTRIES)
    with _slow(world, IMPATIENT, UP_BYTES_S) as gateway:
        gateway.wait(lambda: sum(map(len, gateway.lines.values())) > ENTRIES, 60)
        world.bench.tap("stranger")  # comes after whatever was sent before
        gateway.stored("badge_refused", within_s=60)
        assert gateway.doubled == 0


def test_a_line_on_which_a_hundred_entries_take_longer_than_two_keep_alives_brings_them_all(world: Any) -> None:
    _fill_journal(world.data, FEW_ENTRIES)
    with _slow(world, QUICK, SCANT_BYTES_S) as gateway:
        gateway.wait(lambda: sum(map(len, gateway.lines.values())) > FEW_ENTRIES, 60)
        assert gateway.doubled == 0, "in one session"
