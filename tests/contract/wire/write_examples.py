"""Put the examples that the code makes into wire/asyncapi.yaml: run it after changing a message or a sample."""

import json
from typing import Any

import msgspec
import yaml

from tests import wire_document, wire_samples
from wire.topics import Topic


class _Dumper(yaml.SafeDumper):
    """The document's form: no anchors, texts of several lines as blocks."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything out: references are the document's own."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if text.endswith("\n") else None)


_Dumper.add_representer(str, _text)


def with_examples(document: Any) -> Any:
    """The document with an example of every message as sent, and of every payload and entry body as decoded."""
    messages, schemas = document["components"]["messages"], document["components"]["schemas"]
    for name, (topic, message) in wire_samples.MESSAGES.items():
        payload = msgspec.json.encode(message)
        schemas[name]["examples"] = [json.loads(payload)]
        messages[name]["examples"] = [_as_sent(name, wire_samples.signed(topic, payload))]
    batch = wire_samples.batch_payload(2)
    messages["Batch"]["examples"] = [_as_sent("Batch", wire_samples.signed(Topic.EVENTS, batch))]
    schemas["BatchHeader"]["examples"] = [json.loads(batch.split(b"\n")[0])]
    schemas["Entry"]["examples"] = [json.loads(msgspec.json.encode(wire_samples.ENTRIES[0]))]
    for kind, body in wire_samples.BODIES.items():
        schemas[body_schema(kind)]["examples"] = [body]
    return document


def body_schema(kind: str) -> str:
    """The name of the schema of an entry type's body."""
    return "".join(part.capitalize() for part in kind.split("_")) + "Body"


def dump(document: Any) -> str:
    """The document as text, as it is kept."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


def _as_sent(name: str, data: bytes) -> dict[str, Any]:
    return {"name": name, "payload": json.loads(data)}


if __name__ == "__main__":
    text = dump(with_examples(yaml.safe_load(wire_document.DOCUMENT.read_text())))
    wire_document.DOCUMENT.write_text(text)
