"""Whatever bytes arrive, the wire answers with a value or a WireError, and no forged bit ever passes."""

import base64
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests import wire_samples
from wire import access_list, badge, entries, envelope, hours, keys, messages
from wire.errors import EnvelopeError, WireError
from wire.topics import Topic

KEYS = {
    envelope.key_id(wire_samples.EXAMPLE_KEY.public_key().public_bytes_raw()): wire_samples.EXAMPLE_KEY.public_key()
}
SEALED_TO = keys.X25519PrivateKey.generate()

Decoder = Callable[[bytes], object]


def _command_and_arguments(data: bytes) -> object:
    return messages.command_args(messages.decode(data, messages.Command))


def _decoder_of(name: str) -> Decoder:
    kind = type(wire_samples.MESSAGES[name][1])
    return lambda data: messages.decode(data, kind)


DECODERS: dict[str, tuple[Decoder, bytes]] = {
    "envelope": (
        lambda data: envelope.verify(data, Topic.STATUS, KEYS),
        wire_samples.signed(Topic.STATUS, messages.encode(wire_samples.MESSAGES["Birth"][1])),
    ),
    "status": (messages.decode_status, messages.encode(wire_samples.MESSAGES["Birth"][1])),
    "command": (_command_and_arguments, messages.encode(wire_samples.MESSAGES["Command"][1])),
    "access": (access_list.decode_access_list, messages.encode(wire_samples.ACCESS)),
    "batch": (entries.decode_batch, wire_samples.batch_payload()),
    "entry": (entries.decode_entry, entries.encode_entry(wire_samples.ENTRIES[3])),
    **{
        name.lower(): (_decoder_of(name), messages.encode(wire_samples.MESSAGES[name][1]))
        for name in ("Health", "Reply", "Trust", "Keys", "Receipt")
    },
}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


def _answers(decode: Decoder, data: bytes) -> object:
    """The decoder's value, or None where it refuses; any other exception fails the test."""
    try:
        return decode(data)
    except WireError:
        return None


def _mutated(data: bytes, cut: int, junk: bytes, end: int) -> bytes:
    return data[: cut % len(data)] + junk + data[end % len(data) :]


@pytest.mark.parametrize("name", DECODERS)
@given(data=st.binary(max_size=300))
@example(data=b"[" * 50_000)
@example(data=b'{"a":' * 50_000)
@example(data=b'"' * 3)
@example(data=b"\xff\xfe\x00")
@example(data=b"NaN")
@example(data=b"-")
@example(data=b"1e999")
def test_any_bytes_are_decoded_or_refused(name: str, data: bytes) -> None:
    _answers(DECODERS[name][0], data)


@pytest.mark.parametrize("name", DECODERS)
@given(cut=st.integers(0, 10_000), junk=st.binary(max_size=12), end=st.integers(0, 10_000))
def test_a_mutilated_message_is_decoded_or_refused(name: str, cut: int, junk: bytes, end: int) -> None:
    decode, sample = DECODERS[name]
    _answers(decode, _mutated(sample, cut, junk, end))


@pytest.mark.parametrize("name", [name for name in DECODERS if name not in {"batch", "envelope"}])
@given(data=st.data())
def test_a_message_with_any_value_in_any_field_is_decoded_or_refused(name: str, data: st.DataObject) -> None:
    decode, sample = DECODERS[name]
    fields: dict[str, Any] = json.loads(sample)
    field = data.draw(st.sampled_from(sorted(fields)))
    fields[field] = data.draw(JSON)
    decoded = _answers(decode, json.dumps(fields).encode())
    if isinstance(decoded, msgspec.Struct):
        # What was accepted can be stored, logged and sent on.
        messages.encode(decoded)


@pytest.mark.parametrize("escape", [r"\ud800", r"\udc00", r"\ud800A", r"\udc00\ud800", r"\u0000"])
def test_a_string_that_cannot_be_stored_as_utf_8_is_refused_or_can_be_sent_on(escape: str) -> None:
    reply = messages.encode(wire_samples.MESSAGES["Reply"][1]).replace(b'"beat"', f'"{escape}"'.encode())
    decoded = _answers(DECODERS["reply"][0], reply)
    if decoded is not None:
        assert isinstance(decoded, messages.Reply)
        assert (decoded.why or "").encode()


SIGNED = wire_samples.signed(Topic.COMMANDS, messages.encode(wire_samples.MESSAGES["Command"][1]))
PAYLOAD = messages.encode(wire_samples.MESSAGES["Command"][1])


@given(position=st.integers(0, len(SIGNED) * 8 - 1))
def test_a_flipped_bit_is_refused_or_changes_no_byte_of_the_payload(position: int) -> None:
    # Base64 has spare bits before its padding: a flip there is the same message, byte for byte.
    forged = bytearray(SIGNED)
    forged[position // 8] ^= 1 << position % 8
    try:
        assert envelope.verify(bytes(forged), Topic.COMMANDS, KEYS) == PAYLOAD
    except EnvelopeError:
        return


def _forged(part: str, position: int) -> bytes:
    """The signed command with one bit of the decoded payload, signature or key id flipped."""
    message = json.loads(SIGNED)
    signature = message["signatures"][0]
    if part == "keyid":
        signature["keyid"] = f"{int(signature['keyid'], 16) ^ 1 << position % 64:016x}"
        return json.dumps(message).encode()
    holder, field = (message, "payload") if part == "payload" else (signature, "sig")
    raw = bytearray(base64.b64decode(holder[field]))
    raw[position // 8 % len(raw)] ^= 1 << position % 8
    holder[field] = base64.b64encode(raw).decode()
    return json.dumps(message).encode()


@given(part=st.sampled_from(["payload", "sig", "keyid"]), position=st.integers(0, len(PAYLOAD) * 8 - 1))
def test_a_flipped_bit_of_payload_signature_or_key_id_is_refused(part: str, position: int) -> None:
    with pytest.raises(EnvelopeError):
        envelope.verify(_forged(part, position), Topic.COMMANDS, KEYS)


@given(payload=st.binary(max_size=2_000), topic=st.sampled_from(Topic), other=st.sampled_from(Topic))
def test_a_payload_comes_back_on_its_own_topic_only(payload: bytes, topic: Topic, other: Topic) -> None:
    data = wire_samples.signed(topic, payload)
    if other is topic:
        assert envelope.verify(data, other, KEYS) == payload
    else:
        with pytest.raises(EnvelopeError):
            envelope.verify(data, other, KEYS)


@given(technology=st.sampled_from([*badge._FORMS, "other", ""]), number=st.text(max_size=80))
def test_any_badge_number_has_one_canonical_form_or_none(technology: str, number: str) -> None:
    try:
        canonical = badge.canonical_number(technology, number)
    except WireError:
        return
    assert badge.canonical_number(technology, canonical.partition(":")[2]) == canonical


@given(text=st.text(max_size=120))
def test_any_text_is_a_token_or_refused(text: str) -> None:
    for parse in (keys.from_token, keys.parse_controller_token):
        try:
            parse(text)
        except WireError:
            continue


@given(name=st.text(max_size=60))
def test_any_text_is_a_zone_or_refused(name: str) -> None:
    try:
        hours.site_zone(name)
    except WireError:
        return


@given(sealed=st.binary(max_size=120))
def test_any_bytes_are_opened_or_refused(sealed: bytes) -> None:
    try:
        keys.unseal(sealed, SEALED_TO, "montreuil-1/site-2026")
    except WireError:
        return
    pytest.fail("random bytes opened")
