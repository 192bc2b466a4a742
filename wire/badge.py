"""Badge numbers: the one canonical form, and the keyed digest that alone is stored or sent."""

import hmac
import re
from functools import lru_cache

from wire.errors import MessageError

DIGEST_BYTES = 16

# Each technology's canonical number: upper case, decimals without leading zeros.
_DECIMAL = r"(?:0|[1-9][0-9]{0,19})"
_FORMS = {
    "em4100": r"[0-9A-F]{10}",
    "wiegand26": rf"{_DECIMAL}-{_DECIMAL}",
    "wiegand34": _DECIMAL,
    "wiegand37": rf"{_DECIMAL}(?:-{_DECIMAL})?",
    "iso14443a": r"(?:[0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})",
    "desfire": r"[0-9A-F]{6}:[0-9A-F]{1,64}",
    "osdp26": rf"{_DECIMAL}-{_DECIMAL}",
    "hid": r"[0-9A-Z-]{1,64}",
    "keyboard": r"[0-9A-Z-]{1,64}",
}
_PATTERNS = {technology: re.compile(form) for technology, form in _FORMS.items()}
_LEADING_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")
_DECIMAL_TECHNOLOGIES = frozenset({"wiegand26", "wiegand34", "wiegand37", "osdp26"})


def canonical_number(technology: str, number: str) -> str:
    """The canonical badge number, such as `em4100:62E3086CED`.

    Raises MessageError with code `badge` if the technology is unknown or the number is not one of it.
    The number itself is never part of the error.
    """
    pattern = _PATTERNS.get(technology)
    if pattern is None:
        raise MessageError("badge", f"unknown badge technology {technology[:20]!r}; known: {', '.join(_FORMS)}")
    text = number.strip().upper()
    if technology in _DECIMAL_TECHNOLOGIES:
        text = _LEADING_ZEROS.sub("", text)
    if pattern.fullmatch(text) is None:
        raise MessageError("badge", f"that is not a {technology} number: expected {_FORMS[technology]}")
    return f"{technology}:{text}"


def badge_digest(key: bytes, canonical: str) -> str:
    """32 hex digits: the first 16 bytes of HMAC-SHA256(site badge key, canonical badge number)."""
    keyed = _keyed(key).copy()
    keyed.update(canonical.encode())
    return keyed.digest()[:DIGEST_BYTES].hex()


@lru_cache(maxsize=16)
def _keyed(key: bytes) -> hmac.HMAC:
    """HMAC-SHA256 with this key and nothing in it yet: a badge at the door waits for no key schedule."""
    return hmac.new(key, digestmod="sha256")
