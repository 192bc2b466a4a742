"""The gateway's connection over the broker's model: what paho does for it, without thread or socket."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random

from gateway.link.connection import FIRST_RECONNECT_S, KEEPALIVE_S, RECEIVE_MAXIMUM, SESSION_KEPT_S
from gateway.link.transport import STATUS, SUBSCRIPTIONS, Acknowledgements, Received
from simulator.world.broker import Broker
from simulator.world.broker_client import Client, Message
from simulator.world.gateway_database import Killed

# As paho's: more than these are not sent.
UNACKNOWLEDGED_AT_MOST = 2_000


@dataclass(slots=True)
class _Outgoing:
    topic: str
    payload: bytes
    retain: bool
    expiry_s: int | None


@dataclass
class Occasions:
    """Moments at which the gateway's process is to be killed, each once: before it `acknowledge`s or `publish`es."""

    names: set[str] = field(default_factory=set)

    def come(self, name: str) -> None:
        """Raises Killed if this is the one."""
        if name in self.names:
            self.names.remove(name)
            raise Killed


class GatewayTransport:
    """One process's. `arrived` hears of every message, `on_sent` of what is published.

    Reconnecting waits up to `reconnect_at_most_ms`.
    """

    def __init__(
        self,
        broker: Broker,
        client_id: str,
        arrived: Callable[[Received], None],
        chance: Random,
        occasions: Occasions,
        reconnect_at_most_ms: int,
        on_sent: Callable[[str, bytes], None] = lambda _topic, _payload: None,
    ) -> None:
        self._on_sent = on_sent
        self._broker = broker
        self._client_id = client_id
        self._arrived = arrived
        self._chance = chance
        self._occasions = occasions
        self._at_most_ms = reconnect_at_most_ms
        self._wait_ms = 0
        self._client: Client | None = None
        self._over = False
        self._acknowledgements = Acknowledgements()
        self._messages: dict[int, Message] = {}
        self._outgoing: dict[int, _Outgoing] = {}
        self._sent = 0

    @property
    def is_connected(self) -> bool:
        """Whether the broker has accepted the connection and it is not known to be lost."""
        return self._client is not None and self._client.up

    def start(self) -> None:
        """Begins to connect, and goes on trying."""
        self._connect()

    def stop(self) -> None:
        """Says goodbye."""
        self._over = True
        if self._client is not None:
            self._client.disconnect()

    def die(self, *, silent: bool) -> None:
        """The process is gone, or (`silent`) its machine."""
        self._over = True
        if self._client is not None:
            self._client.drop(silent=silent)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False, expiry_s: int | None = None) -> bool:
        """See gateway.link.transport. What the broker has not acknowledged is sent again after a reconnect."""
        self._occasions.come("publish")
        if not self.is_connected or len(self._outgoing) >= UNACKNOWLEDGED_AT_MOST:
            return False
        self._on_sent(topic, payload)
        self._sent += 1
        self._outgoing[self._sent] = _Outgoing(topic, payload, retain, expiry_s)
        self._send(self._sent)
        return True

    def acknowledge(self, message: Received) -> None:
        """See gateway.link.transport."""
        self._occasions.come("acknowledge")
        for mid in self._acknowledgements.done(message):
            if self._client is not None:
                self._client.ack(self._messages.pop(mid))

    def ask_for_retained(self) -> None:
        """See gateway.link.transport."""
        if self._client is not None and self._client.up:
            self._client.unsubscribe([STATUS[0]])
            self._client.subscribe([STATUS])

    def keep_alive(self) -> None:
        """There is no thread that could have died."""

    def _send(self, number: int) -> None:
        outgoing = self._outgoing[number]
        assert self._client is not None
        self._client.publish(
            outgoing.topic,
            outgoing.payload,
            qos=1,
            retain=outgoing.retain,
            expiry_s=outgoing.expiry_s,
            acknowledged=partial(self._acknowledged, number),
        )

    def _acknowledged(self, number: int) -> None:
        self._outgoing.pop(number, None)

    def _connect(self) -> None:
        if self._over:
            return
        self._client = self._broker.connect(
            self._client_id,
            on_connected=self._connected,
            on_message=self._received,
            on_lost=self._lost,
            clean_start=False,
            session_expiry_s=SESSION_KEPT_S,
            receive_maximum=RECEIVE_MAXIMUM,
            keep_alive_s=KEEPALIVE_S,
        )

    def _connected(self, _session_present: bool) -> None:
        assert self._client is not None
        self._wait_ms = 0
        self._acknowledgements.connected()
        self._messages.clear()
        self._client.subscribe(SUBSCRIPTIONS)
        self.ask_for_retained()
        for number in list(self._outgoing):
            self._send(number)

    def _lost(self, _reason: str) -> None:
        first_ms = self._chance.randint(*FIRST_RECONNECT_S) * 1_000
        self._wait_ms = min(2 * self._wait_ms, self._at_most_ms) or first_ms
        self._broker.loop.after(self._wait_ms, self._connect)

    def _received(self, message: Message) -> None:
        if self._over:
            return
        arrived = Received(
            message.topic,
            message.payload,
            message.retained,
            message.mid,
            message.qos,
            self._acknowledgements.connection,
        )
        if message.qos:
            self._acknowledgements.arrived(arrived)
            self._messages[message.mid] = message
        self._arrived(arrived)
