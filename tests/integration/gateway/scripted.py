"""A controller played by a script of wire/ functions over a real broker: births, beats, batches, replies."""

import queue
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from wire.access_list import AccessList, decode_access_list, list_hash
from wire.envelope import key_id, sign, verify
from wire.keys import controller_token, from_token, signing_public, unseal
from wire.messages import (
    Birth,
    Command,
    Death,
    EpochRange,
    Health,
    Keys,
    Receipt,
    Reply,
    Session,
    Trust,
    decode,
    encode,
)  # fmt: skip
from wire.topics import DOWN, Topic, parse_topic, topic_name

T = TypeVar("T")
WITHIN_S = 15.0


def soon(check: Callable[[], T], within_s: float = WITHIN_S) -> T:
    """The first true value of `check`, or AssertionError."""
    deadline = time.monotonic() + within_s
    while True:
        value = check()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {within_s} s: {check}"
        time.sleep(0.01)


@dataclass
class ScriptedController:
    """Keeps what it is told; believes only what verifies, as a controller does."""

    bank: str
    host: str
    port: int
    device: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    encryption: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)
    root: Ed25519PublicKey | None = None
    trusted: dict[str, Ed25519PublicKey] = field(default_factory=dict)
    trust_version: int = 0
    badge_keys: dict[str, bytes] = field(default_factory=dict)
    lists: list[tuple[AccessList, str, float]] = field(default_factory=list)
    list_envelope: bytes = b""
    receipts: list[Receipt] = field(default_factory=list)
    commands: "queue.Queue[tuple[Command, MQTTMessage]]" = field(default_factory=queue.Queue)
    raw: list[tuple[Topic, bool]] = field(default_factory=list)
    number: int = 0
    session: Session = field(default_factory=lambda: Session(0, "0" * 32))
    client: Client | None = None

    @property
    def token(self) -> str:
        return controller_token(
            self.device.public_key().public_bytes_raw(), self.encryption.public_key().public_bytes_raw()
        )

    def trust(self, root_key: str) -> None:
        self.root = signing_public(from_token(root_key))

    def connect(self, epochs: tuple[EpochRange, ...] = (), birth: bool = True) -> None:
        """A new session: subscribes, and says so."""
        self.number += 1
        self.session = Session(self.number, secrets.token_hex(16))
        client = Client(CallbackAPIVersion.VERSION2, self.bank, protocol=MQTTProtocolVersion.MQTTv5)
        client.will_set(
            topic_name(self.bank, Topic.STATUS),
            sign(self.device, Topic.STATUS, encode(Death(self.bank, self.session))), qos=1, retain=True,
        )  # fmt: skip
        client.on_message = lambda _client, _data, message: self._take(message)
        subscribed: queue.Queue[int] = queue.Queue()
        client.on_subscribe = lambda _client, _data, mid, _codes, _properties: subscribed.put(mid)
        client.on_connect = lambda *_args: client.subscribe([(topic_name(self.bank, topic), 1) for topic in DOWN])
        client.connect(self.host, self.port, keepalive=10)
        client.loop_start()
        subscribed.get(timeout=10)
        self.client = client
        if birth:
            self.birth(epochs)

    def birth(self, epochs: tuple[EpochRange, ...] = (), session: Session | None = None) -> None:
        version, digest = (self.lists[-1][0].version, self.lists[-1][1]) if self.lists else (0, None)
        self.publish(
            Topic.STATUS,
            encode(
                Birth(
                    self.bank, session or self.session, secrets.token_hex(16), "scripted", "boot", now_ms(),
                    self.trust_version, version, digest, tuple(self.badge_keys), epochs,
                )
            ),
            retain=True,
        )  # fmt: skip

    def beat(self) -> None:
        version = self.lists[-1][0].version if self.lists else 0
        health = Health(self.bank, self.session, secrets.token_hex(16), now_ms(), "trusted", 1, 1, 0, version, (), {})
        self.publish(Topic.HEALTH, encode(health))

    def reply(self, command: Command, state: str, **more: object) -> None:
        self.publish(
            Topic.REPLIES,
            encode(Reply(self.bank, self.session, command.id, state, now_ms(), **more)),  # type: ignore[arg-type]
        )

    def publish(
        self, topic: Topic, payload: bytes, *, retain: bool = False, key: Ed25519PrivateKey | None = None
    ) -> None:
        assert self.client is not None
        envelope = sign(key or self.device, topic, payload)
        self.client.publish(
            topic_name(self.bank, topic), envelope, qos=0 if topic is Topic.HEALTH else 1, retain=retain
        )

    def disconnect(self, clean: bool = True) -> None:
        if self.client is not None:
            if clean:
                self.publish(Topic.STATUS, encode(Death(self.bank, self.session)), retain=True)
                self.client.disconnect()
            self.client.loop_stop()
            self.client = None

    def is_welcome(self) -> bool:
        """Whether a list has come; beats until then."""
        if not self.lists:
            self.beat()
            time.sleep(0.1)
        return bool(self.lists)

    def list_after(self, version: int) -> AccessList:
        """The first list of a higher version."""
        return soon(lambda: next((item for item, _hash, _at in self.lists if item.version > version), None))

    def receipt(self, epoch: str, through: int) -> Receipt:
        """A receipt that says this, of the present session."""
        return soon(
            lambda: next(
                (
                    item
                    for item in self.receipts
                    if (item.epoch, item.through, item.session) == (epoch, through, self.session)
                ),
                None,
            ),
            30,
        )

    def next_command(self) -> Command:
        return self.commands.get(timeout=WITHIN_S)[0]

    def _take(self, message: MQTTMessage) -> None:
        parsed = parse_topic(message.topic)
        assert parsed is not None
        topic = parsed[1]
        self.raw.append((topic, bool(message.retain)))
        assert self.root is not None
        keys = {key_id(self.root.public_bytes_raw()): self.root} if topic is Topic.TRUST else self.trusted
        payload = verify(bytes(message.payload), topic, keys)
        if topic is Topic.TRUST:
            trust = decode(payload, Trust)
            if trust.version >= self.trust_version:
                self.trust_version = trust.version
                self.trusted = {key_id(key.public): signing_public(key.public) for key in trust.keys}
        elif topic is Topic.KEYS:
            found = decode(payload, Keys)
            self.badge_keys = {
                key.id: unseal(key.sealed, self.encryption, f"{self.bank}/{key.id}") for key in found.keys
            }
        elif topic is Topic.ACCESS:
            self.list_envelope = bytes(message.payload)
            self.lists.append((decode_access_list(payload), list_hash(payload), time.monotonic()))
        elif topic is Topic.RECEIPTS:
            self.receipts.append(decode(payload, Receipt))
        else:
            self.commands.put((decode(payload, Command), message))


def now_ms() -> int:
    return time.time_ns() // 1_000_000
