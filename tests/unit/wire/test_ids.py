"""UUIDv7: version, variant, and order of making."""

import time
import uuid

import msgspec
import pytest

from wire.ids import uuid7
from wire.messages import Uuid


@pytest.mark.parametrize("milliseconds", [0, 1, 1_781_222_400_000, (1 << 48) - 1])
def test_an_id_carries_its_milliseconds_version_and_variant(milliseconds: int) -> None:
    value = uuid.UUID(uuid7(milliseconds))
    assert value.int >> 80 == milliseconds
    assert value.version == 7
    assert value.variant == uuid.RFC_4122


def test_an_id_made_later_sorts_later() -> None:
    made = [uuid7(milliseconds) for milliseconds in range(1_781_222_400_000, 1_781_222_400_200)]
    assert sorted(made) == made


def test_without_a_time_the_clock_is_asked() -> None:
    before = time.time_ns() // 1_000_000
    stamp = uuid.UUID(uuid7()).int >> 80
    assert before <= stamp <= time.time_ns() // 1_000_000


def test_two_ids_of_one_millisecond_differ() -> None:
    assert len({uuid7(0) for _ in range(1_000)}) == 1_000


def test_an_id_is_one_that_messages_accept() -> None:
    assert msgspec.convert(uuid7(), Uuid)
