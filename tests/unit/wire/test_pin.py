"""PINs: the one keyed form in which they are stored and sent."""

import hashlib
import hmac

import pytest

from wire.errors import MessageError
from wire.pin import is_pin, is_pin_hash, pin_hash

KEY = b"k" * 32
DIGEST = "f9246f9c1e21c07ffa98e1d2862c8c08"


def test_the_hash_is_what_the_definition_says() -> None:
    expected = hmac.new(KEY, b"pin:" + DIGEST.encode() + b":4711", hashlib.sha256).digest()[:16].hex()
    assert pin_hash(KEY, DIGEST, "4711") == expected
    assert is_pin_hash(expected)


def test_the_same_pin_is_another_hash_on_another_badge_or_site() -> None:
    assert pin_hash(KEY, DIGEST, "4711") != pin_hash(KEY, "0" * 32, "4711")
    assert pin_hash(KEY, DIGEST, "4711") != pin_hash(b"o" * 32, DIGEST, "4711")


@pytest.mark.parametrize("pin", ["", "123", "123456789", "12a4", "١٢٣٤", "1234\n", " 1234"])
def test_what_is_no_pin_is_refused_and_not_repeated(pin: str) -> None:
    with pytest.raises(MessageError) as refused:
        pin_hash(KEY, DIGEST, pin)
    assert refused.value.code == "pin"
    assert str(refused.value) == "a PIN has 4 to 8 digits"
    assert not is_pin(KEY, DIGEST, pin, pin_hash(KEY, DIGEST, "4711"))


def test_only_the_pin_itself_is_the_pin() -> None:
    expected = pin_hash(KEY, DIGEST, "0042")
    assert is_pin(KEY, DIGEST, "0042", expected)
    assert not is_pin(KEY, DIGEST, "0043", expected)
    assert not is_pin(KEY, DIGEST, "00042", expected)
