"""The check that real messages are held against lets the documented ones pass and nothing else."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests import wire_samples
from wire import chain, entries
from wire.topics import Topic, topic_name

Conforms = Callable[[str, bytes], None]


def _send(conforms: Conforms, topic: Topic, payload: bytes) -> None:
    conforms(topic_name(wire_samples.CONTROLLER, topic), wire_samples.signed(topic, payload))


def _batch_of(kind: str, body: dict[str, Any]) -> bytes:
    header = entries.BatchHeader(wire_samples.CONTROLLER, wire_samples.EPOCH, 1, chain.GENESIS.hex())
    return entries.encode_batch(header, [entries.encode_entry(wire_samples.entry(1, kind, body))])


@pytest.mark.parametrize("name", wire_samples.MESSAGES)
def test_every_message_of_the_code_conforms(name: str, conforms: Conforms) -> None:
    topic, message = wire_samples.MESSAGES[name]
    _send(conforms, topic, msgspec.json.encode(message))


def test_a_batch_with_every_type_of_entry_conforms(conforms: Conforms) -> None:
    _send(conforms, Topic.EVENTS, wire_samples.batch_payload())


def test_a_foreign_topic_does_not_conform(conforms: Conforms) -> None:
    with pytest.raises(AssertionError, match="not a topic"):
        conforms("casier/1/montreuil-1/gossip", b"{}")


def test_a_message_on_another_topic_does_not_conform(conforms: Conforms) -> None:
    topic, message = wire_samples.MESSAGES["Receipt"]
    data = wire_samples.signed(topic, msgspec.json.encode(message))
    with pytest.raises(AssertionError, match="payloadType"):
        conforms(topic_name(wire_samples.CONTROLLER, Topic.HEALTH), data)


@pytest.mark.parametrize("name", wire_samples.MESSAGES)
def test_an_undocumented_field_does_not_conform(name: str, conforms: Conforms) -> None:
    topic, message = wire_samples.MESSAGES[name]
    payload = msgspec.to_builtins(message) | {"gossip": 1}
    with pytest.raises(AssertionError, match="gossip"):
        _send(conforms, topic, json.dumps(payload).encode())


@pytest.mark.parametrize("name", wire_samples.MESSAGES)
def test_a_missing_field_does_not_conform(name: str, conforms: Conforms) -> None:
    topic, message = wire_samples.MESSAGES[name]
    payload = msgspec.to_builtins(message)
    del payload["controller"]
    with pytest.raises(AssertionError, match="controller"):
        _send(conforms, topic, json.dumps(payload).encode())


@pytest.mark.parametrize("kind", wire_samples.BODIES)
def test_an_undocumented_body_field_does_not_conform(kind: str, conforms: Conforms) -> None:
    with pytest.raises(AssertionError, match="badge_number"):
        _send(conforms, Topic.EVENTS, _batch_of(kind, wire_samples.BODIES[kind] | {"badge_number": "x"}))


def test_an_unknown_entry_type_does_not_conform(conforms: Conforms) -> None:
    with pytest.raises(AssertionError, match="door_sang"):
        _send(conforms, Topic.EVENTS, _batch_of("door_sang", {}))


def test_an_unknown_reason_does_not_conform(conforms: Conforms) -> None:
    with pytest.raises(AssertionError, match="disliked"):
        _send(conforms, Topic.EVENTS, _batch_of("badge_refused", {"reader": "entrance", "why": "disliked"}))


def test_the_arguments_of_another_command_do_not_conform(conforms: Conforms) -> None:
    topic, command = wire_samples.MESSAGES["Command"]
    payload = msgspec.to_builtins(command) | {"kind": "enrol"}
    with pytest.raises(AssertionError, match="locker"):
        _send(conforms, topic, json.dumps(payload).encode())
