"""DNS is gone, or answers nothing for seconds: the connection says so, and the control loop goes on meanwhile."""

import asyncio
import socket
import threading
from typing import NoReturn

import pytest

from controller.config import BrokerSection
from controller.errors import LinkError
from controller.mqtt_connection import MqttConnection

TURNS = 20


async def _opened() -> int:
    """How often the loop has turned until the connection was given up; raises what it was given up for."""
    connection = MqttConnection(BrokerSection("broker.site.test"), "bank-1", "t/will", b"gone", lambda *_: None)
    opening = asyncio.ensure_future(connection.open())
    turns = 0
    while not opening.done():
        turns += 1
        await asyncio.sleep(0)
    with pytest.raises(LinkError, match="gaierror"):
        opening.result()
    return turns


def test_a_name_that_is_not_known_is_a_connection_that_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> NoReturn:
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    asyncio.run(_opened())


def test_a_look_up_that_hangs_leaves_the_loop_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()

    def hangs(*_: object, **__: object) -> NoReturn:
        answers.wait(5)
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    async def turns_meanwhile() -> int:
        loop = asyncio.get_running_loop()
        loop.call_later(0.05, answers.set)
        return await _opened()

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    assert asyncio.run(asyncio.wait_for(turns_meanwhile(), 10)) > TURNS
