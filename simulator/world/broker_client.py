"""One connection of one client to the broker's model, from both its ends."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import Struct

from simulator.world.network import Link, Pipe

if TYPE_CHECKING:
    from simulator.world.broker import Broker


class Message(Struct, frozen=True):
    """A message as a client receives it; `mid` is 0 for QoS 0."""

    topic: str
    payload: bytes
    retained: bool
    qos: int
    mid: int


@dataclass(frozen=True, slots=True)
class Will:
    """Published when a connection ends without a goodbye, after `delay_s` unless its client has come back."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = True
    delay_s: int = 0


@dataclass(frozen=True, slots=True)
class Callbacks:
    """How a client hears of things: `connected(session_present)`, `message(message)`, `lost(reason)`."""

    connected: Callable[[bool], object]
    message: Callable[[Message], object]
    lost: Callable[[str], object]


class Client:
    """One connection, from both its ends: `up` is what the client believes, `attached` what the broker does.

    `sent`: whether its CONNECT is on its way; without it, TCP has found nobody.
    """

    def __init__(
        self, broker: "Broker", link: Link, client_id: str, callbacks: Callbacks, will: Will | None, keep_alive_s: int
    ) -> None:
        self._broker = broker
        self.client_id = client_id
        self.callbacks = callbacks
        self.will = will
        self.keep_alive_s = keep_alive_s
        self.sent = False
        self.up = False
        self.over = False
        self.attached = False
        self.to_broker = Pipe(broker.loop, link)
        self.to_client = Pipe(broker.loop, link)

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int,
        retain: bool = False,
        expiry_s: int | None = None,
        acknowledged: Callable[[], object] | None = None,
    ) -> bool:
        """Sends; False while not connected. `acknowledged` is called if the broker's word comes."""
        if self.up:
            self.to_broker.send(self._broker.published, self, topic, payload, qos, retain, expiry_s, acknowledged)
        return self.up

    def subscribe(
        self,
        filters: Sequence[tuple[str, int]],
        done: Callable[[], object] | None = None,
        *,
        retain_as_published: bool = False,
    ) -> bool:
        """Subscribes to (filter, QoS) pairs; retained messages follow the broker's word. False while not connected."""
        if self.up:
            self.to_broker.send(self._broker.subscribed, self, tuple(filters), retain_as_published, done)
        return self.up

    def unsubscribe(self, filters: Sequence[str]) -> bool:
        """False while not connected."""
        if self.up:
            self.to_broker.send(self._broker.unsubscribed, self, tuple(filters))
        return self.up

    def ack(self, message: Message) -> None:
        """Lets the broker forget a message of QoS 1."""
        if self.up and message.qos:
            self.to_broker.send(self._broker.acknowledged, self, message.mid)

    def disconnect(self) -> None:
        """A goodbye: no Will. What was sent before still arrives."""
        if self.up:
            self.to_broker.send(self._broker.left, self)
        self._finish()

    def drop(self, *, silent: bool = False) -> None:
        """The client is gone without a word: its kernel ends the connection, unless it is `silent` (its power is cut),
        which the broker notices by the keep-alive."""
        self._finish()
        if silent:
            self.to_broker.broken = True
            self._broker.loop.after(1_500 * self.keep_alive_s, self._broker.detach, self)
        else:
            self.to_broker.send(self._broker.detach, self)

    def lose(self, reason: str) -> None:
        """The client learns that its connection is over."""
        if not self.over:
            self._finish()
            self.to_broker.send(self._broker.detach, self)
            self.callbacks.lost(reason)

    def _finish(self) -> None:
        self.up, self.over = False, True
        self.to_client.broken = True

    def accepted(self, session_present: bool) -> None:
        """The broker's word on connecting."""
        self.up = True
        self.callbacks.connected(session_present)

    def received(self, message: Message) -> None:
        """A message from the broker."""
        self.callbacks.message(message)
