"""A MIFARE DESFire card, from its native commands to its AES secrets; commands in, answers out.

Written from the published exchange (see hw/frames/desfire.py for the sources), not from the driver, and with the card's
half of it only. A real card was never at hand: what a real one does otherwise, this one does not know.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

OPERATION_OK, ADDITIONAL_FRAME = 0x00, 0xAF
ILLEGAL_COMMAND, NO_SUCH_KEY, LENGTH_ERROR = 0x1C, 0x40, 0x7E
APPLICATION_NOT_FOUND, AUTHENTICATION_ERROR = 0xA0, 0xAE
ATQA, SAK = bytes.fromhex("03 44"), 0x20
ATS = bytes.fromhex("06 75 77 81 02 80")
MASTER_APPLICATION = bytes(3)


@dataclass
class DesfireCard:
    """One card. `applications`: AES keys by application (three bytes, as printed) and key number.

    `gone_after` commands it is pulled out of the field; None: it stays as long as it is held.
    """

    uid: bytes
    applications: Mapping[bytes, Mapping[int, bytes]] = field(default_factory=dict, repr=False)
    gone_after: int | None = None
    random: Callable[[int], bytes] = field(default=secrets.token_bytes, repr=False)

    def __post_init__(self) -> None:
        self.enter()

    def enter(self) -> None:
        """Come into the field: nothing is selected, nobody has proved anything."""
        self._application = MASTER_APPLICATION
        self._challenged: tuple[bytes, bytes, bytes] | None = None  # the key, the challenge, and what went out of it
        self._commands = 0

    def copied(self) -> "DesfireCard":
        """What a cloning tool makes of it: the same number and applications, and keys that its maker had to guess."""
        guessed = {aid: {number: self.random(16) for number in keys} for aid, keys in self.applications.items()}
        return DesfireCard(self.uid, guessed)

    def answer(self, command: bytes) -> bytes | None:
        """What the card says to one command: a status byte and data; None once it is gone."""
        self._commands += 1
        if self.gone_after is not None and self._commands > self.gone_after:
            return None
        challenged, self._challenged = self._challenged, None
        code, data = command[0], command[1:]
        if code == 0x5A:
            return bytes((self._select(data),))
        if code == 0xAA:
            return self._challenge(data)
        if code == 0xAF and challenged is not None:
            return self._prove(data, *challenged)
        return bytes((ILLEGAL_COMMAND,))

    def _select(self, data: bytes) -> int:
        if len(data) != 3:
            return LENGTH_ERROR
        application = data[::-1]  # least significant byte first on the air
        if application != MASTER_APPLICATION and application not in self.applications:
            return APPLICATION_NOT_FOUND
        self._application = application
        return OPERATION_OK

    def _challenge(self, data: bytes) -> bytes:
        keys = self.applications.get(self._application, {})
        if len(data) != 1:
            return bytes((LENGTH_ERROR,))
        if data[0] not in keys:
            return bytes((NO_SUCH_KEY,))
        challenge = self.random(16)
        sent = _cbc(keys[data[0]], bytes(16)).encryptor().update(challenge)
        self._challenged = keys[data[0]], challenge, sent
        return bytes((ADDITIONAL_FRAME,)) + sent

    def _prove(self, data: bytes, key: bytes, challenge: bytes, sent: bytes) -> bytes:
        if len(data) != 32:
            return bytes((LENGTH_ERROR,))
        plain = _cbc(key, sent).decryptor().update(data)
        theirs, ours = plain[:16], plain[16:]
        if ours != challenge[1:] + challenge[:1]:
            return bytes((AUTHENTICATION_ERROR,))
        proof = _cbc(key, data[16:]).encryptor().update(theirs[1:] + theirs[:1])
        return bytes((OPERATION_OK,)) + proof


def _cbc(key: bytes, before: bytes) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(key), modes.CBC(before))
