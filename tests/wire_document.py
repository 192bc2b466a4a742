"""Holds real messages against wire/asyncapi.yaml, more strictly than a receiver would: nothing undocumented passes."""

import base64
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from wire.limits import MAX_BATCH_ENTRIES
from wire.topics import parse_topic

DOCUMENT = Path(__file__).parents[1] / "wire" / "asyncapi.yaml"
KNOWN = "x-known-values"


@lru_cache(maxsize=1)
def load() -> Any:
    """The AsyncAPI document. Do not change what is returned: it is shared."""
    return yaml.safe_load(DOCUMENT.read_text())


def strict(schema: Any) -> Any:
    """The schema as senders must keep it: no undocumented field, and only the known values of a growing vocabulary."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: strict(part) for name, part in schema.items()}
    if kept.get("type") == "object" and "properties" in kept:
        kept.setdefault("additionalProperties", False)
    if KNOWN in kept:
        kept["enum"] = kept.pop(KNOWN)
    return kept


@lru_cache(maxsize=64)
def _validator(reference: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": reference, "components": _strict_components()})


@lru_cache(maxsize=1)
def _strict_components() -> Any:
    return strict(load()["components"])


def assert_conforms(value: Any, reference: str) -> None:
    """Fail unless a decoded JSON value keeps a schema of the document, such as `#/components/schemas/Birth`."""
    error = best_match(_validator(reference).iter_errors(value))
    assert error is None, f"not a {reference}: {error.message} at {error.json_path}: {json.dumps(value)[:2000]}"


def message_name(topic: str, data: bytes) -> str:
    """The document's name of the message that was published on a full topic name, such as `Birth`."""
    parsed = parse_topic(topic)
    assert parsed is not None, f"{topic} is not a topic of the document"
    names = list(load()["channels"][parsed[1].value]["messages"])
    # A status is a birth or a death, as its state says; every other topic has one kind of message.
    return str(names[0] if len(names) == 1 or json.loads(_payload(data)).get("state") == "online" else names[1])


def assert_message_conforms(topic: str, data: bytes) -> None:
    """Fail unless the bytes published on a full topic name are a documented message of it (signatures apart)."""
    name = message_name(topic, data)
    assert_conforms(json.loads(data), f"#/components/messages/{name}/payload")
    assert_payload_conforms(name, _payload(data))


def _payload(data: bytes) -> bytes:
    return base64.b64decode(json.loads(data)["payload"], validate=True)


def assert_payload_conforms(name: str, payload: bytes) -> None:
    """Fail unless the payload inside the envelope of message `name` is as documented."""
    inner = load()["components"]["messages"][name]["payload"]["allOf"][1]["properties"]["payload"]
    if "contentSchema" in inner:
        assert_conforms(json.loads(payload), inner["contentSchema"]["$ref"])
        return
    header, *lines = payload.split(b"\n")
    assert 1 <= len(lines) <= MAX_BATCH_ENTRIES
    assert_conforms(json.loads(header), inner["x-first-line"]["$ref"])
    for line in lines:
        assert_conforms(json.loads(line), inner["x-other-lines"]["$ref"])
