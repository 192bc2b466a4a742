"""A model of an MQTT 5 broker on virtual time: what of MQTT matters to us, and everything a bad broker may do."""

import asyncio
import copy
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from simulator.world.mischief import Mischief, Publication
from simulator.world.network import Link, Network, Pipe

KEEP_ALIVE_S = 10
QUEUED_AT_MOST = 10_000
RECEIVE_AT_MOST = 65_535
# A connection that is not answered is given up, as controller and gateway do.
CONNECT_WITHIN_S = 15.0
_ROUTES_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Message:
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


@dataclass(slots=True)
class _Subscription:
    qos: int
    retain_as_published: bool


@dataclass(slots=True)
class _Queued:
    topic: str
    payload: bytes
    qos: int
    retained: bool
    expires_ms: int | None


@dataclass(slots=True)
class _Session:
    """What the broker keeps for a client: subscriptions, what it has not acknowledged, what waits."""

    client_id: str
    receive_maximum: int
    expiry_s: int
    subscriptions: dict[str, _Subscription] = field(default_factory=dict)
    sent: dict[int, _Queued] = field(default_factory=dict)
    waiting: list[_Queued] = field(default_factory=list)
    last_mid: int = 0
    ends_ms: int | None = None


@dataclass
class Stored:
    """A broker's database at one moment."""

    sessions: dict[str, _Session] = field(default_factory=dict)
    retained: dict[str, Publication] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Callbacks:
    """How a client hears of things: `connected(session_present)`, `message(message)`, `lost(reason)`."""

    connected: Callable[[bool], None]
    message: Callable[[Message], None]
    lost: Callable[[str], None]


