"""Whose signature counts on which topics upwards: the device keys of the joined controllers."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.access.service import device_publics
from gateway.db import Database
from wire.envelope import key_id, verify
from wire.errors import EnvelopeError
from wire.keys import signing_public
from wire.topics import Topic

# A message no key fits may come from a controller that another process has just joined.
RELOAD_AT_MOST_EVERY_MS = 1_000


class DeviceKeys:
    """Verifies messages; `refused` counts, by bank and code, those that could not be."""

    def __init__(self, database: Database, mono_ms: Callable[[], int]) -> None:
        self._database = database
        self._mono_ms = mono_ms
        self._public: Mapping[str, bytes] = {}
        self._keys: Mapping[str, dict[str, Ed25519PublicKey]] = {}
        self._fresh: set[str] = set()
        self._loaded_ms: int | None = None
        self._lock = threading.Lock()
        self.refused: Counter[tuple[str, str]] = Counter()

    def reload(self) -> None:
        """Reads the controllers again."""
        with self._database.asking() as connection:
            public = device_publics(connection)
        with self._lock:
            if public == self._public:
                self._loaded_ms = self._mono_ms()
                return
        keys = {bank_id: {key_id(raw): signing_public(raw)} for bank_id, raw in public.items()}
        with self._lock:
            self._public = public
            self._fresh |= {bank for bank, known in keys.items() if set(known) != set(self._keys.get(bank, ()))}
            self._keys, self._loaded_ms = keys, self._mono_ms()

    def take_fresh(self) -> set[str]:
        """The controllers that were joined or re-keyed since this was last asked."""
        with self._lock:
            fresh, self._fresh = self._fresh, set()
        return fresh

    def verify(self, bank_id: str, topic: Topic, data: bytes) -> bytes | None:
        """The payload, or None where it does not verify: then it is counted and never answered."""
        try:
            return verify(data, topic, self._keys.get(bank_id, {}))
        except EnvelopeError as error:
            if error.code != "key" or not self._reload_due():
                self._count(bank_id, error.code)
                return None
        self.reload()
        try:
            return verify(data, topic, self._keys.get(bank_id, {}))
        except EnvelopeError as error:
            self._count(bank_id, error.code)
            return None

    def _reload_due(self) -> bool:
        return self._loaded_ms is None or self._mono_ms() - self._loaded_ms >= RELOAD_AT_MOST_EVERY_MS

    def _count(self, bank_id: str, code: str) -> None:
        # Strangers' names are not kept: anyone may invent as many as they like.
        with self._lock:
            self.refused[bank_id if bank_id in self._keys else "unknown", code] += 1

    def banks(self) -> list[str]:
        """The joined controllers."""
        return list(self._keys)
