"""wire/asyncapi.yaml is valid AsyncAPI 3, says what the code says, and its examples are made by the code."""

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from tests import wire_document, wire_samples
from tests.contract.wire.write_examples import body_schema, dump, with_examples
from wire import access_list, entries, envelope, messages, topics

# The AsyncAPI initiative's own schema of AsyncAPI 3.0.0 documents (Apache-2.0, see beside it), unchanged.
ASYNCAPI_SCHEMA = Path(__file__).parent / "asyncapi-3.0.0" / "schema.json"
ASYNCAPI_SHA256 = "abe96881dbfaad495ccbb6bd8d3fb43ca18a13b9d7564849ccb66f39d5e5b20f"

MESSAGE_TYPES = {
    "Birth": messages.Birth,
    "Death": messages.Death,
    "Health": messages.Health,
    "Reply": messages.Reply,
    "Trust": messages.Trust,
    "Keys": messages.Keys,
    "AccessList": access_list.AccessList,
    "Command": messages.Command,
    "Receipt": messages.Receipt,
    "Entry": entries.Entry,
    "BatchHeader": entries.BatchHeader,
    "Envelope": envelope.Envelope,
    **{kind.__name__: kind for kind in messages.COMMAND_ARGS.values()},
}
# What each side says in its own words, or only the document says.
OWN_WORDS = {"description", "title", "examples", "default", "allOf", wire_document.KNOWN}


def _resolve(schema: Any, schemas: Any) -> Any:
    """A schema with its references written out and its own words left out."""
    if isinstance(schema, list):
        return [_resolve(part, schemas) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _resolve(schemas[schema["$ref"].rsplit("/", 1)[1]], schemas)
    if set(schema) == {"allOf", wire_document.KNOWN}:
        return _resolve(schema["allOf"][0], schemas)
    if "prefixItems" in schema:  # a pair of the same kind
        schema = {name: part for name, part in schema.items() if name != "prefixItems"} | {
            "items": schema["prefixItems"][0]
        }
    if "properties" in schema:
        kept = {name: part for name, part in schema.items() if name not in OWN_WORDS}
        properties = {name: _resolve(part, schemas) for name, part in schema["properties"].items()}
        return kept | {"properties": properties, "required": sorted(schema.get("required", ()))}
    return {name: _resolve(part, schemas) for name, part in schema.items() if name not in OWN_WORDS}


def test_the_vendored_schema_is_the_published_one() -> None:
    assert hashlib.sha256(ASYNCAPI_SCHEMA.read_bytes()).hexdigest() == ASYNCAPI_SHA256


def _asyncapi_errors(document: Any) -> list[str]:
    validator = Draft7Validator(json.loads(ASYNCAPI_SCHEMA.read_text()))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def test_the_document_is_valid_asyncapi_3() -> None:
    assert _asyncapi_errors(wire_document.load()) == []


def test_a_document_that_is_not_valid_is_noticed() -> None:
    broken = copy.deepcopy(wire_document.load())
    broken["operations"]["gatewaySendsCommands"]["action"] = "publish"
    assert _asyncapi_errors(broken)


def _references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(_references(part) for part in node.values()))
    return set().union(*(_references(part) for part in node)) if isinstance(node, list) else set()


def test_every_reference_leads_somewhere() -> None:
    for reference in _references(wire_document.load()):
        node = wire_document.load()
        for part in reference.removeprefix("#/").split("/"):
            assert part in node, reference
            node = node[part]


def test_every_schema_is_a_valid_json_schema() -> None:
    for schema in wire_document.load()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_topic_has_a_channel_at_its_address() -> None:
    channels = wire_document.load()["channels"]
    assert {name: channel["address"] for name, channel in channels.items()} == {
        topic.value: topics.topic_name("{controller}", topic) for topic in topics.Topic
    }


@pytest.mark.parametrize("topic", topics.Topic)
def test_every_topic_is_sent_by_one_side_and_received_by_the_other(topic: topics.Topic) -> None:
    sides = ("controller", "gateway") if topic in topics.UP else ("gateway", "controller")
    channel = {"$ref": f"#/channels/{topic.value}"}
    operations = [op for op in wire_document.load()["operations"].values() if op["channel"] == channel]
    by_action = {operation["action"]: operation for operation in operations}
    assert {action: operation["tags"][0]["name"] for action, operation in by_action.items()} == {
        "send": sides[0],
        "receive": sides[1],
    }
    binding = by_action["send"]["bindings"]["mqtt"]
    assert binding["retain"] is (topic in topics.RETAINED)
    assert binding["qos"] == (0 if topic is topics.Topic.HEALTH else 1)
    assert ("messageExpiryInterval" in binding) is (topic is topics.Topic.COMMANDS)


def test_every_message_carries_its_topics_payload_type() -> None:
    document = wire_document.load()
    for topic in topics.Topic:
        for name in document["channels"][topic.value]["messages"]:
            outer = document["components"]["messages"][name]["payload"]["allOf"][1]["properties"]
            assert outer["payloadType"] == {"const": topic.payload_type}


@pytest.mark.parametrize("name", MESSAGE_TYPES)
def test_the_document_and_the_code_name_the_same_fields_and_limits(name: str) -> None:
    (reference,), components = msgspec.json.schema_components([MESSAGE_TYPES[name]])
    documented = wire_document.load()["components"]["schemas"]
    assert _resolve(documented[name], documented) == _resolve(reference, components)


def test_every_entry_type_has_a_body_in_the_document() -> None:
    entry = wire_document.load()["components"]["schemas"]["Entry"]
    bodies = {
        rule["if"]["properties"]["type"]["const"]: rule["then"]["properties"]["body"]["$ref"] for rule in entry["allOf"]
    }
    types = [kind.value for kind in entries.EntryType]
    assert bodies == {kind: f"#/components/schemas/{body_schema(kind)}" for kind in types}
    assert entry["properties"]["type"][wire_document.KNOWN] == types


def test_every_command_kind_has_its_arguments_in_the_document() -> None:
    command = wire_document.load()["components"]["schemas"]["Command"]
    documented = {
        rule["if"]["properties"]["kind"]["const"]: rule["then"]["properties"]["args"]["$ref"]
        for rule in command["allOf"]
    }
    kinds = messages.COMMAND_ARGS.items()
    assert documented == {kind: f"#/components/schemas/{args.__name__}" for kind, args in kinds}


def test_the_samples_hold_every_message_and_every_entry_type() -> None:
    assert set(wire_samples.BODIES) == {kind.value for kind in entries.EntryType}
    assert set(wire_samples.MESSAGES) | {"Batch"} == set(wire_document.load()["components"]["messages"])


def test_the_examples_are_those_the_code_makes() -> None:
    fresh = with_examples(copy.deepcopy(wire_document.load()))
    message = "run .venv/bin/python -m tests.contract.wire.write_examples"
    assert wire_document.DOCUMENT.read_text() == dump(fresh), message


def test_every_example_keeps_its_schema() -> None:
    components = wire_document.load()["components"]
    for name, schema in components["schemas"].items():
        for example in schema.get("examples", ()):
            wire_document.assert_conforms(example, f"#/components/schemas/{name}")
    for name, message in components["messages"].items():
        for example in message["examples"]:
            wire_document.assert_conforms(example["payload"], f"#/components/messages/{name}/payload")
