"""A second copy of what a bank cannot work without (list, kept grants, trust, keys), beside the database."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

COPIED = frozenset({"list", "kept", "trust", "keys", "time", "session", "list_version"})
# A new copy is made when one of these changes; the others ride along.
COPIED_WHEN = frozenset({"list", "kept", "trust", "keys"})
_DIGEST_BYTES = 32


def replace_file(path: Path, content: bytes) -> None:
    """Write a file (mode 0600) in one step, so that a power cut leaves the old one or the new one. Raises OSError."""
    draft = path.with_name(path.name + ".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def write_copy(path: Path, state: Mapping[str, bytes]) -> None:
    """Replace the copy. Raises OSError."""
    content = msgspec.msgpack.encode({name: value for name, value in state.items() if name in COPIED})
    replace_file(path, hashlib.sha256(content).digest() + content)


def read_copy(path: Path) -> dict[str, bytes]:
    """The copied state; empty if there is none or it is damaged."""
    try:
        data = path.read_bytes()
        digest, content = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
        if hashlib.sha256(content).digest() != digest:
            return {}
        return msgspec.msgpack.decode(content, type=dict[str, bytes])
    except (OSError, msgspec.DecodeError):
        return {}
