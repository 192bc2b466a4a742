"""Every message that the running demo puts on its broker is one of the document's, sent as the document says."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.subscribeoptions import SubscribeOptions

from simulator.broker import mosquitto_path
from tests import wire_document
from tests.e2e.demo.site_under_test import Site, eventually
from wire.topics import Topic, parse_topic

BANK = "montreuil-1"
BADGES = ("valid", "ended", "tomorrow", "suspended", "grace", "revoked", "unknown")


class Eavesdropper:
    """Hears everything as it was published: topic, bytes, QoS and the sender's retain flag."""

    def __init__(self, port: int) -> None:
        self.heard: list[MQTTMessage] = []
        self._client = Client(CallbackAPIVersion.VERSION2, "eavesdropper", protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_connect = lambda *_: self._client.subscribe(
            [("casier/1/#", SubscribeOptions(qos=1, retainAsPublished=True))]
        )
        self._client.on_message = lambda _client, _data, message: self.heard.append(message)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def names(self) -> set[str]:
        """The document's names of the messages heard so far."""
        return {wire_document.message_name(message.topic, message.payload) for message in list(self.heard)}

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture(scope="module")
def heard() -> Iterator[list[MQTTMessage]]:
    """Everything that was said while badges were tapped, doors opened, lists changed and the network cut."""
    if mosquitto_path() is None:
        pytest.skip("mosquitto is not installed: only it tells what the sender's retain flag was")
    state = Path(tempfile.mkdtemp(prefix="casier-"))
    site = Site("mosquitto", state)
    ear = None
    try:
        site.start()
        ear = Eavesdropper(site.broker_port)
        _live_through_a_day(site)
        documented = set(wire_document.load()["components"]["messages"])
        eventually("a message of every kind", lambda: ear.names() >= documented, 30)
        yield ear.heard
    finally:
        if ear is not None:
            ear.close()
        if site.is_started:
            site.stop()
        shutil.rmtree(state, ignore_errors=True)


def _live_through_a_day(site: Site) -> None:
    start = site.newest_event()
    for label in BADGES:
        before = site.newest_event()
        site.tap(label)
        opens = label in {"valid", "grace"}
        site.sees("door_opened" if opens else "badge_refused", before)
    order = eventually("the bank has been heard, and an order is taken", lambda: _order(site), 20, 0.2)
    eventually("the order is carried out", lambda: site.command(order["id"])["state"] == "opened", 10)
    site.api.post(f"/api/v1/badges/{site.badge_id('valid')}/revoke", json={}).raise_for_status()
    site.sees("access_applied", start)
    site.fault("door_forced", True, number=19)
    site.sees("door_forced", start)
    for fault, kind in (("reader_unplugged", "reader_fault"), ("board_unplugged", "board_fault")):
        site.fault(fault, True)
        site.sees(kind, start)
        site.fault(fault, False)
        site.sees(kind.replace("_fault", "_recovered"), start)
    site.fault("network_cut", True)
    eventually("the bank is gone", lambda: not _bank(site)["online"], 40)
    site.fault("network_cut", False)
    eventually("the bank is back", lambda: _bank(site)["online"], 40)


def _order(site: Site) -> dict[str, Any] | None:
    """A remote opening, or None while no beat of the bank was heard: a retained birth makes no command fresh."""
    answer = site.api.post(f"/api/v1/lockers/{BANK}/20/open", json={"reason": "holder_present"})
    return answer.json() if answer.status_code == 202 else None


def _bank(site: Site) -> dict[str, Any]:
    return next(bank for bank in site.banks() if bank["id"] == BANK)


@pytest.mark.timeout(240)
def test_every_message_is_one_of_the_document(heard: list[MQTTMessage], conforms: Callable[[str, bytes], None]) -> None:
    for message in list(heard):
        conforms(message.topic, message.payload)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("topic", Topic)
def test_a_topic_is_published_as_the_document_says(topic: Topic, heard: list[MQTTMessage]) -> None:
    sending = next(
        operation["bindings"]["mqtt"]
        for operation in wire_document.load()["operations"].values()
        if operation["action"] == "send" and operation["channel"]["$ref"] == f"#/channels/{topic.value}"
    )
    said = [message for message in list(heard) if (parse_topic(message.topic) or ("", ""))[1] is topic]
    assert {(message.qos, message.retain) for message in said} == {(sending["qos"], sending["retain"])}


@pytest.mark.timeout(240)
def test_commands_expire_at_the_broker(heard: list[MQTTMessage]) -> None:
    (binding,) = (
        operation["bindings"]["mqtt"]["messageExpiryInterval"]
        for name, operation in wire_document.load()["operations"].items()
        if name == "gatewaySendsCommands"
    )
    commands = [message for message in list(heard) if message.topic.endswith("/commands")]
    assert commands
    for message in commands:
        assert message.properties is not None
        assert 0 < message.properties.MessageExpiryInterval <= binding
