"""A bank with its real controller process, a real broker, simulated hardware, and a gateway written out here."""

import asyncio
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from controller.bootstrap import load_identity
from controller.control_socket import ask
from controller.trust import write_root
from simulator.bank import SimulatedBank
from simulator.broker import BrokerProcess
from simulator.scenario import BadgePlan, BankPlan, Places, XorPlan, controller_toml
from wire.access_list import AccessList, Grant, Revoked
from wire.badge import badge_digest, canonical_number
from wire.chain import GENESIS, link
from wire.entries import Entry, decode_batch, decode_entry
from wire.envelope import key_id, sign, verify
from wire.ids import uuid7
from wire.keys import controller_token, parse_controller_token, seal, signing_public, to_token
from wire.messages import (
    Birth,
    Command,
    Death,
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
from wire.topics import DOWN, Topic, topic_name

DAY_MS = 86_400_000
CONTROLLER = "test-1"
BADGES = {"valid": "62E3086CED", "other": "62E3086CEE", "staff": "62E3086CEF", "stranger": "62E3086CF0"}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Bench:
    """The simulated bank on a loop of its own thread; `do` runs something there and answers its result."""

    def __init__(self, plan: BankPlan, places: Places, **options: Any) -> None:
        self.unlocked: list[tuple[int, float]] = []  # channel, monotonic seconds
        self.badge_written: list[float] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.bank = SimulatedBank(plan, places, **options)
        self.bank.on_unlock = lambda unlock: self.unlocked.append((unlock.channel, time.monotonic()))
        self.bank.on_badge_frame = lambda at_ms: self.badge_written.append(at_ms / 1_000)
        asyncio.run_coroutine_threadsafe(self.bank.start(), self._loop).result(10)

    def do(self, act: Callable[[], Any]) -> Any:
        done: Future[Any] = Future()

        def run() -> None:
            try:
                done.set_result(act())
            except Exception as error:  # noqa: BLE001 - it goes to the caller
                done.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return done.result(10)

    def finish(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def tap(self, label: str, held_ms: float = 100) -> None:
        self.do(lambda: self.bank.tap(label, held_ms))

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self.bank.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class ScriptedGateway:
    """Signs what it is told to sign, stores what it receives and believes, and receipts it unless told not to."""

    def __init__(self, port: int, token: str) -> None:
        self.root = Ed25519PrivateKey.generate()
        self.key = Ed25519PrivateKey.generate()
        self.badge_key = secrets.token_bytes(32)
        device, self.encryption = parse_controller_token(token)
        self._device = {key_id(device): signing_public(device)}
        self.births: list[Birth] = []
        self.deaths: list[Death] = []
        self.healths: list[Health] = []
        self.replies: list[Reply] = []
        self.lines: dict[str, list[bytes]] = {}
        self.hashes: dict[str, bytes] = {}
        self.doubled = 0
        self.batches = 0
        self.captured: list[tuple[str, bytes]] = []
        self.receipts = True
        self.clock_off_ms = 0
        self.version = 0
        self._changed = threading.Condition()
        self._port = port
        self.client = Client(CallbackAPIVersion.VERSION2, "gateway.test", protocol=MQTTProtocolVersion.MQTTv5)
        self.client.on_connect = self._connected
        self.client.on_message = lambda _client, _data, message: self._received(message.topic, bytes(message.payload))
        self.client.reconnect_delay_set(1, 1)

    def start(self) -> None:
        self.client.connect("127.0.0.1", self._port, clean_start=True)
        self.client.loop_start()

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _connected(self, *_: Any) -> None:
        self.client.subscribe(
            [(topic_name(CONTROLLER, topic), SubscribeOptions(qos=1)) for topic in Topic if topic not in DOWN]
        )

    def _received(self, name: str, data: bytes) -> None:
        topic = Topic(name.rsplit("/", 1)[1])
        payload = verify(data, topic, self._device)
        with self._changed:
            self.captured.append((name, data))
            if topic is Topic.STATUS:
                self._status(decode_status(payload))
            elif topic is Topic.HEALTH:
                self.healths.append(decode(payload, Health))
            elif topic is Topic.REPLIES:
                self.replies.append(decode(payload, Reply))
            else:
                self._events(payload)
            self._changed.notify_all()

    def _status(self, status: Birth | Death) -> None:
        if isinstance(status, Death):
            self.deaths.append(status)
            return
        self.births.append(status)
        for epoch in status.epochs:
            self._receipt(epoch.epoch)

    def _events(self, payload: bytes) -> None:
        batch = decode_batch(payload)
        self.batches += 1
        header = batch.header
        stored = self.lines.setdefault(header.epoch, [])
        for seq, line in enumerate(batch.lines, header.first):
            if seq <= len(stored):
                assert stored[seq - 1] == line, "the same seq with other bytes"
                self.doubled += 1
            elif seq == len(stored) + 1:
                if seq == header.first:
                    assert bytes.fromhex(header.prev) == self.hashes.get(header.epoch, GENESIS), "the chain is broken"
                stored.append(line)
                self.hashes[header.epoch] = link(self.hashes.get(header.epoch, GENESIS), line)
        self._receipt(header.epoch)

    def _receipt(self, epoch: str) -> None:
        if self.receipts and self.births:
            through = len(self.lines.get(epoch, ()))
            digest = self.hashes.get(epoch, GENESIS).hex()
            self.publish(Topic.RECEIPTS, encode(self.receipt(epoch, through, digest)))

    def receipt(self, epoch: str, through: int, digest: str) -> Receipt:
        at = now_ms() + self.clock_off_ms
        return Receipt(CONTROLLER, self.births[-1].session, epoch, through, digest, at)

    def publish(
        self, topic: Topic, payload: bytes, *, key: Ed25519PrivateKey | None = None, retain: bool | None = None
    ) -> bytes:
        envelope = sign(key or (self.root if topic is Topic.TRUST else self.key), topic, payload)
        self.publish_raw(topic, envelope, retain=retain)
        return envelope

    def publish_raw(self, topic: Topic, envelope: bytes, *, retain: bool | None = None) -> None:
        kept = topic in (Topic.TRUST, Topic.KEYS, Topic.ACCESS) if retain is None else retain
        properties = None
        if topic is Topic.COMMANDS:
            properties = Properties(PacketTypes.PUBLISH)
            properties.MessageExpiryInterval = 30
        self.client.publish(topic_name(CONTROLLER, topic), envelope, 1, kept, properties)

    def trust(self, version: int = 1, *keys: Ed25519PrivateKey) -> bytes:
        trusted = tuple(
            TrustedKey(key.public_key().public_bytes_raw(), now_ms() + 365 * DAY_MS) for key in keys or (self.key,)
        )
        return self.publish(Topic.TRUST, encode(Trust(CONTROLLER, version, trusted)))

    def keys(self, version: int = 1) -> bytes:
        sealed = seal(self.badge_key, self.encryption, f"{CONTROLLER}/k1")
        return self.publish(Topic.KEYS, encode(Keys(CONTROLLER, version, (SealedKey("k1", sealed),))))

    def digest(self, label: str) -> str:
        return badge_digest(self.badge_key, canonical_number("em4100", BADGES[label]))

    def grant(
        self, label: str, *lockers: int, kind: str = "holder", from_ms: int = -DAY_MS, to_ms: int = DAY_MS
    ) -> Grant:
        at = now_ms()
        return Grant(f"g-{label}-{kind}", self.digest(label), "k1", lockers, at + from_ms, at + to_ms, kind)

    def access(self, *grants: Grant, revoked: tuple[Revoked, ...] = (), version: int | None = None) -> bytes:
        self.version = max(self.version + 1, now_ms()) if version is None else version
        access_list = AccessList(
            CONTROLLER, self.version, now_ms(), now_ms() + 30 * DAY_MS, "Europe/Paris", {}, ("k1",), grants, revoked
        )
        return self.publish(Topic.ACCESS, encode(access_list))

    def command(self, kind: str, args: dict[str, Any], **other: Any) -> Command:
        """Publish a command from the latest beat; `other` overrides its fields, `key` and `retain` how it is sent."""
        key, retain = other.pop("key", None), other.pop("retain", None)
        command = self.make_command(kind, args, **other)
        self.publish(Topic.COMMANDS, encode(command), key=key, retain=retain)
        return command

    def make_command(self, kind: str, args: dict[str, Any], **other: Any) -> Command:
        fields: dict[str, Any] = {
            "controller": CONTROLLER, "session": self.births[-1].session, "beat": self.beat(), "id": uuid7(),
            "kind": kind, "args": args, "requested_by": "staff-7", "reason": "holder_present",
        }  # fmt: skip
        return Command(**{**fields, **other})

    def beat(self) -> str:
        of_session = [health for health in self.healths if health.session == self.births[-1].session]
        return of_session[-1].beat if of_session else self.births[-1].beat

    def states(self, command: Command) -> list[str]:
        return [reply.state for reply in self.replies if reply.id == command.id]

    def entries(self, *types: str) -> list[Entry]:
        found = [decode_entry(line) for lines in self.lines.values() for line in lines]
        return [entry for entry in found if not types or entry.type in types]

    def wait(self, condition: Callable[[], Any], within_s: float = 10) -> Any:
        deadline = time.monotonic() + within_s
        with self._changed:
            while not (result := condition()):
                assert time.monotonic() < deadline, f"not within {within_s} s"
                self._changed.wait(0.05)
            return result

    def stored(self, kind: str, count: int = 1, within_s: float = 10) -> list[Entry]:
        return self.wait(lambda: (found := self.entries(kind)) and len(found) >= count and found, within_s)


class World:
    """Everything around one controller, and the controller itself."""

    def __init__(
        self,
        folder: Path,
        broker_kind: str,
        clock: str,
        boards: dict[str, Any] | None = None,
        plan: BankPlan | None = None,
        **bench: Any,
    ) -> None:
        self.folder = folder
        self.config = folder / "bank.toml"
        self.data = folder / "data"
        self.broker = BrokerProcess(broker_kind, _free_port(), folder / "broker")
        badges = tuple(BadgePlan(label, number) for label, number in BADGES.items())
        plan = plan or BankPlan(CONTROLLER, boards or {"a": XorPlan(channels=24)}, light=None, badges=badges)
        places = Places(folder, "devices")
        toml = controller_toml(plan, places, data_dir=self.data, broker=("127.0.0.1", self.broker.port))
        self.config.write_text(f'{toml}\n[time]\nsystem_clock = "{clock}"\n')
        self.bench = Bench(plan, places, **bench)
        self.log = (folder / "controller.log").open("ab")
        self.process: subprocess.Popen[str] | None = None
        self.environment = {**os.environ, **places.environment(), "PYTHONUNBUFFERED": "1"}
        identity = load_identity(self.data)
        public = [key.public_key().public_bytes_raw() for key in (identity.device, identity.encryption)]
        self.gateway = ScriptedGateway(self.broker.port, controller_token(*public))
        write_root(self.data, to_token(self.gateway.root.public_key().public_bytes_raw()))

    def tool(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "controller", *arguments, "--config", str(self.config)]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=20).stdout

    def start(self, *program: str) -> dict[str, Any]:
        """Start the controller, or another program in its place; answers its ready line."""
        self.process = subprocess.Popen(
            [sys.executable, *(program or ("-m", "controller")), "run", "--config", str(self.config)],
            stdout=subprocess.PIPE, stderr=self.log, text=True, env=self.environment,
        )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the controller did not start: {(self.folder / 'controller.log').read_text()}"
        ready: dict[str, Any] = json.loads(line)
        return ready

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the controller; answers its exit code."""
        process, self.process = self.process, None
        assert process is not None
        process.send_signal(how)
        code = process.wait(15)
        assert process.stdout is not None
        process.stdout.close()
        return code

    def status(self) -> dict[str, Any]:
        return ask(self.data, {"do": "status"})

    def join(self, *grants: Grant) -> None:
        """Broker, gateway and controller up, with trust, keys and this list in force."""
        self.broker.start()
        self.gateway.start()
        self.gateway.trust()
        self.gateway.keys()
        self.gateway.access(*grants)
        self.start()
        self.gateway.wait(lambda: self.gateway.births and self.gateway.entries("access_applied"))

    def unlocked(self, count: int, within_s: float = 5) -> list[int]:
        """The channels unlocked so far, once they are `count`."""
        eventually(lambda: len(self.bench.unlocked) >= count, within_s)
        return [channel for channel, _ in self.bench.unlocked]

    def close(self) -> None:
        if self.process is not None:
            self.end(signal.SIGKILL)
        self.gateway.stop()
        self.broker.kill()
        self.bench.close()
        self.log.close()


def eventually(condition: Callable[[], Any], within_s: float = 5) -> Any:
    deadline = time.monotonic() + within_s
    while not (result := condition()):
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.005)
    return result


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def make_world(tmp_path: Path, conforms: Callable[[str, bytes], None]) -> Iterator[Callable[..., World]]:
    """A world for one test; `clock` as in the bank's file, `broker` mosquitto or iotcore, the rest for the bench."""
    worlds: list[World] = []

    def make(clock: str = "trusted", broker: str = "mosquitto", **bench: Any) -> World:
        folder = tmp_path / f"world{len(worlds)}"
        folder.mkdir()
        worlds.append(World(folder, broker, clock, pacing=False, **bench))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()
    for world in worlds:
        for topic, data in world.gateway.captured:
            conforms(topic, data)


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()
