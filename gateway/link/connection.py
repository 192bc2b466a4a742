"""The MQTT 5 connection to the broker, on a thread of its own; what arrives is put into bounded queues.

One connection, because a broker that names clients by their certificates allows each name one. Its session outlives it,
and each message is acknowledged by hand, once what it says is stored.
An exception in paho's callbacks would kill its loop unseen, so callbacks only enqueue, and its thread is watched.
"""

import queue
import random
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from gateway.link.transport import STATUS, SUBSCRIPTIONS, Acknowledgements, Received, is_journal
from wire.limits import MAX_MESSAGE_BYTES, largest_packet

log = structlog.get_logger("gateway.link")

KEEPALIVE_S = 15
RECEIVE_MAXIMUM = 500
QUEUED_AT_MOST = 2_000
# What is larger is refused in any case, and must not wait in memory until then.
MAX_PACKET_BYTES = largest_packet(MAX_MESSAGE_BYTES)
_QOS, _QOS_2 = 0b110, 0b100  # bits of a PUBLISH's first byte, MQTT 5.0 section 3.3.1
# A gateway that was away for longer starts anew; controllers send again what was never receipted.
SESSION_KEPT_S = 7 * 86_400
FIRST_RECONNECT_S = (1, 3)
RECONNECT_AT_MOST_S = 15


@dataclass(frozen=True)
class Tls:
    """Paths: the broker's authority, and this gateway's own certificate and key."""

    authority: Path
    certificate: Path
    key: Path

    def read_into(self, context: ssl.SSLContext) -> None:
        """What the files say now counts for new connections. Raises OSError.

        An authority that was there before goes on being believed: a context forgets none.
        """
        context.load_verify_locations(self.authority)
        context.load_cert_chain(self.certificate, self.key)


class _Client(Client):
    """A connection ends at what nothing was subscribed to with."""

    def _handle_publish(self) -> MQTTErrorCode:
        """Of QoS 2 paho would keep 65,535 messages until their second half comes."""
        if self._in_packet["command"] & _QOS == _QOS_2:
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        return super()._handle_publish()


class Connection:
    """Journal batches wait in `journal`, everything else in `live`, so that neither holds up the other."""

    def __init__(self, client_id: str, tls: Tls | None = None) -> None:
        self.live: queue.Queue[Received] = queue.Queue(QUEUED_AT_MOST)
        self.journal: queue.Queue[Received] = queue.Queue(QUEUED_AT_MOST)
        self._client_id = client_id
        self._stopping = threading.Event()
        self._client = _Client(
            CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion.MQTTv5, manual_ack=True
        )
        self._tls, self._context = tls, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if tls is not None:
            tls.read_into(self._context)
            self._client.tls_set_context(self._context)
            self._client.on_pre_connect = self._connects
        self._client.reconnect_delay_set(random.randint(*FIRST_RECONNECT_S), RECONNECT_AT_MOST_S)  # noqa: S311 - jitter
        self._client.max_inflight_messages_set(RECEIVE_MAXIMUM)
        self._client.max_queued_messages_set(QUEUED_AT_MOST)
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.on_message = self._received
        self._thread: threading.Thread | None = None
        self._acknowledgements = Acknowledgements()
        self._acknowledging = threading.Lock()

    @property
    def is_connected(self) -> bool:
        """Whether the broker is there and paho's thread lives: without it `is_connected` of paho stays true."""
        return self._client.is_connected() and self._thread is not None and self._thread.is_alive()

    def start(self, host: str, port: int) -> None:
        """Begins to connect, and goes on trying; returns at once."""
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        properties.SessionExpiryInterval = SESSION_KEPT_S
        properties.MaximumPacketSize = MAX_PACKET_BYTES
        self._client.connect_async(host, port, KEEPALIVE_S, clean_start=False, properties=properties)
        self._begin()

    def keep_alive(self) -> None:
        """Begins again should paho's thread have died. Called now and then."""
        if self._thread is not None and not self._thread.is_alive() and not self._stopping.is_set():
            log.error("mqtt_thread_died")
            self._client.loop_stop()
            self._begin()

    def stop(self) -> None:
        """Says goodbye to the broker and ends the thread."""
        self._stopping.set()
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False, expiry_s: int | None = None) -> bool:
        """Sends now or not at all: paho would queue what it cannot send, and a late order is worse than none."""
        if not self.is_connected:
            return False
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if expiry_s is not None:
            properties.MessageExpiryInterval = expiry_s
        sent = self._client.publish(topic, payload, qos=1, retain=retain, properties=properties)
        return sent.rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def ask_for_retained(self) -> None:
        """Subscribes to every status again, so that those the broker keeps arrive once more."""
        if self.is_connected:
            _subscribe_anew(self._client)

    def acknowledge(self, message: Received) -> None:
        """Lets the broker forget the message, once it may forget those that came before it."""
        with self._acknowledging:
            for mid in self._acknowledgements.done(message):
                self._client.ack(mid, 1)

    def _begin(self) -> None:
        """paho's own loop: with another thread around it, paho would write to the socket from any caller's thread."""
        self._client.loop_start()
        name = f"paho-mqtt-client-{self._client_id}"
        self._thread = next((thread for thread in threading.enumerate() if thread.name == name), None)

    def _connects(self, _client: Client, _data: Any) -> None:
        """Certificates are renewed while the gateway runs. Files that do not belong together yet leave the old ones."""
        if self._tls is None:
            return
        try:
            # Into one of its own first: a context that was given half is left with half.
            self._tls.read_into(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
            self._tls.read_into(self._context)
        except OSError as error:
            log.warning("certificates_not_read", why=str(error))

    def _connected(
        self, client: Client, _data: Any, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            log.warning("broker_refused", why=str(reason))
            return
        with self._acknowledging:
            self._acknowledgements.connected()
        client.subscribe(list(SUBSCRIPTIONS))
        _subscribe_anew(client)
        log.info("broker_connected")

    def _disconnected(
        self, _client: Client, _data: Any, _flags: DisconnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        log.info("broker_disconnected", why=str(reason))

    def _received(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        """Waits for room: what is not taken is not read from the socket, and the broker keeps it."""
        arrived = Received(
            message.topic,
            bytes(message.payload),
            message.retain,
            message.mid,
            message.qos,
            self._acknowledgements.connection,
        )
        with self._acknowledging:
            self._acknowledgements.arrived(arrived)
        waiting = self.journal if is_journal(message.topic) else self.live
        while not self._stopping.is_set():
            try:
                waiting.put(arrived, timeout=0.5)
            except queue.Full:
                continue
            return


def _subscribe_anew(client: Client) -> None:
    """Some brokers (rumqttd) send what is retained only for a subscription that was not there before."""
    name, qos = STATUS
    client.unsubscribe(name)
    client.subscribe(name, qos)
