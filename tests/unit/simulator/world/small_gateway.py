"""Just enough of a gateway for one controller: trust, badge key, list, commands; receipts for what it has checked."""

import os
from dataclasses import dataclass, field

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from simulator.world.broker import Broker
from simulator.world.broker_client import Message
from simulator.world.controller import SimulatedController
from wire.access_list import AccessList, Grant
from wire.badge import badge_digest
from wire.chain import link_all
from wire.entries import Entry, decode_batch, decode_entry
from wire.envelope import key_id, sign, verify
from wire.ids import uuid7
from wire.keys import parse_controller_token, seal, signing_public, to_token
from wire.messages import (
    Birth,
    Command,
    Health,
    Keys,
    Receipt,
    Reply,
    SealedKey,
    Trust,
    TrustedKey,
    decode,
    decode_status,
    encode,
)
from wire.topics import Topic, parse_topic, topic_name

BADGE_KEY = b"k" * 32
YEAR = 365 * 86_400_000


def badge(number: int) -> str:
    """The number of the badge that opens this locker."""
    return f"{number:010X}"


@dataclass
class SmallGateway:
    """Holds one list: badge n opens locker n."""

    broker: Broker
    controller: SimulatedController
    answers: bool = True
    entries: list[Entry] = field(default_factory=list)
    births: list[Birth] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    beat: str = ""

    def __post_init__(self) -> None:
        self.root = Ed25519PrivateKey.from_private_bytes(os.urandom(32))
        self.key = Ed25519PrivateKey.from_private_bytes(os.urandom(32))
        device, self.encryption = parse_controller_token(self.controller.keys())
        self.device = {key_id(device): signing_public(device)}
        self.controller.tell_root(to_token(self.root.public_key().public_bytes_raw()))
        self.hashes: dict[str, tuple[int, bytes]] = {}
        self.client = self.broker.connect(
            f"gateway of {self.controller.name}",
            on_connected=self._connected,
            on_message=self._received,
            on_lost=lambda _: None,
        )

    @property
    def now(self) -> int:
        return self.controller.loop.now_ms

    def send(self, topic: Topic, message: msgspec.Struct, *, retain: bool = False) -> None:
        key = self.root if topic is Topic.TRUST else self.key
        envelope = sign(key, topic, encode(message))
        self.client.publish(topic_name(self.controller.name, topic), envelope, qos=1, retain=retain)

    def open(self, locker: int) -> str:
        """Order a locker opened; answers the command's id."""
        command = uuid7(self.now)
        session = self.births[-1].session
        args = {"locker": locker}
        self.send(
            Topic.COMMANDS,
            Command(self.controller.name, session, self.beat, command, "open", args, "staff-1", "holder_present"),
        )
        return command

    def _connected(self, _: bool) -> None:
        name, now = self.controller.name, self.now
        self.client.subscribe([(topic_name(name, each), 1) for each in (Topic.STATUS, Topic.EVENTS, Topic.REPLIES)])
        self.client.subscribe([(topic_name(name, Topic.HEALTH), 0)])
        public = self.key.public_key().public_bytes_raw()
        self.send(Topic.TRUST, Trust(name, 1, (TrustedKey(public, now + YEAR),)), retain=True)
        sealed = SealedKey("k1", seal(BADGE_KEY, self.encryption, f"{name}/k1"))
        self.send(Topic.KEYS, Keys(name, 1, (sealed,)), retain=True)
        self.send(Topic.ACCESS, self._list(1), retain=True)

    def _list(self, version: int) -> AccessList:
        now = self.now
        grants = tuple(
            Grant(f"g{n}", badge_digest(BADGE_KEY, f"em4100:{badge(n)}"), "k1", (n,), now - 1_000, now + YEAR, "holder")
            for n in self.controller.config.lockers
        )
        return AccessList(self.controller.name, version, now, now + YEAR, "Europe/Paris", {}, ("k1",), grants, ())

    def _received(self, message: Message) -> None:
        self.client.ack(message)
        parsed = parse_topic(message.topic)
        assert parsed is not None
        payload = verify(message.payload, parsed[1], self.device)
        if parsed[1] is Topic.EVENTS:
            self._batch(payload)
        elif parsed[1] is Topic.HEALTH:
            self.beat = decode(payload, Health).beat
        elif parsed[1] is Topic.REPLIES:
            self.replies.append(decode(payload, Reply))
        elif isinstance(status := decode_status(payload), Birth):
            self.births.append(status)
            self.beat = status.beat
            for epoch in self.hashes:
                self._receipt(epoch)

    def _batch(self, payload: bytes) -> None:
        batch = decode_batch(payload)
        header = batch.header
        known, digest = self.hashes.get(header.epoch, (0, bytes(32)))
        if not self.answers or header.first != known + 1 or header.prev != digest.hex():
            return
        self.entries += map(decode_entry, batch.lines)
        known, digest = self.hashes[header.epoch] = known + len(batch.lines), link_all(digest, batch.lines)
        self._receipt(header.epoch)

    def _receipt(self, epoch: str) -> None:
        known, digest = self.hashes[epoch]
        session = self.births[-1].session
        self.send(Topic.RECEIPTS, Receipt(self.controller.name, session, epoch, known, digest.hex(), self.now))
