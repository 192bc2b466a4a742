"""DSSE envelopes: what is signed, what is refused, and with which code."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from wire.envelope import key_id, max_bytes, pre_authentication, sign, verify
from wire.errors import EnvelopeError
from wire.limits import MAX_ACCESS_BYTES, MAX_MESSAGE_BYTES
from wire.topics import Topic

# RFC 8032, section 7.1, TEST 2.
SECRET = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
PAYLOAD = b'{"state":"offline","example":42}'
# openssl pkeyutl -sign -rawin over "DSSEv1 34 application/vnd.casier.status+json 32 " and the payload.
SIGNATURE = bytes.fromhex(
    "36c0c637d521f317e67b097b387d52c1c715aab77d48df4d9955178301be821f"
    "6ee946a3d0c4ada3adbe7de86006cc0aebd57f35b7c47256a3a00e9f248d8d06"
)
KEY = Ed25519PrivateKey.from_private_bytes(SECRET)
KEYS = {key_id(PUBLIC): KEY.public_key()}


def _changed(**fields: Any) -> bytes:
    """A signed envelope with some of its fields replaced."""
    return json.dumps(json.loads(sign(KEY, Topic.STATUS, PAYLOAD)) | fields).encode()


def _refusal(data: bytes, topic: Topic = Topic.STATUS) -> str:
    with pytest.raises(EnvelopeError) as caught:
        verify(data, topic, KEYS)
    return caught.value.code


def test_the_signed_bytes_are_those_of_the_dsse_specification() -> None:
    # in-toto DSSE protocol.md, test vector.
    assert (
        pre_authentication("http://example.com/HelloWorld", b"hello world")
        == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_lengths_are_counted_in_bytes() -> None:
    assert pre_authentication("é", "é€".encode()) == b"DSSEv1 2 \xc3\xa9 5 \xc3\xa9\xe2\x82\xac"


def test_the_key_id_is_the_beginning_of_the_sha256_of_the_raw_key() -> None:
    assert key_id(PUBLIC) == "39f713d0a644253f"  # sha256sum


def test_the_signature_is_the_one_openssl_makes() -> None:
    assert json.loads(sign(KEY, Topic.STATUS, PAYLOAD)) == {
        "payloadType": "application/vnd.casier.status+json",
        "payload": base64.b64encode(PAYLOAD).decode(),
        "signatures": [{"keyid": key_id(PUBLIC), "sig": base64.b64encode(SIGNATURE).decode()}],
    }


def test_a_signature_made_elsewhere_is_accepted_and_the_payload_comes_back_byte_for_byte() -> None:
    # Spaces and order of keys are as another program might write them: no re-serialisation may be verified.
    payload = b'{ "state" : "offline",\n "example":42.0 }'
    signature = KEY.sign(b"DSSEv1 34 application/vnd.casier.status+json %d %b" % (len(payload), payload))
    envelope = {
        "signatures": [{"sig": base64.b64encode(signature).decode(), "keyid": key_id(PUBLIC)}],
        "payload": base64.b64encode(payload).decode(),
        "payloadType": Topic.STATUS.payload_type,
    }
    data = json.dumps(envelope, indent=3).encode()
    assert verify(data, Topic.STATUS, KEYS) == payload


def test_an_unknown_field_of_the_envelope_is_ignored() -> None:
    assert verify(_changed(note="from a later version"), Topic.STATUS, KEYS) == PAYLOAD


@pytest.mark.parametrize("payload", [b"", b"\x00\xff", b"x" * MAX_MESSAGE_BYTES])
def test_any_bytes_up_to_the_limit_travel(payload: bytes) -> None:
    assert verify(sign(KEY, Topic.EVENTS, payload), Topic.EVENTS, KEYS) == payload


def test_a_payload_of_one_byte_more_is_refused() -> None:
    assert _refusal(sign(KEY, Topic.EVENTS, b"x" * (MAX_MESSAGE_BYTES + 1)), Topic.EVENTS) == "size"


def test_only_access_lists_may_be_large() -> None:
    assert max_bytes(Topic.ACCESS) == MAX_ACCESS_BYTES == 8 * 1024 * 1024
    assert {max_bytes(topic) for topic in Topic if topic is not Topic.ACCESS} == {256 * 1024}
    assert verify(sign(KEY, Topic.ACCESS, b"x" * MAX_ACCESS_BYTES), Topic.ACCESS, KEYS) == b"x" * MAX_ACCESS_BYTES


def test_too_many_bytes_are_refused_before_they_are_parsed() -> None:
    # Not JSON at all: had it been parsed, the code would be `envelope`.
    assert _refusal(b"[" * (MAX_MESSAGE_BYTES * 2)) == "size"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"payloadType":"\xff"}',
        b'{"payloadType": "\\ud800", "payload": "", "signatures": []}',
        b"\xef\xbb\xbf" + sign(KEY, Topic.STATUS, PAYLOAD),
        sign(KEY, Topic.STATUS, PAYLOAD)[:-1],
        sign(KEY, Topic.STATUS, PAYLOAD) + b"{}",
        b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"x":' + b'{"x":' * 50_000,
        b'{"x":NaN}',
        b'{"x":' + b"9" * 10_000 + b"}",
    ],
    ids=lambda data: repr(data[:24]),
)
def test_what_is_not_an_envelope_is_refused(data: bytes) -> None:
    assert _refusal(data) == "envelope"


@pytest.mark.parametrize(
    "fields",
    [
        {"signatures": []},
        {"signatures": json.loads(sign(KEY, Topic.STATUS, PAYLOAD))["signatures"] * 2},
        {"signatures": None},
        {"signatures": [{"sig": "AAAA"}]},
        {"payload": "not base64!"},
        {"payload": base64.b64encode(PAYLOAD).decode().rstrip("=")},
        {"payload": None},
        {"payloadType": 7},
    ],
    ids=repr,
)
def test_an_envelope_with_other_than_one_signature_or_with_a_broken_field_is_refused(fields: dict[str, Any]) -> None:
    assert _refusal(_changed(**fields)) == "envelope"


def test_the_payload_type_of_another_topic_is_refused() -> None:
    assert _refusal(sign(KEY, Topic.HEALTH, PAYLOAD)) == "type"


def test_a_message_moved_to_another_topic_is_refused_though_its_type_is_rewritten() -> None:
    moved = json.loads(sign(KEY, Topic.STATUS, PAYLOAD)) | {"payloadType": Topic.COMMANDS.payload_type}
    assert _refusal(json.dumps(moved).encode(), Topic.COMMANDS) == "signature"


def test_a_key_that_is_not_accepted_here_is_refused() -> None:
    assert _refusal(sign(Ed25519PrivateKey.generate(), Topic.STATUS, PAYLOAD)) == "key"


def test_the_key_id_only_selects_it_proves_nothing() -> None:
    stranger = json.loads(sign(Ed25519PrivateKey.generate(), Topic.STATUS, PAYLOAD))
    stranger["signatures"][0]["keyid"] = key_id(PUBLIC)
    assert _refusal(json.dumps(stranger).encode()) == "signature"


@pytest.mark.parametrize("length", [0, 1, 63, 65])
def test_a_signature_of_another_length_is_refused(length: int) -> None:
    signature = {"keyid": key_id(PUBLIC), "sig": base64.b64encode((SIGNATURE * 2)[:length]).decode()}
    assert _refusal(_changed(signatures=[signature])) == "signature"


def test_another_payload_under_the_same_signature_is_refused() -> None:
    assert _refusal(_changed(payload=base64.b64encode(PAYLOAD + b" ").decode())) == "signature"


def test_of_two_fields_with_one_name_the_signature_covers_the_one_that_is_used() -> None:
    other = base64.b64encode(b"{}")
    twice = sign(KEY, Topic.STATUS, PAYLOAD).replace(b'"payload":', b'"payload":"' + other + b'","payload":')
    assert verify(twice, Topic.STATUS, KEYS) == PAYLOAD
    swapped = sign(KEY, Topic.STATUS, PAYLOAD).replace(b',"signatures"', b',"payload":"' + other + b'","signatures"')
    assert _refusal(swapped) == "signature"


def test_a_refusal_never_repeats_more_than_a_little_of_what_came() -> None:
    with pytest.raises(EnvelopeError) as caught:
        verify(_changed(payloadType="x" * 100_000), Topic.STATUS, KEYS)
    assert len(str(caught.value)) < 200
