"""The gateway's secrets, as files of mode 0600 in the data directory: root key, signing key, badge keys.

Kept apart from the database, so that a stolen database or its backup opens nothing and names no badge.
"""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.errors import NotReadyError
from wire.envelope import key_id, sign
from wire.errors import KeyMaterialError
from wire.keys import load_or_make_key, load_or_make_signing_key, to_token
from wire.topics import Topic


class Keystore:
    """Made at first start; raises NotReadyError with code `keys` if the files cannot be read or written."""

    def __init__(self, data_dir: Path) -> None:
        self._directory = data_dir / "keys"
        try:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._root = load_or_make_signing_key(self._directory / "root.key")
            self._signing = load_or_make_signing_key(self._directory / "signing.key")
        except (KeyMaterialError, OSError) as error:
            raise NotReadyError("keys", f"the keys in {self._directory} cannot be used: {error}") from error

    @property
    def root_token(self) -> str:
        """ROOT-KEY, as `casier-controller trust` takes it."""
        return to_token(self._root.public_key().public_bytes_raw())

    @property
    def signing_public(self) -> bytes:
        """The raw public key that controllers are told to trust."""
        return self._signing.public_key().public_bytes_raw()

    @property
    def own_keys(self) -> dict[str, Ed25519PublicKey]:
        """The signing key by its id, to recognise lists that this gateway signed."""
        return {key_id(self.signing_public): self._signing.public_key()}

    def sign(self, topic: Topic, payload: bytes) -> bytes:
        """The envelope of a payload: the root key signs trust, the signing key everything else."""
        key: Ed25519PrivateKey = self._root if topic is Topic.TRUST else self._signing
        return sign(key, topic, payload)

    def badge_key(self, badge_key_id: str, *, make: bool = False) -> bytes:
        """A site's badge key. Raises NotReadyError with code `keys` if its file is missing or broken."""
        path = self._directory / f"badge-{badge_key_id}.key"
        if not make and not path.exists():
            raise NotReadyError("keys", f"{path} is missing: restore the data directory that goes with this database")
        try:
            return load_or_make_key(path)
        except (KeyMaterialError, OSError) as error:
            raise NotReadyError("keys", f"{path} cannot be used: {error}") from error
