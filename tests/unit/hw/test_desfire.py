"""DESFire: keys made from the published examples, and an exchange byte for byte as one that was published."""

import pytest
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from hw.errors import FrameError
from hw.frames.desfire import Authentication, Outcome, SiteKeys, diversified_key
from simulator.readers.desfire_card import DesfireCard

MASTER = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
UID = bytes.fromhex("04782E21801D80")
AID = bytes.fromhex("3042F5")
SYSTEM = b"NXP Abu"
SITE = SiteKeys(AID, 1, MASTER, SYSTEM)
# "DESFire EV1 Communication Examples", sotechcllc/RFDoorLock: Authenticate(KeyNo=0, key of zeros, AES)
RND_A = bytes.fromhex("F44B26F5686F3A391CD38EBD10772281")
CHALLENGE = bytes.fromhex("AF B969FDFE56FD91FC9DE6F6F213B8FD1E")
ANSWER = bytes.fromhex("AF 36AAD7DF6E436BA08D18613830A70D5AD43E3D3F4A8D47541EEE623A934E4774")
PROOF = bytes.fromhex("00 800DB680BC146BD121D6578F2D2E2059")
RND_B = bytes.fromhex("C05DDD714FD788A6B7B754F3C4D066E8")


class KnownKey(SiteKeys):
    """A site whose every card has the key of the published exchange."""

    def card_key(self, uid: bytes) -> bytes:
        return bytes(16)


PUBLISHED = KnownKey(bytes(3), 0, bytes(16))


def own_card(**fields: object) -> DesfireCard:
    return DesfireCard(UID, {AID: {1: SITE.card_key(UID)}}, **fields)  # type: ignore[arg-type]


def outcome(card: DesfireCard, site: SiteKeys = SITE) -> Outcome:
    authentication = Authentication(site, card.uid)
    said: bytes | Outcome = authentication.begin()
    while isinstance(said, bytes):
        answer = card.answer(said)
        assert answer is not None
        said = authentication.answer(answer)
    return said


@pytest.mark.parametrize(
    ("master", "data", "key"),
    [
        pytest.param(
            "00112233445566778899AABBCCDDEEFF",
            "04782E21801D80 3042F5 4E585020416275",
            "A8DD63A3B89D54B37CA802473FDA9175",
            id="AN10922 table 2",
        ),
        pytest.param(
            "F3F9377698707B688EAF84ABE39E3791",
            "04DEADBEEFFEED",
            "0BB408BAFF98B6EE9F2E1585777F6A51",
            id="AN10957 pages 13-14, shorter than a block",
        ),
    ],
)
def test_keys_are_diversified_as_published(master: str, data: str, key: str) -> None:
    assert diversified_key(bytes.fromhex(master), bytes.fromhex(data)) == bytes.fromhex(key)


@pytest.mark.parametrize("length", range(16, 32))
def test_from_17_bytes_on_diversification_is_the_standard_cmac(length: int) -> None:
    standard = CMAC(AES(MASTER))
    standard.update(b"\x01" + UID.ljust(length, b"x"))
    assert diversified_key(MASTER, UID.ljust(length, b"x")) == standard.finalize()


@pytest.mark.parametrize("length", [0, 32])
def test_an_input_that_cannot_be_diversified_by_is_refused(length: int) -> None:
    with pytest.raises(FrameError):
        diversified_key(MASTER, bytes(length))


def test_the_order_of_the_application_in_a_key_can_be_the_one_on_the_air() -> None:
    assert SITE.card_key(UID) == diversified_key(MASTER, UID + AID + SYSTEM)
    assert SiteKeys(AID, 1, MASTER, SYSTEM, True).card_key(UID) == diversified_key(MASTER, UID + AID[::-1] + SYSTEM)


def test_the_exchange_is_the_published_one() -> None:
    card = Authentication(PUBLISHED, UID, lambda _length: RND_A)
    assert card.begin() == bytes.fromhex("5A 000000")
    assert card.answer(b"\x00") == bytes.fromhex("AA 00")
    assert card.answer(CHALLENGE) == ANSWER
    assert card.answer(PROOF) is Outcome.PROVED


def test_the_simulated_card_answers_as_the_published_one() -> None:
    card = DesfireCard(UID, {bytes(3): {0: bytes(16)}}, random=lambda _length: RND_B)
    assert [card.answer(bytes.fromhex("AA 00")), card.answer(ANSWER)] == [CHALLENGE, PROOF]


def test_an_application_is_sent_last_byte_first() -> None:
    assert Authentication(SITE, UID).begin() == bytes.fromhex("5A F54230")


def test_a_card_of_the_site_proves_itself() -> None:
    assert outcome(own_card()) is Outcome.PROVED


def test_a_copy_of_a_number_proves_nothing() -> None:
    assert outcome(own_card().copied()) is Outcome.NOT_AUTHENTIC


def test_a_card_with_the_key_of_another_number_proves_nothing() -> None:
    key_of_another = SITE.card_key(bytes.fromhex("04782E21801D81"))
    assert outcome(DesfireCard(UID, {AID: {1: key_of_another}})) is Outcome.NOT_AUTHENTIC


def test_a_card_of_another_site_proves_nothing() -> None:
    other = SiteKeys(AID, 1, bytes(16), SYSTEM)
    assert outcome(DesfireCard(UID, {AID: {1: other.card_key(UID)}})) is Outcome.NOT_AUTHENTIC


def test_a_card_without_the_application_is_foreign() -> None:
    assert outcome(DesfireCard(UID, {})) is Outcome.FOREIGN


def test_a_card_without_the_key_proves_nothing() -> None:
    assert outcome(DesfireCard(UID, {AID: {2: SITE.card_key(UID)}})) is Outcome.NOT_AUTHENTIC


@pytest.mark.parametrize("proof", [b"", b"\x00", PROOF[:-1], PROOF + b"\x00", b"\xaf" + PROOF[1:], b"\xae", CHALLENGE])
def test_anything_but_the_one_proof_is_refused(proof: bytes) -> None:
    card = Authentication(PUBLISHED, UID, lambda _length: RND_A)
    card.begin()
    card.answer(b"\x00")
    card.answer(CHALLENGE)
    assert card.answer(proof) is Outcome.NOT_AUTHENTIC


def test_each_authentication_asks_something_new() -> None:
    said = []
    for _ in range(2):
        card = Authentication(PUBLISHED, UID)
        card.begin()
        card.answer(b"\x00")
        said.append(card.answer(CHALLENGE))
    assert said[0] != said[1]


def test_a_replayed_proof_is_refused() -> None:
    card = Authentication(PUBLISHED, UID)
    card.begin()
    card.answer(b"\x00")
    card.answer(CHALLENGE)
    assert card.answer(PROOF) is Outcome.NOT_AUTHENTIC


def test_no_repr_shows_a_key() -> None:
    for secret, shown in ((MASTER, repr(SITE)), (SITE.card_key(UID), repr(own_card()))):
        assert repr(secret)[2:-1] not in shown
        assert secret.hex() not in shown.lower()
