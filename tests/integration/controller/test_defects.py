"""A defect where asyncio would only log it, a network that goes silent: all off and out, or noticed in time."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller import mqtt_connection
from controller.config import BrokerSection
from controller.control_socket import ask
from controller.errors import ControlError
from controller.mqtt_connection import MqttConnection
from simulator.broker import BrokerProcess
from simulator.network import Network
from tests.integration.controller.conftest import eventually

# The program, with a driver that fails on the first bytes of a badge.
DEFECTIVE = """
import sys
from hw.readers.serial_rfid import SerialRfidReader
def defect(self, data):
    raise ZeroDivisionError("a driver's defect")
SerialRfidReader._received = defect
from controller.__main__ import main
main()
"""
KEEP_ALIVE_S = 2


def test_a_defect_in_a_drivers_callback_ends_the_program_with_its_own_exit_code(world: Any, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", DEFECTIVE, "run", "--config", str(world.config)],
            stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            assert "ready" in process.stdout.readline()
            world.bench.tap("valid")
            assert process.wait(10) == 70
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        log.seek(0)
        text = log.read()
    assert "a driver's defect" in text
    assert "62E3086CED" not in text


def test_a_tool_that_asks_nonsense_gets_an_answer_and_the_controller_goes_on(world: Any) -> None:
    world.start()
    (world.data / "root.pub").write_text("garbage")
    for request in ({}, {"do": "time_set"}, {"do": "time_set", "at": None}, {"do": "time_set", "at": float("inf")}):
        with pytest.raises(ControlError) as refused:
            ask(world.data, request)
        assert refused.value.code == "request"
    with pytest.raises(ControlError, match="whole token"):
        ask(world.data, {"do": "trust"})
    assert world.status()["controller"] == "test-1"


def test_what_a_terminal_of_another_alphabet_makes_of_a_reason_is_refused_and_the_journal_goes_on(world: Any) -> None:
    world.start()
    latin = [sys.executable, "-m", "controller", "open", "--locker", "1", "--yes", "--config", str(world.config)]
    for reason in (b"pr\xe9vu", b"planned"):
        asked = subprocess.run([*latin, "--reason", reason], check=False, capture_output=True, timeout=20)
        assert asked.returncode != 0
    eventually(lambda: [e for e in ask(world.data, {"do": "events"})["entries"] if e["type"] == "command_refused"])


def test_replies_that_a_broker_never_acknowledges_fill_no_memory(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt_connection, "MAX_UNSENT", 30)
    world.broker.start()

    async def flood() -> int:
        network = Network(world.broker.port)
        await network.start()
        broker = BrokerSection("127.0.0.1", network.port)
        connection = MqttConnection(broker, "test-1", "t/will", b"gone", lambda *_: None)
        try:
            await connection.open()
            network.cut(True)
            return sum(connection.publish("t/replies", b"again", qos=1) for _ in range(100))
        finally:
            connection.close()
            await asyncio.sleep(0)
            await network.stop()

    assert asyncio.run(flood()) == 30


def test_a_half_open_connection_is_noticed_within_two_keep_alives_and_five_seconds(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt_connection, "KEEP_ALIVE_S", KEEP_ALIVE_S)
    broker: BrokerProcess = world.broker
    broker.start()

    async def silent_for() -> float:
        network = Network(broker.port)
        await network.start()
        heard: Callable[[str, bytes, bool], None] = lambda *_: None  # noqa: E731
        connection = MqttConnection(BrokerSection("127.0.0.1", network.port), "test-1", "t/will", b"gone", heard)
        try:
            await connection.open()
            await connection.subscribe(["t/echo"])
            network.cut(True)
            cut = time.monotonic()
            connection.publish("t/echo", b"what was under way does not hide the silence", qos=1)
            async with asyncio.timeout(30):
                await connection.lost
            return time.monotonic() - cut
        finally:
            connection.close()
            await asyncio.sleep(0)
            await network.stop()

    assert asyncio.run(silent_for()) <= 2 * KEEP_ALIVE_S + 5


def test_a_list_that_takes_longer_than_an_answer_or_two_keep_alives_comes_in_over_a_slow_network(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answers to a subscription and to a ping queue behind it: bytes that come are a sign of life."""
    monkeypatch.setattr(mqtt_connection, "KEEP_ALIVE_S", KEEP_ALIVE_S)
    monkeypatch.setattr(mqtt_connection, "ANSWER_WITHIN_S", 1.0)
    world.broker.start()
    access_list = b"x" * 60_000

    async def heard() -> list[bytes]:
        arrived: list[bytes] = []
        network = Network(world.broker.port, bytes_s=len(access_list) // 6)
        await network.start()
        broker = BrokerSection("127.0.0.1", network.port)
        connection = MqttConnection(
            broker, "test-1", "t/will", b"gone", lambda _topic, payload, _retained: arrived.append(payload)
        )
        try:
            await connection.open()
            await connection.subscribe(["t/access"])
            connection.publish("t/access", access_list, qos=1)
            await connection.subscribe(["t/receipts"])
            return arrived
        finally:
            connection.close()
            await asyncio.sleep(0)
            await network.stop()

    assert asyncio.run(heard()) == [access_list]
