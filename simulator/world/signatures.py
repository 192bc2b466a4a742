"""Signatures of one world, each calculated once: a gateway whose database is away tries the same batches all night."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

import wire.envelope


class Signatures:
    """What the library has signed or found good, byte for byte with its key; all else it is asked about, each time."""

    def __init__(self) -> None:
        self._good: dict[bytes, tuple[bytes, bytes]] = {}

    def sign(self, key: Ed25519PrivateKey, signed: bytes) -> bytes:
        """The library's."""
        signature = key.sign(signed)
        self._good[signature] = _public_of(key), signed
        return signature

    def check(self, key: Ed25519PublicKey, signature: bytes, signed: bytes) -> None:
        """Raises InvalidSignature where the library does."""
        these = key.public_bytes_raw(), signed
        if self._good.get(signature) != these:
            key.verify(signature, signed)
            self._good[signature] = these


@lru_cache(maxsize=16)
def _public_of(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


@contextmanager
def remembered() -> Iterator[None]:
    """Meanwhile envelopes are signed and verified so, in the whole process."""
    signatures = Signatures()
    before = wire.envelope._sign, wire.envelope._check
    wire.envelope._sign, wire.envelope._check = signatures.sign, signatures.check
    try:
        yield
    finally:
        wire.envelope._sign, wire.envelope._check = before
