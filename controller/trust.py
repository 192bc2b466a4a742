"""Sans-IO: whose word counts. One root key, the trust document it signs, and the badge keys sealed to this bank."""

import logging
from collections.abc import Mapping
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from controller.errors import TrustError
from controller.storage import MACHINE, Storage
from wire.envelope import Envelope, key_id, verify
from wire.errors import KeyMaterialError, WireError
from wire.keys import from_token, signing_public, to_token, unseal
from wire.messages import Keys, Trust, decode
from wire.topics import Topic

ROOT_NAME = "root.pub"
_log = logging.getLogger("controller.trust")


def read_root(data_dir: Path, storage: Storage = MACHINE) -> bytes | None:
    """The root key this controller was told, or None. Raises KeyMaterialError if the file holds none, OSError."""
    try:
        return from_token(storage.read(data_dir / ROOT_NAME).decode("ascii", "replace"))
    except FileNotFoundError:
        return None


def write_root(data_dir: Path, token: str, storage: Storage = MACHINE) -> None:
    """Keep the root key for the next start. Raises KeyMaterialError if it is not an Ed25519 key, OSError."""
    raw = from_token(token)
    signing_public(raw)
    storage.replace(data_dir / ROOT_NAME, f"{to_token(raw)}\n".encode())


class TrustStore:
    """What is trusted now; `trust` and `keys` are the envelopes kept from before, dropped if the root has changed.

    Every refusal is a TrustError or a WireError with its code; nothing is changed by one.
    """

    def __init__(
        self,
        controller: str,
        root: bytes | None,
        encryption: X25519PrivateKey,
        *,
        trust: bytes | None = None,
        keys: bytes | None = None,
    ) -> None:
        self._controller = controller
        self._encryption = encryption
        self._root: Mapping[str, Ed25519PublicKey] = {}
        self._gateway: dict[str, tuple[Ed25519PublicKey, int]] = {}
        self._trust: bytes | None = None
        self._keys: bytes | None = None
        self.trust_version = 0
        self.keys_version = 0
        self.badge_keys: dict[str, bytes] = {}
        self.replace_root(root)
        self._restore(trust, keys)

    def replace_root(self, root: bytes | None) -> None:
        """A technician tells the root key: unless it is the one known, everything trusted so far is forgotten.

        Badge keys stay: badges must open while the gateway's new documents are on their way.
        """
        known = {} if root is None else {key_id(root): signing_public(root)}
        if known.keys() == self._root.keys():
            return
        self._root = known
        self._gateway = {}
        self._trust = self._keys = None
        self.trust_version = self.keys_version = 0

    def _restore(self, trust: bytes | None, keys: bytes | None) -> None:
        """What was accepted before. Badge keys count whatever has become of the key that signed them."""
        message: Keys | None = None
        if keys is not None:
            try:
                message = decode(msgspec.json.decode(keys, type=Envelope).payload, Keys)
                self.badge_keys = self._unsealed(message)
            except (msgspec.DecodeError, ValueError, WireError, TrustError) as error:
                _log.error("the badge keys on disk cannot be read: %s", error)
                message = None
        if trust is None:
            return
        try:
            self.accept_trust(trust)
        except (WireError, TrustError):  # signed by another root: a technician has told a new one since
            return
        if message is not None:
            self.keys_version, self._keys = message.version, keys

    @property
    def has_root(self) -> bool:
        """Whether this controller was told a root key."""
        return bool(self._root)

    def accept_trust(self, envelope: bytes) -> bool:
        """Replace everything trusted before; False if it is the very document in force."""
        if envelope == self._trust:
            return False
        message = decode(verify(envelope, Topic.TRUST, self._root), Trust)
        self._check(message.controller, message.version, self.trust_version)
        self._gateway = {key_id(key.public): (signing_public(key.public), key.not_after) for key in message.keys}
        self.trust_version, self._trust = message.version, envelope
        return True

    def payload(self, envelope: bytes, topic: Topic, at: int) -> bytes:
        """The payload of a message that a gateway key signs, if that key is still accepted at instant `at`."""
        return verify(envelope, topic, {name: key for name, (key, until) in self._gateway.items() if at < until})

    def accept_keys(self, envelope: bytes, at: int) -> bool:
        """Replace the badge keys; False if it is the very message in force."""
        if envelope == self._keys:
            return False
        message = decode(self.payload(envelope, Topic.KEYS, at), Keys)
        self._check(message.controller, message.version, self.keys_version)
        self.badge_keys = self._unsealed(message)
        self.keys_version, self._keys = message.version, envelope
        return True

    def _check(self, controller: str, version: int, known: int) -> None:
        if controller != self._controller:
            raise TrustError("controller", f"made for {controller}, not for {self._controller}")
        if version <= known:
            raise TrustError("version", f"version {version} after version {known} was accepted")

    def _unsealed(self, message: Keys) -> dict[str, bytes]:
        try:
            return {
                key.id: unseal(key.sealed, self._encryption, f"{self._controller}/{key.id}") for key in message.keys
            }
        except KeyMaterialError:
            raise
        except ValueError as error:  # too short to be sealed at all
            raise TrustError("sealed", "a badge key is not sealed to this controller") from error
