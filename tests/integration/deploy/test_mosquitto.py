"""The broker configuration we ship, on a real Mosquitto: who may speak, for whom, and how much is kept."""

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from tests.integration.deploy.certificates import Authority
from wire.topics import DOWN, UP, Topic, topic_name

SHIPPED = Path(__file__).parents[3] / "deploy" / "mosquitto"
GATEWAY = "casier.gateway"
DEADLINE_S = 20.0


def _wait(condition: Callable[[], object], what: str, within_s: float = DEADLINE_S) -> None:
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, f"{what} did not come within {within_s} s"
        time.sleep(0.01)


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Site:
    """A broker run with the shipped files, and the certificates to reach it."""

    def __init__(self, folder: Path, program: str) -> None:
        self.authority = Authority(folder)
        self.authority.issue("broker")
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port = taken.getsockname()[1]
        text = (SHIPPED / "casier.conf").read_text()
        text = text.replace("/etc/mosquitto/certs/", f"{folder}/").replace("/var/lib/mosquitto/", f"{folder}/")
        text = text.replace("/etc/mosquitto/casier.acl", str(SHIPPED / "casier.acl"))
        text = text.replace("listener 8883", f"listener {self.port} 127.0.0.1")
        if os.geteuid() == 0:
            text += "user root\n"
        (folder / "mosquitto.conf").write_text(text)
        with (folder / "mosquitto.log").open("wb") as log:
            self.process = subprocess.Popen([program, "-c", folder / "mosquitto.conf"], stderr=log, stdout=log)
        try:
            _wait(lambda: _answers(self.port), f"the broker ({(folder / 'mosquitto.log').read_text()})")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


