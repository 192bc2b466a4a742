"""What a connection waits for, for how long, and what it takes from a broker."""

import asyncio
import socket
import threading
from contextlib import suppress

import pytest

from controller import mqtt_connection
from controller.bounded_client import MAX_PACKET_BYTES
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


ACCEPTED = bytes([0x20, 3, 0, 0, 0])
TOPIC = b"\0\x1bcasier/1/bank-1/access/list"


def length(size: int) -> bytes:
    """A packet's length as MQTT writes it, in four bytes."""
    return bytes([0x80 | size >> shift & 0x7F for shift in (0, 7, 14)] + [size >> 21])


async def end_after(sent: bytes) -> tuple[str | None, int]:
    """Why the connection ended after a broker's bytes (None: it did not, and took a message), and how many messages
    came."""
    got: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    taken = []

    def take(*message: object) -> None:
        taken.append(message)
        got.set_result(None)

    def serve(listening: socket.socket) -> None:
        client, _ = listening.accept()
        with client, suppress(ConnectionError):
            client.recv(4096)
            client.sendall(ACCEPTED)
            client.sendall(sent)
            while client.recv(4096):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        broker = BrokerSection("127.0.0.1", listening.getsockname()[1])
        connection = MqttConnection(broker, "bank-1", "status", b"", take)
        await connection.open()
        await asyncio.wait({connection.lost, got}, timeout=5, return_when=asyncio.FIRST_COMPLETED)
        why = connection.lost.result() if connection.lost.done() else None
        connection.close()
        return why, len(taken)


def test_a_message_that_a_broker_may_send_is_taken() -> None:
    body = TOPIC + b"\0\1" + b"\0" + b"list"
    assert asyncio.run(end_after(b"\x32" + length(len(body)) + body)) == (None, 1)


def test_a_broker_that_sends_what_would_be_kept_until_its_second_half_is_left() -> None:
    body = TOPIC + b"\0\1" + b"\0" + b"list"
    why, taken = asyncio.run(end_after(b"\x34" + length(len(body)) + body))
    assert why is not None
    assert taken == 0


def test_a_broker_that_announces_more_than_the_largest_list_is_left_before_it_is_read() -> None:
    why, taken = asyncio.run(end_after(b"\x32" + length(MAX_PACKET_BYTES + 1) + TOPIC))
    assert why is not None
    assert taken == 0
