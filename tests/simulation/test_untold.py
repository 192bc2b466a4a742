"""A decision that no access list ever tells shuts somebody out, while every list that was made is followed: found."""

from collections.abc import Collection

import pytest

from gateway.badges import service as badges
from gateway.contracts import decisions
from simulator.world.lives.staff import Tempo
from tests.simulation.faulty_town import faulty_town

DAYS = 12


def _found(fault: str = "", banks: Collection[int] = ()) -> set[str]:
    with faulty_town(3, banks=2, lockers=8, tempo=Tempo(acts_a_day=6, term_days=20)) as town:
        for _ in range(DAYS):
            for bank in banks:
                town.begin(fault, bank=bank, hours=20)
            town.hours(24)
            town.world.violations += town.town.judge(town.world.now_ms)
        return {
            violation.text.rpartition(": ")[2] for violation in town.world.violations if violation.invariant == "access"
        }


def _says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for where in (decisions, badges):
        monkeypatch.setattr(where, "access_changed", lambda *_: None)


def test_a_contract_that_is_in_no_list_after_hours_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    _says_nothing(monkeypatch)
    assert _found() == {"what was decided hours ago is in no list"}


def test_where_something_is_broken_it_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    _says_nothing(monkeypatch)
    assert _found("link_cut", (0, 1)) == set()


def test_what_is_broken_at_one_bank_excuses_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    _says_nothing(monkeypatch)
    assert _found("power_cut", (1,)) == {"what was decided hours ago is in no list"}


def test_where_lists_are_made_nobody_is_found() -> None:
    assert _found() == set()
