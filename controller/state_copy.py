"""A second copy of what a bank cannot work without (list, kept grants, trust, keys), beside the database."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from controller.storage import MACHINE, Storage

COPY_NAME = "state.copy"
COPIED = frozenset({"list", "kept", "trust", "keys", "time", "session", "list_version", "salvaged"})
# A new copy is made when one of these changes; the others ride along, and the time calls for one each day.
COPIED_WHEN = frozenset({"list", "kept", "trust", "keys"})
_DIGEST_BYTES = 32


def write_copy(path: Path, state: Mapping[str, bytes], storage: Storage = MACHINE) -> None:
    """Replace the copy. Raises OSError."""
    content = msgspec.msgpack.encode({name: value for name, value in state.items() if name in COPIED})
    storage.replace(path, hashlib.sha256(content).digest() + content)


def read_copy(path: Path, storage: Storage = MACHINE) -> dict[str, bytes]:
    """The copied state; empty if there is none or it is damaged."""
    try:
        data = storage.read(path)
        digest, content = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
        if hashlib.sha256(content).digest() != digest:
            return {}
        return msgspec.msgpack.decode(content, type=dict[str, bytes])
    except (OSError, msgspec.DecodeError):
        return {}
