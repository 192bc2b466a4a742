"""What banks tell is true and whole: whoever tells of what nobody saw, or drops what was to be told, is found."""

from typing import Any

import pytest

from controller.doors import Doors
from controller.journal_writer import Work, Writer
from controller.releases import Releases
from simulator.world.desk import Desk
from tests.simulation.faulty_town import FaultyTown, faulty_town
from wire.entries import EntryType

ACCEPTED, OPENED, START, TAKE = Releases.board_accepted, Doors._opened, Releases.start, Writer.take


def _visited(town: FaultyTown) -> None:
    town.town.crowd("bank-1", 6, 60_000, town.town.luck("crowd"))
    town.hours(1)


def _said(town: FaultyTown) -> str:
    return "; ".join(f"{each.invariant}: {each.text}" for each in town.world.violations)


def test_a_bank_that_takes_its_boards_word_for_a_door_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def accepted(releases: Releases, locker: int, turn: Any) -> None:
        release = releases._of_locker.get(locker)
        ACCEPTED(releases, locker, turn)
        if release is not None:
            turn.record(EntryType.DOOR_OPENED, locker=locker, release=release.id)

    monkeypatch.setattr(Releases, "board_accepted", accepted)
    with faulty_town(9) as town:
        town.begin("bolt_jams", hours=1)
        _visited(town)
        assert "was opened, and its sensor has not seen that" in _said(town)


def test_a_door_that_is_called_forced_though_its_own_coil_opened_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(doors: Doors, bay: Any, turn: Any) -> None:
        OPENED(doors, bay, turn)
        turn.record(EntryType.DOOR_FORCED, locker=bay.number)

    monkeypatch.setattr(Doors, "_opened", opened)
    with faulty_town(9) as town:
        _visited(town)
        assert "was forced, and its own coil has opened it" in _said(town)


def test_a_start_that_keeps_quiet_about_a_release_that_nobody_saw_end_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Releases, "start", lambda releases, _unknown, past, turn: START(releases, (), past, turn))
    with faulty_town(9) as town:
        town.watch.at_intents("bank-1", lambda: town.world.loop.after(20, town.world.banks["bank-1"].kill))
        Desk(town.world.gateway, "somebody").open_remotely("bank-1", 1, "maintenance", lambda _: None)
        town.hours(1)
        assert "observed" in town.found()
        assert "does not say what became of that" in _said(town)


def test_an_entry_that_is_dropped_on_its_way_to_the_disk_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def take(writer: Writer, work: Work) -> None:
        TAKE(writer, work)
        for each in [each for each in writer._waiting._items if each.type is EntryType.DOOR_CLOSED]:
            writer._waiting._items.remove(each)

    monkeypatch.setattr(Writer, "take", take)
    with faulty_town(9) as town:
        _visited(town)
        assert town.found() == {"kept"}
        assert "they are nowhere: {'door_closed'" in _said(town)


def test_where_every_word_is_true_and_whole_nothing_is_found() -> None:
    with faulty_town(9) as town:
        town.begin("bolt_jams", hours=1)
        _visited(town)
        town.world.banks["bank-1"].kill()
        _visited(town)
        assert town.found() == set(), _said(town)
        assert town.world.counts["entries kept"] > 20
