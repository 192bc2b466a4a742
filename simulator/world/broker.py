"""A model of an MQTT 5 broker on virtual time: what of MQTT matters to us, and everything a bad broker may do."""

import asyncio
import copy
from collections import Counter
from collections.abc import Callable, Sequence

from simulator.world.broker_client import Callbacks, Client, Message, Will
from simulator.world.loop import VirtualLoop
from simulator.world.mischief import Mischief, Publication
from simulator.world.network import Network
from simulator.world.sessions import Queued, Session, Stored, Subscription, best_of, matches

KEEP_ALIVE_S = 10
QUEUED_AT_MOST = 10_000
RECEIVE_AT_MOST = 65_535
# A connection that is not answered is given up, as controller and gateway do.
CONNECT_WITHIN_MS = 15_000
_ROUTES_KEPT = 1_000


class Broker:
    """Its clients, sessions and retained messages. `counts` says what became of messages.

    `retain_as_published`: whether it honours that option (rumqttd does not).
    """

    def __init__(
        self,
        loop: VirtualLoop,
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
        self._routes: dict[str, list[tuple[Session, Subscription]]] = {}
        self._dies: str | None = None
        network.changed.append(self._link_changed)

    def connect(
        self,
        client_id: str,
        *,
        on_connected: Callable[[bool], object],
        on_message: Callable[[Message], object],
        on_lost: Callable[[str], object],
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
            self.loop.at(link.arrives_ms(), client.lose, "refused")
            return client
        self.loop.after(CONNECT_WITHIN_MS, self._give_up, client)
        client.to_broker.send(self._connects, client, clean_start, session_expiry_s, receive_maximum)
        client.sent = not client.to_broker.broken
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
            if not client.over:
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
        if session is not None and (clean_start or (session.ends_ms or self.loop.now_ms) < self.loop.now_ms):
            self._forget(session)
            session = None
        present = session is not None
        if session is None:
            session = self._stored.sessions[client.client_id] = Session(client.client_id, receive_maximum, expiry_s)
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
        acknowledged: Callable[[], object] | None,
    ) -> None:
        """A message has arrived from a client."""
        if not client.attached:
            return
        if self._dies == "received":
            self.kill()
            return
        expires_ms = None if expiry_s is None else self.loop.now_ms + expiry_s * 1_000
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
        done: Callable[[], object] | None,
    ) -> None:
        """A subscription has arrived from a client."""
        if not client.attached:
            return
        session = self._stored.sessions[client.client_id]
        honoured = retain_as_published and self._retain_as_published
        for name, qos in filters:
            session.subscriptions[name] = Subscription(qos, honoured)
        self._routes.clear()
        if done is not None:
            client.to_client.send(done)
        for kept in self._stored.retained.values():
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
            self._wills[client.client_id] = self.loop.after(delay_s * 1_000, self._publish_will, client.client_id, will)
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
            self.loop.after(after_ms, self._route_if_running, publication)
        else:
            self.route(publication)

    def _route_if_running(self, publication: Publication) -> None:
        if self.running:
            self.route(publication)

    def _publish_will(self, client_id: str, will: Will) -> None:
        self._wills.pop(client_id, None)
        self.counts["wills"] += 1
        self.mischief.route(Publication(will.topic, will.payload, will.qos, will.retain), self._route_later)

    def _subscribers(self, topic: str) -> list[tuple[Session, Subscription]]:
        found = self._routes.get(topic)
        if found is None:
            if len(self._routes) >= _ROUTES_KEPT:
                self._routes.clear()
            found = self._routes[topic] = [
                (session, best)
                for session in self._stored.sessions.values()
                if (best := best_of(session, topic)) is not None
            ]
        return found

    def _queue(self, session: Session, publication: Publication, qos: int, *, retained: bool) -> None:
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
        session.waiting.append(Queued(publication.topic, publication.payload, qos, retained, publication.expires_ms))

    def _deliver(self, session: Session) -> None:
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
            if queued.expires_ms is not None and queued.expires_ms <= self.loop.now_ms:
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
            session.ends_ms = self.loop.now_ms + session.expiry_s * 1_000
        else:
            self._forget(session)

    def _forget(self, session: Session) -> None:
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
                self.loop.after(2_000 * client.keep_alive_s, self._look, client, client.lose, "keep-alive")
                self.loop.after(1_500 * client.keep_alive_s, self._look, client, self.detach, client)

    def _look(self, client: Client, found_dead: Callable[..., None], *values: object) -> None:
        """A keep-alive has run out, unless the link healed before anything was lost on it."""
        if client.to_broker.broken or client.to_client.broken or not self.network.link(client.client_id).open:
            found_dead(*values)
