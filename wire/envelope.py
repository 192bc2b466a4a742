"""DSSE envelopes (in-toto Dead Simple Signing Envelope v1) with exactly one Ed25519 signature."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from wire.errors import EnvelopeError
from wire.limits import MAX_ACCESS_BYTES, MAX_MESSAGE_BYTES, largest_envelope
from wire.topics import Topic


class Signature(msgspec.Struct, frozen=True):
    """One signature; `keyid` only selects among the keys already accepted."""

    keyid: str
    sig: bytes


class Envelope(msgspec.Struct, frozen=True, rename="camel"):
    """The JSON form; byte fields are base64 there."""

    payload_type: str
    payload: bytes
    signatures: list[Signature]


_decoder = msgspec.json.Decoder(Envelope)
_encoder = msgspec.json.Encoder()


def key_id(public: bytes) -> str:
    """16 hex digits of the SHA-256 of the raw public key."""
    return hashlib.sha256(public).hexdigest()[:16]


def pre_authentication(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: DSSE's PAE of type and payload."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def max_bytes(topic: Topic) -> int:
    """The largest *payload* accepted on a topic, in bytes."""
    return MAX_ACCESS_BYTES if topic is Topic.ACCESS else MAX_MESSAGE_BYTES


def sign(key: Ed25519PrivateKey, topic: Topic, payload: bytes) -> bytes:
    """The signed envelope of a payload, ready to publish on `topic`."""
    signature = Signature(_id_of(key), _sign(key, pre_authentication(topic.payload_type, payload)))
    return _encoder.encode(Envelope(topic.payload_type, payload, [signature]))


@lru_cache(maxsize=16)
def _id_of(key: Ed25519PrivateKey) -> str:
    """The id of a private key's public half: a program signs with one or two, over and over."""
    return key_id(key.public_key().public_bytes_raw())


def verify(data: bytes, topic: Topic, keys: Mapping[str, Ed25519PublicKey]) -> bytes:
    """The payload bytes of an envelope received on `topic`, exactly as signed.

    `keys` are the accepted public keys by key id.
    Raises EnvelopeError with code `size`, `envelope`, `type`, `key` or `signature`.
    """
    limit = max_bytes(topic)
    if len(data) > largest_envelope(limit):
        raise EnvelopeError("size", f"{len(data)} bytes on {topic}; at most {limit} of payload are accepted")
    try:
        envelope = _decoder.decode(data)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise EnvelopeError("envelope", f"not a DSSE envelope: {error}") from error
    if envelope.payload_type != topic.payload_type:
        raise EnvelopeError("type", f"payload type {envelope.payload_type[:80]!r} on {topic}")
    if len(envelope.signatures) != 1:
        raise EnvelopeError("envelope", f"{len(envelope.signatures)} signatures; exactly one is accepted")
    if len(envelope.payload) > limit:
        raise EnvelopeError("size", f"{len(envelope.payload)} bytes of payload on {topic}; at most {limit}")
    signature = envelope.signatures[0]
    key = keys.get(signature.keyid)
    if key is None:
        raise EnvelopeError("key", f"signed by key {signature.keyid[:16]!r}, which is not accepted on {topic}")
    try:
        _check(key, signature.sig, pre_authentication(envelope.payload_type, envelope.payload))
    except InvalidSignature as error:
        raise EnvelopeError("signature", f"the signature by key {signature.keyid} does not match") from error
    return envelope.payload


# What a world of the simulator replaces: there nothing is calculated twice.


def _sign(key: Ed25519PrivateKey, signed: bytes) -> bytes:
    return key.sign(signed)


def _check(key: Ed25519PublicKey, signature: bytes, signed: bytes) -> None:
    """Raises InvalidSignature."""
    key.verify(signature, signed)
