"""HPKE sealing (RFC 9180, base mode, one message) whose ephemeral key comes from `os.urandom`, so that it is seeded.

The library's own draws its key inside OpenSSL. What is sealed here is opened by the library.
"""

import hashlib
import hmac
import os
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

_KEM = b"KEM\x00\x20"  # DHKEM(X25519, HKDF-SHA256)
_SUITE = b"HPKE\x00\x20\x00\x01\x00\x03"  # with HKDF-SHA256 and ChaCha20-Poly1305
_BASE_MODE = b"\x00"


class SeededSuite:
    """Stands where the library's suite stands; opening is the library's."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def encrypt(self, plaintext: bytes, public_key: X25519PublicKey, info: bytes) -> bytes:
        """The ephemeral public key, then the ciphertext."""
        ephemeral = X25519PrivateKey.from_private_bytes(os.urandom(32))
        encapsulated = ephemeral.public_key().public_bytes_raw()
        exchanged = _extract(_KEM, b"", b"eae_prk", ephemeral.exchange(public_key))
        shared = _expand(_KEM, exchanged, b"shared_secret", encapsulated + public_key.public_bytes_raw(), 32)
        context = _BASE_MODE + _extract(_SUITE, b"", b"psk_id_hash", b"") + _extract(_SUITE, b"", b"info_hash", info)
        secret = _extract(_SUITE, shared, b"secret", b"")
        key = _expand(_SUITE, secret, b"key", context, 32)
        nonce = _expand(_SUITE, secret, b"base_nonce", context, 12)
        return encapsulated + ChaCha20Poly1305(key).encrypt(nonce, plaintext, b"")

    def decrypt(self, sealed: bytes, private_key: X25519PrivateKey, info: bytes) -> bytes:
        """The library's."""
        opened: bytes = self._real.decrypt(sealed, private_key, info=info)
        return opened


def _extract(suite: bytes, salt: bytes, label: bytes, key: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + key, hashlib.sha256)


def _expand(suite: bytes, key: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """One block is enough: nothing here is longer than a SHA-256."""
    labelled = length.to_bytes(2) + b"HPKE-v1" + suite + label + info
    return hmac.digest(key, labelled + b"\x01", hashlib.sha256)[:length]
