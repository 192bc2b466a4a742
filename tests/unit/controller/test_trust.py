"""Whose word counts, and what survives a restart, an old document and the end of a key."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from controller.errors import TrustError
from controller.inbox import Inbox, StateReceived
from controller.inputs import BadgeKeysReceived, Input, ListReceived, Refused
from controller.trust import TrustStore, read_root, write_root
from wire.access_list import AccessList, list_hash
from wire.envelope import sign
from wire.errors import EnvelopeError, KeyMaterialError
from wire.keys import seal, to_token
from wire.messages import Keys, SealedKey, Trust, TrustedKey, encode
from wire.topics import Topic

AT = 1_790_000_000_000
BADGE_KEY = b"b" * 32


class Office:
    """A root key, a gateway key, and a controller's encryption key."""

    def __init__(self) -> None:
        self.root = Ed25519PrivateKey.generate()
        self.gateway = Ed25519PrivateKey.generate()
        self.encryption = X25519PrivateKey.generate()

    def store(self, trust: bytes | None = None, keys: bytes | None = None) -> TrustStore:
        root = self.root.public_key().public_bytes_raw()
        return TrustStore("bank-1", root, self.encryption, trust=trust, keys=keys)

    def trust(self, version: int = 1, controller: str = "bank-1", not_after: int = AT + 1_000) -> bytes:
        key = TrustedKey(self.gateway.public_key().public_bytes_raw(), not_after)
        return sign(self.root, Topic.TRUST, encode(Trust(controller, version, (key,))))

    def keys(self, version: int = 1, context: str = "bank-1/k1") -> bytes:
        sealed = seal(BADGE_KEY, self.encryption.public_key().public_bytes_raw(), context)
        return sign(self.gateway, Topic.KEYS, encode(Keys("bank-1", version, (SealedKey("k1", sealed),))))

    def access(self) -> bytes:
        access_list = AccessList("bank-1", 5, AT, AT + 1, "Europe/Paris", {}, (), (), ())
        return sign(self.gateway, Topic.ACCESS, encode(access_list))


@pytest.fixture
def office() -> Office:
    return Office()


def test_nothing_is_accepted_before_a_root_key_was_told(office: Office) -> None:
    store = TrustStore("bank-1", None, office.encryption)
    with pytest.raises(EnvelopeError):
        store.accept_trust(office.trust())


def test_a_trust_document_must_be_signed_by_the_root_key(office: Office) -> None:
    key = TrustedKey(office.gateway.public_key().public_bytes_raw(), AT)
    forged = sign(office.gateway, Topic.TRUST, encode(Trust("bank-1", 9, (key,))))
    with pytest.raises(EnvelopeError):
        office.store().accept_trust(forged)


@pytest.mark.parametrize(("version", "controller"), [(1, "bank-1"), (2, "bank-1"), (3, "bank-2")])
def test_an_older_equal_or_foreign_trust_document_is_refused(office: Office, version: int, controller: str) -> None:
    store = office.store(office.trust(2))
    with pytest.raises(TrustError):
        store.accept_trust(office.trust(version, controller, AT + 2_000))
    assert store.trust_version == 2


def test_the_very_document_in_force_is_no_news(office: Office) -> None:
    document = office.trust(2)
    assert office.store(document).accept_trust(document) is False


def test_a_gateway_key_ends_at_its_instant(office: Office) -> None:
    store = office.store(office.trust())
    envelope = office.access()
    assert store.payload(envelope, Topic.ACCESS, AT + 999)
    with pytest.raises(EnvelopeError):
        store.payload(envelope, Topic.ACCESS, AT + 1_000)


def test_badge_keys_outlive_the_key_that_signed_them(office: Office) -> None:
    office.store(office.trust()).accept_keys(office.keys(), AT)
    later = office.store(office.trust(2, not_after=AT - 1), office.keys())
    assert later.badge_keys == {"k1": BADGE_KEY}
    assert later.keys_version == 1


def test_badge_keys_stay_when_a_new_root_key_is_told(office: Office) -> None:
    store = office.store(office.trust(), office.keys())
    store.replace_root(Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    assert store.badge_keys == {"k1": BADGE_KEY}
    assert store.trust_version == 0
    with pytest.raises(EnvelopeError):
        store.payload(office.access(), Topic.ACCESS, AT)


def test_badge_keys_sealed_for_another_controller_are_refused(office: Office) -> None:
    store = office.store(office.trust())
    with pytest.raises(KeyMaterialError):
        store.accept_keys(office.keys(context="bank-2/k1"), AT)
    assert store.badge_keys == {}


def test_an_older_key_message_is_refused(office: Office) -> None:
    store = office.store(office.trust())
    store.accept_keys(office.keys(2), AT)
    with pytest.raises(TrustError):
        store.accept_keys(office.keys(1), AT)


def test_keys_and_list_that_overtake_the_trust_document_are_taken_up_after_it(office: Office) -> None:
    inbox = Inbox(office.store(), lambda: None)
    for topic, envelope in ((Topic.KEYS, office.keys()), (Topic.ACCESS, office.access())):
        assert inbox.receive(topic, envelope, True, AT) == [Refused(topic.value, "key")]
    kinds = [type(arrival) for arrival in inbox.receive(Topic.TRUST, office.trust(), True, AT)]
    assert kinds == [StateReceived, StateReceived, BadgeKeysReceived, ListReceived]


def test_the_list_in_force_is_not_handed_in_again(office: Office) -> None:
    store = office.store(office.trust())
    payload = store.payload(office.access(), Topic.ACCESS, AT)
    assert Inbox(store, lambda: list_hash(payload)).receive(Topic.ACCESS, office.access(), True, AT) == []


@pytest.mark.parametrize("topic", [Topic.TRUST, Topic.KEYS, Topic.ACCESS, Topic.COMMANDS, Topic.RECEIPTS])
@pytest.mark.parametrize("data", [b"", b"{}", b"\xff" * 100, b"[" * 100_000, b'{"payloadType": 1}'])
def test_hostile_bytes_are_refused_with_a_code(office: Office, topic: Topic, data: bytes) -> None:
    arrivals = Inbox(office.store(office.trust()), lambda: None).receive(topic, data, False, AT)
    assert [type(arrival) for arrival in arrivals] == [Refused]
    assert all(isinstance(arrival, Input) for arrival in arrivals)


def test_the_root_key_is_kept_as_it_was_told(office: Office, tmp_path: Path) -> None:
    raw = office.root.public_key().public_bytes_raw()
    assert read_root(tmp_path) is None
    write_root(tmp_path, f" {to_token(raw)}\n")
    assert read_root(tmp_path) == raw


def test_something_that_is_no_key_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(KeyMaterialError):
        write_root(tmp_path, "not-a-key")
    assert read_root(tmp_path) is None
