"""PINs asked for beside a badge: typed at a keypad, known to anyone else only as a keyed hash bound to that badge."""

import hmac
import re

from wire.errors import MessageError

PIN_MIN_DIGITS = 4
PIN_MAX_DIGITS = 8
_PIN = re.compile(r"[0-9]{4,8}")
_HASH = re.compile(r"[0-9a-f]{32}")
_HASH_BYTES = 16


def pin_hash(key: bytes, digest: str, pin: str) -> str:
    """32 hex digits: the first 16 bytes of HMAC-SHA256(site badge key, "pin:" + digest + ":" + PIN).

    `key` is the badge key that `digest` was made with, so that a PIN says nothing of the same PIN on another badge.
    Raises MessageError with code `pin` if that is no PIN; the PIN is never part of the error.
    """
    if _PIN.fullmatch(pin) is None:
        raise MessageError("pin", f"a PIN has {PIN_MIN_DIGITS} to {PIN_MAX_DIGITS} digits")
    return hmac.digest(key, f"pin:{digest}:{pin}".encode(), "sha256")[:_HASH_BYTES].hex()


def is_pin_hash(text: str) -> bool:
    """Whether this can be the hash of a PIN."""
    return _HASH.fullmatch(text) is not None


def is_pin(key: bytes, digest: str, typed: str, expected: str) -> bool:
    """Whether what was typed is the PIN; in a time that does not tell how nearly."""
    try:
        return hmac.compare_digest(pin_hash(key, digest, typed), expected)
    except MessageError:
        return False
