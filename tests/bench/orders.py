"""Publishes commands from the measuring thread itself, so that no second thread of ours stands in the way."""

import time

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

CONNECTED_WITHIN_S = 5
COMMAND_EXPIRY_S = 30


class Orders:
    """One MQTT 5 connection; `publish` returns when the packet has been handed to the socket."""

    def __init__(self, port: int) -> None:
        self._client = Client(CallbackAPIVersion.VERSION2, "orders.bench", protocol=MQTTProtocolVersion.MQTTv5)
        self._client.connect("127.0.0.1", port, clean_start=True)
        deadline = time.monotonic() + CONNECTED_WITHIN_S
        while not self._client.is_connected():
            if time.monotonic() > deadline:
                raise RuntimeError(f"the broker did not answer within {CONNECTED_WITHIN_S} s")
            self._client.loop(0.05)

    def publish(self, topic: str, envelope: bytes) -> float:
        """Publish at QoS 1, never retained, with an expiry; answers when, in monotonic milliseconds."""
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.MessageExpiryInterval = COMMAND_EXPIRY_S
        at_ms = time.monotonic() * 1_000
        self._client.publish(topic, envelope, 1, False, properties)
        return at_ms

    def settle(self) -> None:
        """Take the broker's acknowledgements."""
        for _ in range(3):
            self._client.loop(0)

    def close(self) -> None:
        """Say goodbye."""
        self._client.disconnect()
