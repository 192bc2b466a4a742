"""MIFARE DESFire, native AES authentication: reader and card prove to each other that both know the card's key.

That key is diversified from the site's master key. The exchange: `5A` and the application, `AA` and the key's number,
`AF` and the answer to the card's challenge. Sources: NXP AN10922; "DESFire EV1 Communication Examples" (published trace
of sotechcllc/RFDoorLock). Tested only against a simulated card.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB

from hw.errors import FrameError

SELECT_APPLICATION, AUTHENTICATE_AES, ADDITIONAL_FRAME = 0x5A, 0xAA, 0xAF
OK = b"\x00"
MORE = bytes((ADDITIONAL_FRAME,))
BLOCK = 16
DIVERSIFIED_AES_128 = b"\x01"  # the constant that AN10922 puts before the input
LONGEST_INPUT = 31
_ZEROS = bytes(BLOCK)


class Outcome(Enum):
    """How an authentication ended."""

    PROVED = "proved"
    FOREIGN = "foreign_card"
    NOT_AUTHENTIC = "not_authentic"


@dataclass(frozen=True, slots=True)
class SiteKeys:
    """What makes a card one of a site's: its application, the key's number there, and the key all are made from.

    `application`: three bytes, as printed (first byte first; the card is sent them last byte first). A card's key is
    made from its number, the application (`aid_last_first`: in the order the card is sent it) and `system_id`.
    """

    application: bytes
    key_number: int
    master_key: bytes = field(repr=False)
    system_id: bytes = b""
    aid_last_first: bool = False

    def card_key(self, uid: bytes) -> bytes:
        """The key of the card with this number."""
        application = self.application[::-1] if self.aid_last_first else self.application
        return diversified_key(self.master_key, uid + application + self.system_id)


def diversified_key(master_key: bytes, data: bytes) -> bytes:
    """AES-128 key of `data` (1 to 31 bytes), by AN10922: a CMAC over 32 bytes, padded to them however short it is.

    RFC 4493 pads to one block only, hence no ready-made CMAC here. Raises FrameError for data of another length.
    """
    if not 1 <= len(data) <= LONGEST_INPUT:
        raise FrameError(f"{len(data)} bytes to diversify by; allowed: 1 to {LONGEST_INPUT}")
    cipher = Cipher(AES(master_key), ECB()).encryptor()  # noqa: S305 - one block: the subkeys of the CMAC
    subkey = _doubled(cipher.update(_ZEROS))
    message = DIVERSIFIED_AES_128 + data
    if len(message) < 2 * BLOCK:
        subkey = _doubled(subkey)
        message = (message + b"\x80").ljust(2 * BLOCK, b"\x00")
    last = bytes(a ^ b for a, b in zip(message[BLOCK:], subkey, strict=True))
    return _encrypted(master_key, _ZEROS, message[:BLOCK] + last)[BLOCK:]


class Authentication:
    """One card's authentication, sans-IO: hand each of the card's answers in, send what comes out.

    Whoever passes has the key that was made from `uid`: the number is then the card's own and no copy.
    """

    def __init__(self, site: SiteKeys, uid: bytes, random: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._site = site
        self._key = site.card_key(uid)
        self._challenge = random(BLOCK)
        self._sent_last = _ZEROS
        self._next: Callable[[bytes], bytes | Outcome] = self._selected

    def begin(self) -> bytes:
        """The first command."""
        return bytes((SELECT_APPLICATION, *self._site.application[::-1]))

    def answer(self, reply: bytes) -> bytes | Outcome:
        """What to send after this reply of the card, or how it ended. Any bytes may come."""
        return self._next(reply)

    def _selected(self, reply: bytes) -> bytes | Outcome:
        if reply != OK:
            return Outcome.FOREIGN
        self._next = self._challenged
        return bytes((AUTHENTICATE_AES, self._site.key_number))

    def _challenged(self, reply: bytes) -> bytes | Outcome:
        if reply[:1] != MORE or len(reply) != 1 + BLOCK:
            return Outcome.NOT_AUTHENTIC
        challenge = _decrypted(self._key, _ZEROS, reply[1:])
        # Each block is chained to the one before it, whoever sent that.
        answer = _encrypted(self._key, reply[1:], self._challenge + rotated(challenge))
        self._sent_last = answer[-BLOCK:]
        self._next = self._proved
        return MORE + answer

    def _proved(self, reply: bytes) -> bytes | Outcome:
        if reply[:1] != OK or len(reply) != 1 + BLOCK:
            return Outcome.NOT_AUTHENTIC
        echo = _decrypted(self._key, self._sent_last, reply[1:])
        known = hmac.compare_digest(echo, rotated(self._challenge))
        return Outcome.PROVED if known else Outcome.NOT_AUTHENTIC


def rotated(block: bytes) -> bytes:
    """The bytes, one to the left."""
    return block[1:] + block[:1]


def _encrypted(key: bytes, before: bytes, blocks: bytes) -> bytes:
    return Cipher(AES(key), CBC(before)).encryptor().update(blocks)


def _decrypted(key: bytes, before: bytes, blocks: bytes) -> bytes:
    return Cipher(AES(key), CBC(before)).decryptor().update(blocks)


def _doubled(block: bytes) -> bytes:
    """Twice the block in GF(2^128): the next subkey of a CMAC (RFC 4493, 2.3)."""
    shifted = int.from_bytes(block) << 1
    return ((shifted ^ 0x87 if shifted >> 128 else shifted) & ((1 << 128) - 1)).to_bytes(BLOCK)
