"""Whatever somebody puts on the topics: nobody crashes, nobody grows, people get in, and nothing true is lost."""

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from random import Random

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties

from tests.integration.faults.site import BANK, Site, eventually
from wire.topics import DOWN, UP, Topic, topic_name

WARMED_BY, COUNT = 3_000, 12_000
MORE_AT_MOST_KB = 12 * 1_024


class Stranger:
    """Somebody at the broker: hears all that is said, and says anything."""

    def __init__(self, port: int) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._client = Client(CallbackAPIVersion.VERSION2, "stranger", protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_message = self._hear
        ready = threading.Event()
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._client.subscribe("casier/1/#", qos=1)
        assert ready.wait(10)

    def says(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """All of it, as fast as the broker takes it."""
        for number, (name, payload) in enumerate(messages, 1):
            told = self._client.publish(name, payload, qos=1)
            if number % 200 == 0:
                told.wait_for_publish(30)
        told.wait_for_publish(30)

    def listens_no_more(self) -> None:
        self._client.unsubscribe("casier/1/#")

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _hear(self, _client: Client, _data: object, message: MQTTMessage, _more: Properties | None = None) -> None:
        if len(self.heard) < 1_000:
            self.heard.append((message.topic, bytes(message.payload)))


def hostile(random: Random, heard: list[tuple[str, bytes]], count: int) -> Iterator[tuple[str, bytes]]:
    """What was heard, bent and elsewhere; noise; what is too deep, too long or nothing; banks that there are not."""
    topics = [*UP, *DOWN]
    for _ in range(count):
        topic: Topic = random.choice(topics)
        bank = BANK if random.random() < 0.7 else f"bank-{random.randrange(100_000)}"
        name, envelope = topic_name(bank, topic), bytearray(random.choice(heard)[1] or b"{}")
        kind = random.randrange(6)
        if kind == 0:
            envelope[random.randrange(len(envelope))] ^= 1 << random.randrange(8)
        elif kind == 1:
            envelope = envelope[: random.randrange(len(envelope))]
        elif kind == 2:
            envelope = bytearray(random.randbytes(random.choice((0, 1, 300, 20_000))))
        elif kind == 3:
            envelope = bytearray(b'{"payload":' + b"[" * random.choice((10, 5_000, 100_000)))
        elif kind == 4:
            name = f"{name}/{random.randrange(10)}"
        yield name, bytes(envelope)


def resident_kb(pid: int) -> int:
    """What of a process is in memory."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def test_hostile_bytes_on_every_topic_crash_nobody_take_no_memory_and_keep_nobody_out(
    make_site: Callable[..., Site],
) -> None:
    site = make_site()
    stranger, random = Stranger(site.broker.port), Random(28)
    try:
        eventually("something is heard", lambda: len(stranger.heard) >= 20)
        processes = {"gateway": site.gateway.pid, "controller": site.controller.pid}
        stranger.listens_no_more()
        stranger.says(hostile(random, stranger.heard, WARMED_BY))
        before = {name: resident_kb(pid) for name, pid in processes.items()}
        stranger.says(hostile(random, stranger.heard, COUNT))
    finally:
        stranger.close()
    site.busy(3)
    grown = {name: resident_kb(pid) - before[name] for name, pid in processes.items()}
    assert max(grown.values()) < MORE_AT_MOST_KB, grown
    site.compare()
