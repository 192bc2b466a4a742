"""What a gateway's connection takes from a real broker."""

from gateway.link.connection import MAX_PACKET_BYTES, Connection
from tests.integration.gateway.conftest import Broker
from tests.integration.gateway.scripted import soon
from wire.limits import MAX_MESSAGE_BYTES
from wire.topics import Topic, topic_name

LARGEST = MAX_MESSAGE_BYTES // 3 * 4 + 1024  # in its envelope; see wire.envelope


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
