"""What a connection waits for, and for how long."""

import asyncio

import pytest

from controller import mqtt_connection
from controller.config import BrokerSection
from controller.errors import LinkError, NotAcceptedError
from controller.mqtt_connection import MqttConnection


def test_a_broker_that_goes_on_saying_other_things_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt_connection, "LONGEST_ANSWER_S", 0.05)

    async def wait() -> None:
        connection = MqttConnection(BrokerSection("127.0.0.1"), "bank-1", "status", b"", lambda *_: None)
        connection._heard_s += 3_600
        await connection._answer(asyncio.get_running_loop().create_future(), 15)

    with pytest.raises(LinkError, match="no answer"):
        asyncio.run(asyncio.wait_for(wait(), 5))


def test_whatever_goes_wrong_while_connecting_the_try_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    async def connect() -> None:
        connection = MqttConnection(BrokerSection("127.0.0.1"), "bank-1", "status", b"", lambda *_: None)
        monkeypatch.setattr(connection._client, "connect", lambda *_, **__: [][0])
        await connection.open()

    with pytest.raises(LinkError, match="IndexError") as ended:
        asyncio.run(asyncio.wait_for(connect(), 5))
    assert not isinstance(ended.value, NotAcceptedError), "CONNECT may have been sent"
