"""Badge numbers: one canonical form each, and the digest an independent program computes."""

import pytest

from wire.badge import badge_digest, canonical_number
from wire.errors import MessageError

KEY = bytes(range(32))


@pytest.mark.parametrize(
    ("technology", "number", "canonical"),
    [
        ("em4100", "62E3086CED", "em4100:62E3086CED"),
        ("em4100", " 62e3086ced\n", "em4100:62E3086CED"),
        ("em4100", "0000000000", "em4100:0000000000"),
        ("wiegand26", "123-45678", "wiegand26:123-45678"),
        ("wiegand26", "001-00005", "wiegand26:1-5"),
        ("wiegand26", "0-0", "wiegand26:0-0"),
        ("wiegand26", "000-100", "wiegand26:0-100"),
        ("wiegand34", "5566453", "wiegand34:5566453"),
        ("wiegand34", "0005566453", "wiegand34:5566453"),
        ("wiegand37", "00100", "wiegand37:100"),
        ("wiegand37", "7-0042", "wiegand37:7-42"),
        ("iso14443a", "FB0EE20B", "iso14443a:FB0EE20B"),
        ("iso14443a", "04a1b2c3d4e5f6", "iso14443a:04A1B2C3D4E5F6"),
        ("iso14443a", "00" * 10, "iso14443a:" + "00" * 10),
        ("desfire", "f52310:0a1b", "desfire:F52310:0A1B"),
        ("osdp26", "010-00020", "osdp26:10-20"),
        ("hid", "00ab-12", "hid:00AB-12"),
        ("keyboard", "0012345", "keyboard:0012345"),
    ],
)
def test_a_number_has_one_canonical_form(technology: str, number: str, canonical: str) -> None:
    assert canonical_number(technology, number) == canonical


@pytest.mark.parametrize(
    ("technology", "number"),
    [
        ("em4100", "62E3086CE"),
        ("em4100", "62E3086CED0"),
        ("em4100", "62E3086CEG"),
        ("em4100", ""),
        ("em4100", "62E3\n086CED"),
        ("wiegand26", "12345678"),
        ("wiegand26", "1-2-3"),
        ("wiegand26", "-1-2"),
        ("wiegand26", "1-"),
        ("wiegand26", "١-٢"),
        ("wiegand34", "1" * 21),
        ("iso14443a", "FB0EE2"),
        ("iso14443a", "FB0EE20B0"),
        ("desfire", "F52310"),
        ("hid", ""),
        ("hid", "A" * 65),
        ("rfid", "62E3086CED"),
        ("EM4100", "62E3086CED"),
        ("", ""),
    ],
)
def test_what_is_no_number_of_its_technology_is_refused(technology: str, number: str) -> None:
    with pytest.raises(MessageError) as caught:
        canonical_number(technology, number)
    assert caught.value.code == "badge"


def test_a_refused_number_is_not_repeated() -> None:
    with pytest.raises(MessageError) as caught:
        canonical_number("em4100", "62E3086CEDFF")
    assert "62E3" not in str(caught.value)


@pytest.mark.parametrize(
    ("canonical", "digest"),
    [  # printf %s NUMBER | openssl dgst -sha256 -mac HMAC -macopt hexkey:0001...1f, the first 32 digits
        ("em4100:62E3086CED", "f9246f9c1e21c07ffa98e1d2862c8c08"),
        ("wiegand26:123-45678", "cccdefc26b93e22e51065ad0905504e6"),
        ("iso14443a:FB0EE20B", "b8a49c1fe349f79fd0bea30b0f306081"),
    ],
)
def test_a_digest_is_the_one_openssl_computes(canonical: str, digest: str) -> None:
    assert badge_digest(KEY, canonical) == digest


def test_another_key_gives_another_digest() -> None:
    assert badge_digest(KEY, "hid:1") != badge_digest(KEY[::-1], "hid:1")
