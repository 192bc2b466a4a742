"""The first whole day of a simulated bank: contract to badge to door to row to receipt, and again, byte for byte."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.first_day import LOCKER, Day, first_day
from wire.entries import decode_entry

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def day() -> Day:
    return first_day(1)


def test_a_contract_made_at_the_gateway_opens_its_door_and_the_entries_come_back_as_rows(day: Day) -> None:
    assert day.opened == (LOCKER, LOCKER)
    types = [kind for _, _, kind in day.rows]
    assert types[types.index("release_intended") :][:4] == [
        "release_intended", "released", "door_opened", "door_closed",
    ]  # fmt: skip
    entries = [decode_entry(line) for _, _, line in day.journal]
    assert [(entry.epoch, entry.seq, entry.type) for entry in entries] == day.rows


def test_every_entry_has_its_receipt_and_the_order_from_the_desk_was_carried_out(day: Day) -> None:
    assert day.unreceipted == 0
    assert day.order is not None
    assert "command_accepted" in [kind for _, _, kind in day.rows]


def test_one_seed_has_one_trace_in_any_process_whatever_its_hash_seed(day: Day) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "tests.simulation.first_day", "1"],
        cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "77"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert made.stdout.split() == [day.digest]


def test_another_seed_is_another_day(day: Day) -> None:
    assert first_day(2).digest != day.digest
