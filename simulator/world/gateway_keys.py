"""The secrets of a gateway in the world: in memory instead of in files, from the world's randomness."""

import os
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.access.keystore import Keystore
from gateway.errors import NotReadyError
from gateway.privacy.field_keys import FieldKeys, _File, _Ring


class MemoryKeystore(Keystore):
    """Root key, signing key and badge keys; they outlive the gateway's process and its database."""

    def __init__(self) -> None:
        self._root = Ed25519PrivateKey.from_private_bytes(os.urandom(32))
        self._signing = Ed25519PrivateKey.from_private_bytes(os.urandom(32))
        self._badge_keys: dict[str, bytes] = {}

    def badge_key(self, badge_key_id: str, *, make: bool = False) -> bytes:
        """A site's badge key. Raises NotReadyError with code `keys` if it is not there."""
        if badge_key_id not in self._badge_keys:
            if not make:
                raise NotReadyError("keys", f"{badge_key_id} is missing: restore the data directory")
            self._badge_keys[badge_key_id] = os.urandom(32)
        return self._badge_keys[badge_key_id]


class MemoryFieldKeys(FieldKeys):
    """One field key; it is not rotated here."""

    def __init__(self) -> None:
        name = os.urandom(4).hex()
        self._only = _Ring(_File(name, {name: os.urandom(32)}))

    def _read(self) -> _Ring:
        return self._only

    def _write(self, *_: Any, **__: Any) -> None:
        raise NotReadyError("keys", "the world's field keys are not rotated")