class Client:
    """One connection, from both its ends: `up` is what the client believes, `attached` what the broker does."""

    def __init__(
        self, broker: "Broker", link: Link, client_id: str, callbacks: Callbacks, will: Will | None, keep_alive_s: int
    ) -> None:
        self._broker = broker
        self.client_id = client_id
        self.callbacks = callbacks
        self.will = will
        self.keep_alive_s = keep_alive_s
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
        acknowledged: Callable[[], None] | None = None,
    ) -> bool:
        """Sends; False while not connected. `acknowledged` is called if the broker's word comes."""
        if self.up:
            self.to_broker.send(self._broker.published, self, topic, payload, qos, retain, expiry_s, acknowledged)
        return self.up

    def subscribe(
        self,
        filters: Sequence[tuple[str, int]],
        done: Callable[[], None] | None = None,
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
            self._broker.loop.call_later(1.5 * self.keep_alive_s, self._broker.detach, self)
        else:
            self.to_broker.send(self._broker.detach, self)

    def lose(self, reason: str) -> None:
        """The client learns that its connection is over."""
        if not self.over:
            self._finish()
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


class Broker:
    """Its clients, sessions and retained messages. `counts` says what became of messages.

    `retain_as_published`: whether it honours that option (rumqttd does not).
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        network: Network,
        mischief: Mischief,
        *,
        retain_as_published: bool = True,
        queued_at_most: int = QUEUED_AT_MOST,
    ) -> None:
        self.loop = loop
        self.network = network
        self.mischief = mischief
        self.running = True
        self.counts: Counter[str] = Counter()
        self._retain_as_published = retain_as_published
        self._queued_at_most = queued_at_most
        self._stored = Stored()
        self._clients: dict[str, Client] = {}
        self._all: list[Client] = []
        self._wills: dict[str, asyncio.TimerHandle] = {}
        self._routes: dict[str, list[tuple[_Session, _Subscription]]] = {}
        self._dies: str | None = None
        network.changed.append(self._link_changed)

    def connect(
        self,
        client_id: str,
        *,
        on_connected: Callable[[bool], None],
        on_message: Callable[[Message], None],
        on_lost: Callable[[str], None],
        will: Will | None = None,
        clean_start: bool = True,
        session_expiry_s: int = 0,
        receive_maximum: int = RECEIVE_AT_MOST,
        keep_alive_s: int = KEEP_ALIVE_S,
    ) -> Client:
        """Begins to connect; one of `on_connected` and `on_lost` follows."""
        link = self.network.link(client_id)
        client = Client(self, link, client_id, Callbacks(on_connected, on_message, on_lost), will, keep_alive_s)
        self._all = [known for known in self._all if not known.over or known.attached]
        self._all.append(client)
        if link.state == "cut" or (link.open and not self.running):
            self.loop.call_at(link.arrives_ms() / 1_000, client.lose, "refused")
            return client
        self.loop.call_later(CONNECT_WITHIN_S, self._give_up, client)
        client.to_broker.send(self._connects, client, clean_start, session_expiry_s, receive_maximum)
        return client

    def is_connected(self, client_id: str) -> bool:
        """Whether the broker believes that the client is there."""
        return client_id in self._clients

    def retained(self, topic: str) -> bytes | None:
        """What is retained on a topic."""
        found = self._stored.retained.get(topic)
        return found.payload if found else None

    def forge(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Publishes anything, as nobody."""
        self.route(Publication(topic, payload, qos, retain))

    def kill(self) -> None:
        """The broker's process is gone; its database stays as it is, or is put back by `restore`."""
        self.running, self._dies = False, None
        for will in self._wills.values():
            will.cancel()
        self._wills.clear()
        for client in self._all:
            client.to_broker.broken = True
            if client.attached:
                self._ends(client)
            if not client.over and client.to_client.broken is False:
                client.to_client.send(client.lose, "the broker closed")

    def kill_in_publish(self, after: str) -> None:
        """Dies at the next message published to it: `after` it was `received`, before anything; or `routed`, before
        it is acknowledged."""
        self._dies = after

    def start(self) -> None:
        """Clients may connect again."""
        self.running = True

    def wipe(self) -> None:
        """Its database is gone: sessions and retained messages; whoever was connected is not. Runs on if it ran."""
        self._replace(Stored())

    def save(self) -> Stored:
        """A copy of its database."""
        return copy.deepcopy(self._stored)

    def restore(self, stored: Stored) -> None:
        """An old database is put in place; runs on if it ran."""
        self._replace(copy.deepcopy(stored))

    def _replace(self, stored: Stored) -> None:
        ran = self.running
        self.kill()
        self._stored = stored
        self._routes.clear()
        self.running = ran

    def _connects(self, client: Client, clean_start: bool, expiry_s: int, receive_maximum: int) -> None:
        if not self.running:
            return
        before = self._clients.get(client.client_id)
        if before is not None:
            before.to_client.send(before.lose, "taken over")
            self.counts["taken_over"] += 1
            self.detach(before)
        session = self._stored.sessions.get(client.client_id)
        if session is not None and (clean_start or (session.ends_ms or self._now_ms()) < self._now_ms()):
            self._forget(session)
            session = None
        present = session is not None
        if session is None:
            session = self._stored.sessions[client.client_id] = _Session(client.client_id, receive_maximum, expiry_s)
        session.receive_maximum, session.expiry_s, session.ends_ms = receive_maximum, expiry_s, None
        will = self._wills.pop(client.client_id, None)
        if will is not None:
            will.cancel()
        client.attached = True
        self._clients[client.client_id] = client
        client.to_client.send(client.accepted, present)
        # What was never acknowledged is delivered again, first.
        session.waiting[:0] = session.sent.values()
        session.sent.clear()
        self._deliver(session)

    def published(
        self,
        client: Client,
        topic: str,
        payload: bytes,
        qos: int,
        retain: bool,
        expiry_s: int | None,
        acknowledged: Callable[[], None] | None,
    ) -> None:
        """A message has arrived from a client."""
        if not client.attached:
            return
        if self._dies == "received":
            self.kill()
            return
        expires_ms = None if expiry_s is None else self._now_ms() + expiry_s * 1_000
        self.counts["published"] += 1
        self.mischief.route(Publication(topic, payload, qos, retain, expires_ms), self._route_later)
        if self._dies == "routed":
            self.kill()
        elif qos and acknowledged is not None:
            client.to_client.send(acknowledged)

    def subscribed(
        self,
        client: Client,
        filters: Sequence[tuple[str, int]],
        retain_as_published: bool,
        done: Callable[[], None] | None,
    ) -> None:
        """A subscription has arrived from a client."""
        if not client.attached:
            return
        session = self._stored.sessions[client.client_id]
        honoured = retain_as_published and self._retain_as_published
        for name, qos in filters:
            session.subscriptions[name] = _Subscription(qos, honoured)
        self._routes.clear()
        if done is not None:
            client.to_client.send(done)
        for kept in list(self._stored.retained.values()):
            for name, qos in filters:
                if matches(name, kept.topic):
                    self._queue(session, kept, min(qos, kept.qos), retained=True)
                    break
        self._deliver(session)

    def unsubscribed(self, client: Client, filters: Sequence[str]) -> None:
        """The end of subscriptions has arrived from a client."""
        if client.attached:
            for name in filters:
                self._stored.sessions[client.client_id].subscriptions.pop(name, None)
            self._routes.clear()

    def acknowledged(self, client: Client, mid: int) -> None:
        """An acknowledgement has arrived from a client."""
        if client.attached:
            session = self._stored.sessions[client.client_id]
            session.sent.pop(mid, None)
            if session.waiting:
                self._deliver(session)

    def left(self, client: Client) -> None:
        """A goodbye has arrived from a client."""
        if client.attached:
            client.will = None
            self._ends(client)

    def detach(self, client: Client) -> None:
        """The broker sees that a connection is over: its Will is due."""
        if not client.attached:
            return
        session = self._stored.sessions[client.client_id]
        will = client.will
        self._ends(client)
        if will is None:
            return
        delay_s = min(will.delay_s, session.expiry_s)
        if delay_s:
            self._wills[client.client_id] = self.loop.call_later(delay_s, self._publish_will, client.client_id, will)
        else:
            self._publish_will(client.client_id, will)

    def route(self, publication: Publication) -> None:
        """To every subscription that matches, as it is; retained if it says so."""
        if publication.retain:
            if publication.payload:
                self._stored.retained[publication.topic] = publication
            else:
                self._stored.retained.pop(publication.topic, None)
        for session, subscription in self._subscribers(publication.topic):
            flag = publication.retain and subscription.retain_as_published
            self._queue(session, publication, min(subscription.qos, publication.qos), retained=flag)
            if session.waiting:
                self._deliver(session)

    def _route_later(self, publication: Publication, after_ms: int) -> None:
        if after_ms:
            self.loop.call_later(after_ms / 1_000, self._route_if_running, publication)
        else:
            self.route(publication)

    def _route_if_running(self, publication: Publication) -> None:
        if self.running:
            self.route(publication)

    def _publish_will(self, client_id: str, will: Will) -> None:
        self._wills.pop(client_id, None)
        self.counts["wills"] += 1
        self.mischief.route(Publication(will.topic, will.payload, will.qos, will.retain), self._route_later)

    def _subscribers(self, topic: str) -> list[tuple[_Session, _Subscription]]:
        found = self._routes.get(topic)
        if found is None:
            if len(self._routes) >= _ROUTES_KEPT:
                self._routes.clear()
            found = self._routes[topic] = [
                (session, best)
                for session in self._stored.sessions.values()
                if (best := _best(session, topic)) is not None
            ]
        return found

    def _queue(self, session: _Session, publication: Publication, qos: int, *, retained: bool) -> None:
        client = self._clients.get(session.client_id)
        if not qos:
            if client is not None:
                message = Message(publication.topic, publication.payload, retained, 0, 0)
                client.to_client.send(client.received, message)
            return
        if client is None and not session.expiry_s:
            return
        if len(session.waiting) >= self._queued_at_most:
            self.counts["dropped"] += 1
            return
        session.waiting.append(_Queued(publication.topic, publication.payload, qos, retained, publication.expires_ms))

    def _deliver(self, session: _Session) -> None:
        """Sends what waits, as far as the client's receive maximum allows."""
        client = self._clients.get(session.client_id)
        if client is None:
            return
        room = session.receive_maximum - len(session.sent)
        taken = 0
        for queued in session.waiting:
            if room <= 0:
                break
            taken += 1
            if queued.expires_ms is not None and queued.expires_ms <= self._now_ms():
                self.counts["expired"] += 1
                continue
            room -= 1
            mid = session.last_mid = session.last_mid % 65_535 + 1
            session.sent[mid] = queued
            message = Message(queued.topic, queued.payload, queued.retained, queued.qos, mid)
            client.to_client.send(client.received, message)
        del session.waiting[:taken]

    def _ends(self, client: Client) -> None:
        """The broker's side of a connection is over."""
        client.attached = False
        client.to_broker.broken = True
        del self._clients[client.client_id]
        session = self._stored.sessions[client.client_id]
        if session.expiry_s:
            session.ends_ms = self._now_ms() + session.expiry_s * 1_000
        else:
            self._forget(session)

    def _forget(self, session: _Session) -> None:
        del self._stored.sessions[session.client_id]
        self._routes.clear()

    def _give_up(self, client: Client) -> None:
        if not client.up:
            client.lose("no answer from the broker")

    def _link_changed(self, name: str, state: str) -> None:
        for client in [client for client in self._all if client.client_id == name]:
            if state == "cut":
                client.to_broker.broken = client.to_client.broken = True
                self.loop.call_soon(client.lose, "the network is gone")
                self.loop.call_soon(self.detach, client)
            elif state == "half_open":
                self.loop.call_later(2 * client.keep_alive_s, self._look, client, client.lose, "keep-alive")
                self.loop.call_later(1.5 * client.keep_alive_s, self._look, client, self.detach, client)

    def _look(self, client: Client, found_dead: Callable[..., None], *values: object) -> None:
        """A keep-alive has run out, unless the link healed before anything was lost on it."""
        if client.to_broker.broken or client.to_client.broken or not self.network.link(client.client_id).open:
            found_dead(*values)

    def _now_ms(self) -> int:
        return round(self.loop.time() * 1_000)


def matches(name: str, topic: str) -> bool:
    """Whether a topic filter, with `+` for one level and a last `#` for the rest, matches a topic."""
    levels, parts = name.split("/"), topic.split("/")
    if levels[-1] == "#":
        levels, parts = levels[:-1], parts[: len(levels) - 1]
    return len(levels) == len(parts) and all(level in ("+", part) for level, part in zip(levels, parts, strict=True))


def _best(session: _Session, topic: str) -> _Subscription | None:
    """Where several of a client's subscriptions match, it gets the message once, by the highest QoS."""
    found = [subscription for name, subscription in session.subscriptions.items() if matches(name, topic)]
    return max(found, key=lambda subscription: subscription.qos, default=None)
