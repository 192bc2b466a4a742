"""The keys that seal names and notes in the database: one JSON file of mode 0600, with the id of each key.

Kept in the data directory, apart from the database: a stolen database or its backup says no name.
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Self

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.durable import write_whole
from gateway.errors import NotReadyError

_KEY_BYTES = 32
# NIST SP 800-38D: 96 random bits are safe for 2^32 values under one key.
_NONCE_BYTES = 12


class _File(msgspec.Struct, forbid_unknown_fields=True):
    current: str
    keys: dict[str, bytes]


class _Key:
    """One master key with the two keys derived from it: to seal, and to index."""

    def __init__(self, master: bytes) -> None:
        self.seal = AESGCM(_derived(master, b"casier field seal"))
        self._index = _derived(master, b"casier field index")

    def token(self, place: str, word: str) -> int:
        """64 bits, signed as databases like them."""
        digest = hmac.digest(self._index, f"{place}\0{word}".encode(), hashlib.sha256)
        return int.from_bytes(digest[:8], "big", signed=True)


class _Ring:
    def __init__(self, content: _File) -> None:
        self.current = content.current
        self.masters: Mapping[str, bytes] = content.keys

    @cached_property
    def keys(self) -> dict[str, _Key]:
        return {name: _Key(master) for name, master in self.masters.items()}


class FieldKeys:
    """Seals and opens with the file's keys; made at first use, read again when it was changed by a rotation.

    Everything raises NotReadyError with code `keys` where the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int] | None = None
        self._ring: _Ring | None = None

    @classmethod
    def of(cls, data_dir: Path) -> Self:
        """The keys of a gateway, where it keeps its others."""
        return cls(data_dir / "keys" / "fields.json")

    @property
    def current(self) -> str:
        """The id of the key that seals from now on."""
        return self._read().current

    @property
    def ids(self) -> frozenset[str]:
        """The ids of every key that still opens something."""
        return frozenset(self._read().masters)

    def seal(self, place: str, text: str) -> str:
        """`text` under the current key; only what is opened for the same `place` (table.column) opens it."""
        ring = self._read()
        nonce = os.urandom(_NONCE_BYTES)
        sealed = ring.keys[ring.current].seal.encrypt(nonce, text.encode(), place.encode())
        return f"{ring.current}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, place: str, sealed: str) -> str:
        """The text again. Raises NotReadyError with code `sealed` if it was changed or belongs elsewhere."""
        name, _, value = sealed.partition(".")
        key = self._read().keys.get(name)
        if key is None:
            raise NotReadyError(
                "keys",
                f"{place}: sealed under key {name[:8]!r}, not in {self.path}: restore that file",
            )
        try:
            raw = base64.urlsafe_b64decode(value)
            return key.seal.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], place.encode()).decode()
        except (InvalidTag, ValueError, binascii.Error) as error:
            raise NotReadyError(
                "sealed", f"{place}: a sealed value was changed or moved: restore it from a backup"
            ) from error

    def token(self, place: str, word: str) -> int:
        """What stands for `word` in a search index, under the current key."""
        ring = self._read()
        return ring.keys[ring.current].token(place, word)

    def tokens(self, place: str, word: str) -> list[int]:
        """What may stand for `word`, under every key: during a rotation the index has both."""
        return [key.token(place, word) for key in self._read().keys.values()]

    def add(self) -> str:
        """A new key, which seals from now on, in every process that uses this file. Returns its id."""
        ring = self._read()
        name = secrets.token_hex(4)
        write_whole(self.path, msgspec.json.encode(_File(name, {**ring.masters, name: os.urandom(_KEY_BYTES)})))
        return name

    def drop_old(self) -> list[str]:
        """Only the current key stays; the ids of those that went. Nothing may be sealed under them any more."""
        ring = self._read()
        gone = sorted(set(ring.masters) - {ring.current})
        if gone:
            write_whole(self.path, msgspec.json.encode(_File(ring.current, {ring.current: ring.masters[ring.current]})))
        return gone

    def _read(self) -> _Ring:
        try:
            if not self.path.exists():
                self._make()
            status = self.path.stat()
            version = (status.st_mtime_ns, status.st_ino)
            if self._ring is None or version != self._seen:
                self._ring, self._seen = self._load(), version
        except OSError as error:
            raise NotReadyError("keys", f"{self.path} cannot be used: {error}") from error
        return self._ring

    def _load(self) -> _Ring:
        if self.path.stat().st_mode & 0o077:
            raise NotReadyError("keys", f"{self.path} can be read by others: chmod 600 {self.path}")
        try:
            content = msgspec.json.decode(self.path.read_bytes(), type=_File)
        except (msgspec.DecodeError, ValueError) as error:
            raise NotReadyError("keys", f"{self.path} is not a key file: restore it from a backup") from error
        if content.current not in content.keys or any(len(key) != _KEY_BYTES for key in content.keys.values()):
            raise NotReadyError("keys", f"{self.path} is not whole: restore it from a backup")
        return _Ring(content)

    def _make(self) -> None:
        name = secrets.token_hex(4)
        write_whole(self.path, msgspec.json.encode(_File(name, {name: os.urandom(_KEY_BYTES)})), first=True)


def _derived(master: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=None, info=purpose).derive(master)
