"""The same seed makes the same world: streams, the system's randomness, ids and sealed keys."""

import importlib
import os
import secrets
import sys
import uuid
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from simulator.world.chance import Chance
from wire.ids import uuid7
from wire.keys import seal, unseal

KEY = X25519PrivateKey.from_private_bytes(bytes(range(32)))


def drawn(seed: int) -> list[object]:
    with Chance(seed).seeded_os():
        sealed = seal(b"a badge key", KEY.public_key().public_bytes_raw(), "bank-1/k1")
        return [os.urandom(8), secrets.token_hex(8), secrets.randbelow(10**9), uuid.uuid4(), uuid7(10**12), sealed]


def test_one_seed_draws_the_same_and_another_seed_something_else() -> None:
    assert drawn(7) == drawn(7)
    assert all(one != other for one, other in zip(drawn(7), drawn(8), strict=True))


def test_outside_a_world_randomness_is_the_systems_again() -> None:
    before = os.urandom
    drawn(7)
    assert os.urandom is before
    assert secrets.token_hex(8) != secrets.token_hex(8)
    assert seal(b"x", KEY.public_key().public_bytes_raw(), "c") != seal(b"x", KEY.public_key().public_bytes_raw(), "c")


def test_what_a_world_seals_the_library_opens() -> None:
    sealed = drawn(7)[-1]
    assert isinstance(sealed, bytes)
    assert unseal(sealed, KEY, "bank-1/k1") == b"a badge key"


def test_drawing_from_one_stream_moves_no_other() -> None:
    one, other = Chance(3), Chance(3)
    one.stream("network").random()
    assert one.stream("people").random() == other.stream("people").random()
    assert one.stream("network").random() != other.stream("network").random()


def test_a_module_that_draws_when_it_is_imported_does_not_make_the_first_world_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "draws_at_import.py").write_text("import secrets\nNOBODY = secrets.token_hex()\n")
    monkeypatch.syspath_prepend(tmp_path)

    def lived() -> list[bytes]:
        with Chance(7).seeded_os():
            before = os.urandom(8)
            importlib.import_module("draws_at_import")
            return [before, os.urandom(8)]

    assert lived() == lived()
    monkeypatch.delitem(sys.modules, "draws_at_import")
