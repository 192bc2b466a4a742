"""A network that carries little of what a bank has to say: nothing of it is said twice."""

import asyncio
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


def _fill_journal(folder: Path) -> None:
    """As after days without a network."""

    async def fill() -> None:
        journal = Journal(folder, open_journal(folder), "boot", asyncio.get_running_loop())
        journal.start()
        at, stored = now_ms(), asyncio.Event()
        now = Moment(0, at, at, at, "floor")
        journal.append(EntryType.STARTED, {"software": "test", "cause": "start"}, now)
        for _ in range(ENTRIES):
            journal.append(EntryType.DOOR_FORCED, {"locker": 1}, now)
        journal.keep({"test": b""}, now, done=lambda _: stored.set())
        await stored.wait()
        assert journal.stop()

    asyncio.run(fill())


def test_what_a_slow_network_still_carries_is_not_sent_again(world: Any) -> None:
    _fill_journal(world.data)
    world.broker.start()
    network = Network(world.broker.port, up_bytes_s=UP_BYTES_S)
    world.bench.finish(network.start())
    try:
        bank = world.config.read_text()
        world.config.write_text(bank.replace(f"port = {world.broker.port}", f"port = {network.port}"))
        gateway = world.gateway
        gateway.start()
        gateway.trust()
        world.start("-c", IMPATIENT)
        gateway.wait(lambda: sum(map(len, gateway.lines.values())) > ENTRIES, 60)
        world.bench.tap("stranger")  # comes after whatever was sent before
        gateway.stored("badge_refused", within_s=60)
        assert gateway.doubled == 0
    finally:
        world.bench.finish(network.stop())
