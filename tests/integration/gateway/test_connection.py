"""What a gateway's connection takes from a broker."""

import socket
import threading

import pytest

from gateway.link.connection import MAX_PACKET_BYTES, Connection
from tests.integration.gateway.conftest import Broker
from tests.integration.gateway.scripted import soon
from wire.limits import MAX_MESSAGE_BYTES, largest_envelope
from wire.topics import Topic, topic_name

LARGEST = largest_envelope(MAX_MESSAGE_BYTES)
ACCEPTED = bytes([0x20, 3, 0, 0, 0])


def test_a_message_that_would_be_refused_for_its_size_never_waits_in_memory(broker: Broker) -> None:
    gateway, sender = Connection("gateway"), Connection("sender")
    topic = topic_name("montreuil-1", Topic.EVENTS)
    gateway.start("127.0.0.1", broker.port)
    sender.start("127.0.0.1", broker.port)
    try:
        soon(lambda: gateway.is_connected and sender.is_connected)
        soon(lambda: sender.publish(topic, b"known") and not gateway.journal.empty())
        while not gateway.journal.empty():
            gateway.journal.get()
        for size in (MAX_PACKET_BYTES, 4 * MAX_PACKET_BYTES, LARGEST):
            assert sender.publish(topic, bytes(size))
        taken = gateway.journal.get(timeout=10)
        while len(taken.payload) < 10:  # of those that asked whether somebody listens
            taken = gateway.journal.get(timeout=10)
        assert len(taken.payload) == LARGEST
    finally:
        gateway.stop()
        sender.stop()


@pytest.mark.parametrize("qos", [1, 2])
def test_a_broker_that_sends_what_would_be_kept_until_its_second_half_is_left(qos: int) -> None:
    topic = topic_name("montreuil-1", Topic.EVENTS).encode()
    body = len(topic).to_bytes(2, "big") + topic + b"\0\1" + b"\0" + b"batch"
    left = threading.Event()

    def serve(listening: socket.socket) -> None:
        client, _ = listening.accept()
        with client:
            client.recv(4096)
            client.sendall(ACCEPTED + bytes([0x30 | qos << 1, len(body)]) + body)
            while client.recv(4096):
                pass
            left.set()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        gateway = Connection("gateway")
        gateway.start("127.0.0.1", listening.getsockname()[1])
        try:
            soon(lambda: left.is_set() or not gateway.journal.empty())
            assert (left.is_set(), gateway.journal.qsize()) == (qos == 2, qos == 1)
        finally:
            gateway.stop()
