"""Signatures in a world: the library's own, and what was not signed or found good is never believed."""

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

import wire.envelope
from simulator.world.chance import Chance
from simulator.world.signatures import Signatures
from simulator.world.world import pinned
from wire.envelope import key_id, sign, verify
from wire.errors import EnvelopeError
from wire.topics import Topic

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
PAYLOAD = b'{"state":"offline"}'


class Counted:
    """A public key that counts how often the library is asked."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self.key = key
        self.asked = 0

    def public_bytes_raw(self) -> bytes:
        return self.key.public_bytes_raw()

    def verify(self, signature: bytes, signed: bytes) -> None:
        self.asked += 1
        self.key.verify(signature, signed)


def test_a_world_signs_what_the_library_signs() -> None:
    with pinned(Chance(7)):
        assert sign(KEY, Topic.STATUS, PAYLOAD) == _signed_outside()


def _signed_outside() -> bytes:
    signature = KEY.sign(wire.envelope.pre_authentication(Topic.STATUS.payload_type, PAYLOAD))
    one = wire.envelope.Signature(key_id(KEY.public_key().public_bytes_raw()), signature)
    return wire.envelope._encoder.encode(wire.envelope.Envelope(Topic.STATUS.payload_type, PAYLOAD, [one]))


@pytest.mark.parametrize("known", ["signed here", "found good"])
def test_what_is_known_to_be_good_is_not_calculated_again(known: str) -> None:
    signatures, key = Signatures(), Counted(KEY.public_key())
    signature = signatures.sign(KEY, b"x") if known == "signed here" else KEY.sign(b"x")
    for _ in range(3):
        signatures.check(key, signature, b"x")  # type: ignore[arg-type]
    assert key.asked == (known == "found good")


def test_a_good_signature_is_good_for_its_own_bytes_and_key_only() -> None:
    signatures = Signatures()
    signature = signatures.sign(KEY, b"x")
    changed = bytes([signature[0] ^ 1]) + signature[1:]
    for key, forged, signed in (
        (KEY, signature, b"y"), (OTHER, signature, b"x"), (KEY, changed, b"x"), (KEY, b"", b"x"),
    ):  # fmt: skip
        for _ in range(2):
            with pytest.raises(InvalidSignature):
                signatures.check(key.public_key(), forged, signed)


def test_a_payload_under_anothers_signature_is_refused_in_a_world() -> None:
    keys = {key_id(KEY.public_key().public_bytes_raw()): KEY.public_key()}
    with pinned(Chance(7)):
        envelope = sign(KEY, Topic.STATUS, PAYLOAD)
        assert verify(envelope, Topic.STATUS, keys) == PAYLOAD
        with pytest.raises(EnvelopeError, match="does not match"):
            verify(sign(OTHER, Topic.STATUS, PAYLOAD).replace(*_key_ids()), Topic.STATUS, keys)


def _key_ids() -> tuple[bytes, bytes]:
    other, own = (key_id(key.public_key().public_bytes_raw()).encode() for key in (OTHER, KEY))
    return other, own


def test_outside_a_world_the_library_is_asked_each_time() -> None:
    before = wire.envelope._sign, wire.envelope._check
    with pinned(Chance(7)):
        assert before != (wire.envelope._sign, wire.envelope._check)
    assert before == (wire.envelope._sign, wire.envelope._check)
