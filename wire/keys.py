"""Key files, key tokens for people to copy, and badge keys sealed with HPKE (RFC 9180)."""

import base64
import binascii
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from wire.errors import KeyMaterialError

_SEAL = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
_KEY_BYTES = 32


def to_token(raw: bytes) -> str:
    """Raw key bytes as base64url without padding: the form people copy."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_token(token: str) -> bytes:
    """The 32 raw bytes of a token. Raises KeyMaterialError with code `token`."""
    text = token.strip()
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise KeyMaterialError("token", "not a key: copy the whole token, 43 letters, digits, - or _") from error
    if len(raw) != _KEY_BYTES:
        raise KeyMaterialError("token", f"a key has 32 bytes, this one has {len(raw)}: copy the whole token")
    return raw


def signing_public(raw: bytes) -> Ed25519PublicKey:
    """An Ed25519 public key from its 32 raw bytes. Raises KeyMaterialError with code `key`."""
    try:
        return Ed25519PublicKey.from_public_bytes(raw)
    except ValueError as error:
        raise KeyMaterialError("key", "not an Ed25519 public key of 32 bytes") from error


def controller_token(device: bytes, encryption: bytes) -> str:
    """KEYS, as `casier-gateway controllers add ID KEYS` takes it: both public keys, joined by a dot."""
    return f"{to_token(device)}.{to_token(encryption)}"


def parse_controller_token(token: str) -> tuple[bytes, bytes]:
    """Device and encryption public key, raw. Raises KeyMaterialError with code `token`."""
    device, dot, encryption = token.strip().partition(".")
    if not dot:
        raise KeyMaterialError("token", "KEYS are two tokens joined by a dot: copy the whole line")
    return from_token(device), from_token(encryption)


def load_or_make_key(path: Path) -> bytes:
    """The 32 private bytes kept in `path` (mode 0600), made with the system's randomness if absent.

    Made complete under another name and moved into place, so that a power cut leaves none or a whole one.
    Raises KeyMaterialError with code `file` if the file is not a key, OSError if it cannot be read or written.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(path.name + ".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(os.urandom(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    raw = path.read_bytes()
    if len(raw) != _KEY_BYTES:
        raise KeyMaterialError("file", f"{path} is not a key (32 bytes): restore it, or delete it to make a new one")
    return raw


def load_or_make_signing_key(path: Path) -> Ed25519PrivateKey:
    """An Ed25519 key from `path`, made if absent; raises as load_or_make_key."""
    return Ed25519PrivateKey.from_private_bytes(load_or_make_key(path))


def seal(secret: bytes, recipient: bytes, context: str) -> bytes:
    """`secret` sealed to a raw X25519 public key; `context` (controller and key id) must match at opening.

    Raises KeyMaterialError with code `key` if nothing can be sealed to that public key.
    """
    try:
        return _SEAL.encrypt(secret, X25519PublicKey.from_public_bytes(recipient), info=context.encode())
    except ValueError as error:
        raise KeyMaterialError("key", "not an X25519 public key of 32 bytes") from error


def unseal(sealed: bytes, key: X25519PrivateKey, context: str) -> bytes:
    """The secret. Raises KeyMaterialError with code `sealed` if it was not sealed to this key and context."""
    try:
        return _SEAL.decrypt(sealed, key, info=context.encode())
    except InvalidTag as error:
        raise KeyMaterialError("sealed", "the sealed key was not made for this controller") from error