class Peer:
    """One MQTT 5 client with the certificate of `name`; `heard` are the topics and payloads that came."""

    def __init__(self, site: Site, name: str, client_id: str | None = None, keep_session: bool = False) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.codes: list[str] = []
        self.acknowledged: dict[int, str] = {}
        self.granted: dict[int, list[bool]] = {}
        self.client = Client(CallbackAPIVersion.VERSION2, client_id or name, protocol=MQTTProtocolVersion.MQTTv5)
        certificate, key = site.authority.issue(name)
        self.client.tls_set(str(site.authority.ca), str(certificate), str(key))
        self.client.max_inflight_messages_set(1000)
        self.client.on_connect = lambda *args: self.codes.append(str(args[3]))
        self.client.on_disconnect = lambda *args: self.codes.append(f"gone: {args[3]}")
        self.client.on_publish = lambda *args: self.acknowledged.update({args[2]: str(args[3])})
        self.client.on_subscribe = lambda *args: self.granted.update({args[2]: [not c.is_failure for c in args[3]]})
        self.client.on_message = self._receive
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = 3600 if keep_session else 0
        self.client.connect("127.0.0.1", site.port, 20, clean_start=not keep_session, properties=properties)
        self.client.loop_start()
        _wait(lambda: self.codes, f"the broker's answer to {name}")

    def _receive(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.heard.append((message.topic, message.payload))

    def subscribe(self, topic: str) -> bool:
        _, mid = self.client.subscribe([(topic, SubscribeOptions(qos=1, retainAsPublished=True))])
        assert mid is not None
        _wait(lambda: mid in self.granted, f"the grant of {topic}")
        return all(self.granted[mid])

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> str:
        """Publish with QoS 1 and return the broker's reason code."""
        mid = self.client.publish(topic, payload, 1, retain).mid
        _wait(lambda: mid in self.acknowledged, f"the acknowledgement on {topic}")
        return self.acknowledged[mid]

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    program = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
    if program is None:
        pytest.skip("mosquitto is not installed")
    broker = Site(tmp_path_factory.mktemp("site"), program)
    yield broker
    broker.stop()


@pytest.fixture
def join(site: Site) -> Iterator[Callable[..., Peer]]:
    peers: list[Peer] = []

    def joined(name: str, client_id: str | None = None, keep_session: bool = False) -> Peer:
        peers.append(Peer(site, name, client_id, keep_session))
        return peers[-1]

    yield joined
    for peer in peers:
        peer.close()


Join = Callable[..., Peer]


@pytest.mark.parametrize("topic", Topic)
def test_a_controller_publishes_only_what_goes_up(topic: Topic, join: Join) -> None:
    code = join("montreuil-1").publish(topic_name("montreuil-1", topic), b"x")
    assert (code != "Not authorized") is (topic in UP), code


@pytest.mark.parametrize("topic", Topic)
def test_a_controller_cannot_speak_for_another(topic: Topic, join: Join) -> None:
    assert join("montreuil-1").publish(topic_name("lille-1", topic), b"x") == "Not authorized"


@pytest.mark.parametrize("topic", DOWN)
def test_what_the_gateway_says_reaches_that_controller_alone(topic: Topic, join: Join) -> None:
    mine, other, gateway = join("montreuil-1"), join("lille-1"), join(GATEWAY)
    mine.subscribe(topic_name("montreuil-1", topic))
    other.subscribe(topic_name("montreuil-1", topic))
    other.subscribe("casier/1/+/" + topic.value)
    assert gateway.publish(topic_name("montreuil-1", topic), b"private") != "Not authorized"
    gateway.publish(topic_name("lille-1", topic), b"the end")
    other.subscribe(topic_name("lille-1", topic))
    _wait(lambda: mine.heard, "the message")
    gateway.publish(topic_name("lille-1", topic), b"the end")
    _wait(lambda: other.heard, "the other's own message")
    assert mine.heard == [(topic_name("montreuil-1", topic), b"private")]
    assert {heard for heard, _ in other.heard} == {topic_name("lille-1", topic)}


@pytest.mark.parametrize("topic", UP)
def test_the_gateway_hears_every_controller_and_cannot_pose_as_one(topic: Topic, join: Join) -> None:
    gateway, controller = join(GATEWAY), join("montreuil-1")
    assert gateway.subscribe(f"casier/1/+/{topic.value}")
    controller.publish(topic_name("montreuil-1", topic), b"up")
    _wait(lambda: (topic_name("montreuil-1", topic), b"up") in gateway.heard, "the controller's message")
    if topic is not Topic.STATUS:
        assert gateway.publish(topic_name("montreuil-1", topic), b"x") == "Not authorized"


def test_a_controller_sees_its_own_status(join: Join) -> None:
    controller = join("montreuil-1")
    controller.subscribe(topic_name("montreuil-1", Topic.STATUS))
    controller.publish(topic_name("montreuil-1", Topic.STATUS), b"birth", retain=True)
    _wait(lambda: controller.heard, "its own status")


def test_a_valid_certificate_cannot_throw_another_controller_off(join: Join) -> None:
    victim = join("montreuil-1")
    join("lille-1", client_id="montreuil-1")
    assert victim.publish(topic_name("montreuil-1", Topic.EVENTS), b"still here") != "Not authorized"
    assert victim.codes == ["Success"]


def _answer_without_a_certificate(site: Site) -> bytes:
    """The first byte of the broker's answer to CONNECT, or nothing where it hangs up."""
    context = ssl.create_default_context(cafile=str(site.authority.ca))
    with (
        suppress(ssl.SSLError, ConnectionError),
        socket.create_connection(("127.0.0.1", site.port), 5) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secured,
    ):
        secured.sendall(bytes.fromhex("101000044d5154540502001400000361626300"))
        return secured.recv(1)
    return b""


def test_nobody_joins_without_a_certificate(site: Site) -> None:
    assert _answer_without_a_certificate(site) == b""


def test_a_certificate_of_another_authority_is_refused(site: Site, tmp_path: Path) -> None:
    certificate, key = Authority(tmp_path).issue("montreuil-1")
    client = Client(CallbackAPIVersion.VERSION2, "montreuil-1", protocol=MQTTProtocolVersion.MQTTv5)
    client.tls_set(str(site.authority.ca), str(certificate), str(key))
    answers: list[str] = []
    client.on_connect = lambda *args: answers.append("connected")
    client.on_disconnect = lambda *args: answers.append("refused")
    with suppress(ssl.SSLError, ConnectionError):
        client.connect("127.0.0.1", site.port, 20)
        client.loop_start()
        _wait(lambda: answers, "a refusal")
        client.loop_stop()
    assert "connected" not in answers


def test_an_access_list_of_the_largest_size_passes(join: Join) -> None:
    gateway, controller = join(GATEWAY), join("montreuil-1")
    largest = b"x" * (8 * 1024 * 1024 // 3 * 4 + 1024)
    gateway.publish(topic_name("montreuil-1", Topic.ACCESS), largest, retain=True)
    controller.subscribe(topic_name("montreuil-1", Topic.ACCESS))
    try:
        _wait(lambda: controller.heard, "the list", within_s=60)
        assert len(controller.heard[0][1]) == len(largest)
    finally:
        gateway.publish(topic_name("montreuil-1", Topic.ACCESS), b"", retain=True)


def test_what_a_gateway_misses_while_it_restarts_is_kept(join: Join) -> None:
    gateway = join(GATEWAY, keep_session=True)
    gateway.subscribe("casier/1/+/events")
    gateway.close()
    controller = join("montreuil-1")
    count = 3_000  # the default of 1000 would drop two thirds of them
    for number in range(count):
        controller.client.publish(topic_name("montreuil-1", Topic.EVENTS), b"%d" % number, 1)
    _wait(lambda: len(controller.acknowledged) == count, "the acknowledgements")
    back = join(GATEWAY, keep_session=True)
    _wait(lambda: len(back.heard) == count, "the kept messages")
    assert [payload for _, payload in back.heard] == [b"%d" % number for number in range(count)]
