"""One MQTT 5 connection through paho, driven by the control loop itself: no thread and no queue of paho's.

One client object lives for one connection; only the blocking part of connecting (the files of TLS, name look-up,
TCP, TLS) runs in a thread of its own.
"""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any

from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from controller.bounded_client import MAX_PACKET_BYTES, BoundedClient
from controller.config import BrokerSection
from controller.connection import Acknowledged, OnMessage
from controller.errors import LinkError, NotAcceptedError
from controller.lean_paho import Client, MQTTMessage

KEEP_ALIVE_S = 10  # a dead peer is noticed after two of these
CONNECT_WITHIN_S = 10.0
ANSWER_WITHIN_S = 15.0
LONGEST_ANSWER_S = 3_600.0  # an access list of the largest size, 11 MB in its envelope, at 3 kB/s
# Replies that a broker provokes and never acknowledges; batches have a window of their own.
MAX_UNSENT = 1_000
_log = logging.getLogger("controller.mqtt")


class MqttConnection:
    """Open once, use, close. `on_message(topic, payload, retained)` runs on the loop, as messages come."""

    def __init__(
        self, broker: BrokerSection, client_id: str, will_topic: str, will: bytes, on_message: OnMessage
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._broker = broker
        self._on_message = on_message
        self.lost: asyncio.Future[str] = self._loop.create_future()
        self._acknowledgement = asyncio.Event()
        self._accepted: asyncio.Future[None] = self._loop.create_future()
        self._never_accepted = False
        self._granted: dict[int, asyncio.Future[None]] = {}
        self._unacknowledged: dict[int, Acknowledged | None] = {}
        self._ticker: asyncio.TimerHandle | None = None
        self._heard_s = self._loop.time()
        self._client = self._new_client(client_id, will_topic, will)

    def _new_client(self, client_id: str, will_topic: str, will: bytes) -> Client:
        client = BoundedClient(
            CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion.MQTTv5, reconnect_on_failure=False
        )
        client.connect_timeout = CONNECT_WITHIN_S
        client.max_queued_messages_set(MAX_UNSENT)
        client.will_set(will_topic, will, qos=1, retain=True)
        client.on_socket_open = _without_delay
        client.on_socket_close = self._socket_closes
        client.on_connect = self._connect_answered
        client.on_subscribe = self._subscribed
        client.on_publish = self._acknowledged
        client.on_message = self._received
        client.on_disconnect = lambda *args: self._end(str(args[3]))
        return client

    @property
    def up(self) -> bool:
        """Whether the broker has accepted this connection and it is not known to be lost."""
        return self._accepted.done() and not self.lost.done()

    async def acknowledged_below(self, count: int) -> None:
        """Wait until fewer than `count` messages lack the broker's acknowledgement, or the connection is lost."""
        while self.up and len(self._unacknowledged) >= count:
            self._acknowledgement.clear()
            await self._acknowledgement.wait()

    async def open(self) -> None:
        """Connect and wait for the broker's word. Raises LinkError; NotAcceptedError only where that is certain."""
        threading.Thread(target=self._connect, name="mqtt-connect", daemon=True).start()
        await self._answer(self._accepted, None)

    async def subscribe(self, topics: Sequence[str]) -> None:
        """Subscribe with QoS 1, Retain As Published, and wait for the broker's word. Raises LinkError."""
        options = SubscribeOptions(qos=1, retainAsPublished=True)
        code, mid = self._client.subscribe([(topic, options) for topic in topics])
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS or mid is None:
            raise LinkError("subscribe", f"subscribing failed: {code.name}")
        self._granted[mid] = self._loop.create_future()
        await self._answer(self._granted[mid], ANSWER_WITHIN_S)

    def publish(
        self, topic: str, payload: bytes, *, qos: int, retain: bool = False, acknowledged: Acknowledged | None = None
    ) -> bool:
        """Hand a message to the socket; False (and nothing is kept) while not connected. See controller.connection."""
        if not self.up:
            return False
        info = self._client.publish(topic, payload, qos, retain)
        if qos and info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._unacknowledged[info.mid] = acknowledged
        return info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def close(self) -> None:
        """End the connection in order (the broker then drops the Will) if it is up."""
        if self.up:
            self._client.disconnect()
            self._drive(self._client.loop_write)
        self._end("closed")

    async def _answer(self, answer: asyncio.Future[None], within_s: float | None) -> None:
        """Wait for it. `within_s` begins anew with all that comes: a long list may be before it on a slow network. Not
        for ever: a broker that answers pings alone would never let go."""
        either: set[asyncio.Future[Any]] = {answer, self.lost}
        begun_s, done = self._loop.time(), set[asyncio.Future[Any]]()
        while not done:
            wait_s = None if within_s is None else self._left_s(begun_s, within_s)
            if wait_s is not None and wait_s <= 0:
                break
            done, _ = await asyncio.wait(either, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            reason = self.lost.result() if self.lost.done() else "no answer from the broker"
            answer.cancel()
            self._end(reason)
            raise (NotAcceptedError if self._never_accepted else LinkError)("lost", reason)
        answer.result()

    def _left_s(self, begun_s: float, within_s: float) -> float:
        return min(max(begun_s, self._heard_s) + within_s, begun_s + LONGEST_ANSWER_S) - self._loop.time()

    def _connect(self) -> None:
        """Runs in its own thread, which touches the client alone until the loop takes over."""
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = 0
        properties.MaximumPacketSize = MAX_PACKET_BYTES
        reason, before_connect = None, False
        try:
            self._secure()
            self._client.connect(
                self._broker.host, self._broker.port, KEEP_ALIVE_S, clean_start=True, properties=properties
            )
        except NotAcceptedError as error:
            reason, before_connect = str(error), True
        except Exception as error:  # noqa: BLE001 - whatever it is, the loop waits for word of it
            # In words: with the error itself its socket would stay, for the garbage collector to find.
            reason = f"{type(error).__name__}: {error}"
            # Of name, TCP or TLS; what fails once CONNECT is sent is none of these.
            before_connect = isinstance(error, OSError | ValueError)
        try:
            self._loop.call_soon_threadsafe(self._opened, reason, before_connect)
        except RuntimeError:  # the loop has closed: the program is ending
            _log.debug("the broker answered after the end")

    def _secure(self) -> None:
        """Read the files of TLS; a disk that hangs keeps this thread alone. Raises NotAcceptedError."""
        tls = self._broker.tls
        if tls is None:
            return
        try:
            self._client.tls_set(ca_certs=tls.ca, certfile=tls.certificate, keyfile=tls.key)
        except (OSError, ValueError) as error:
            files = f"{tls.ca}, {tls.certificate}, {tls.key}"
            raise NotAcceptedError("tls", f"the files of [broker.tls] cannot be used ({files}): {error}") from error

    def _opened(self, reason: str | None, before_connect: bool) -> None:
        sock = self._client.socket()
        if reason is not None or sock is None:
            self._never_accepted = before_connect
            self._end(reason or "closed by the broker")
            return
        if self.lost.done():
            self._shut()
            return
        self._client.on_socket_register_write = self._wants_write
        self._loop.add_reader(sock.fileno(), self._readable)
        self._ticker = self._loop.call_later(1.0, self._tick)
        self._loop.call_later(ANSWER_WITHIN_S, self._give_up_waiting)

    def _give_up_waiting(self) -> None:
        if not self._accepted.done():
            self._end("no answer from the broker")

    def _readable(self) -> None:
        if self.lost.done():
            return
        self._heard_s = self._loop.time()
        self._drive(self._client.loop_read)
        sock: Any = self._client.socket()
        if sock is not None and hasattr(sock, "pending") and sock.pending():
            self._loop.call_soon(self._readable)  # bytes that TLS has already decrypted do not wake the loop

    def _wants_write(self, *_: object) -> None:
        self._loop.call_soon(self._writable)

    def _writable(self) -> None:
        sock: Any = self._client.socket()
        if sock is None:
            return
        number = sock.fileno()
        self._drive(self._client.loop_write)
        if self._client.socket() is None:
            return
        if self._client.want_write():
            self._loop.add_writer(number, self._writable)
        else:
            self._loop.remove_writer(number)

    def _tick(self) -> None:
        self._drive(self._client.loop_misc)
        if not self.lost.done():
            self._ticker = self._loop.call_later(1.0, self._tick)

    def _drive(self, step: Callable[[], MQTTErrorCode]) -> None:
        """One step of paho; whatever a broker's bytes make of it ends this connection and nothing else."""
        try:
            code = step()
        except Exception as error:  # noqa: BLE001 - the broker is not trusted, paho's parser is not ours
            _log.warning("the connection failed: %s: %s", type(error).__name__, error)
            self._end(type(error).__name__)
            return
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._end(code.name)

    def _end(self, reason: str) -> None:
        if not self.lost.done():
            self.lost.set_result(reason)
            self._acknowledgement.set()
            self._loop.call_soon(self._shut)

    def _shut(self) -> None:
        """Close the socket without a word: the Will is sent unless `disconnect` came before."""
        if self._ticker is not None:
            self._ticker.cancel()
        sock: Any = self._client.socket()
        if sock is not None:
            self._forget(sock)
            sock.close()

    def _forget(self, sock: Any) -> None:
        if sock.fileno() >= 0:
            self._loop.remove_reader(sock.fileno())
            self._loop.remove_writer(sock.fileno())

    def _socket_closes(self, _client: Client, _data: object, sock: Any) -> None:
        if threading.current_thread() is threading.main_thread():
            self._forget(sock)

    def _connect_answered(self, _client: Client, _data: object, _flags: object, code: Any, _props: object) -> None:
        if code.is_failure:
            self._never_accepted = not self._accepted.done()
            self._end(f"refused: {code}")
        elif not self._accepted.done():
            self._accepted.set_result(None)

    def _subscribed(self, _client: Client, _data: object, mid: int, codes: Sequence[Any], _props: object) -> None:
        answer = self._granted.pop(mid, None)
        if answer is None or answer.done():
            return
        if any(code.is_failure for code in codes):
            answer.set_exception(LinkError("subscribe", "the broker refuses a subscription: check its access rules"))
        else:
            answer.set_result(None)

    def _acknowledged(self, _client: Client, _data: object, mid: int, _code: object, _props: object) -> None:
        acknowledged = self._unacknowledged.pop(mid, None)
        self._acknowledgement.set()
        if acknowledged is not None:
            acknowledged()

    def _received(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self._on_message(message.topic, bytes(message.payload), message.retain)


def _without_delay(_client: Client, _data: object, sock: Any) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
