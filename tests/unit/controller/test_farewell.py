"""The last words of a life: what was only counted, then `stopping`."""

from pathlib import Path

import pytest

from controller.inputs import BadgePresented
from controller.witnesses import mono_ms
from tests.unit.controller.journal_lives import on_disk
from tests.unit.controller.test_runtime import Life, live


def test_a_program_that_stops_tells_what_it_had_only_counted_before_its_last_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(life: Life) -> None:
        for _ in range(12):
            life.runtime.feed(BadgePresented("entrance", "em4100", "0000000001", mono_ms() - 60_000))
        life.runtime.farewell("signal")

    live(tmp_path, monkeypatch, use)
    told = [(entry.type, entry.body.get("count")) for entry in on_disk(tmp_path / "data")[-1]]
    assert told[-2:] == [("suppressed", 2), ("stopping", None)]
