"""Tools are lent from a locker, fetched and brought back by badge; whatever is lent wrongly is found."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import pytest

from gateway.ingest import effects
from gateway.loans import grants, movements, service
from gateway.loans.models import Loan, LoanItem
from gateway.reports import activity
from simulator.world.invariants.figures import FigureJudge
from simulator.world.invariants.loans import LoanJudge, Reading, Told, read, readings
from simulator.world.lives.calendar import DAY
from simulator.world.lives.lending import Lent, Member
from simulator.world.lives.pacts import Hold
from tests.simulation.faulty_town import FaultyTown, faulty_town


def _town() -> AbstractContextManager[FaultyTown]:
    """Of the first of its banks one locker lends tools, to those of the first and the second."""
    return faulty_town(11, banks=3, lockers=10)


def _lends(town: FaultyTown, days: int = 10, until: str = "") -> set[str]:
    """Busy librarians; people come and go, until that is found."""
    for _ in range(days):
        for _ in range(3):
            for _ in range(3):
                town.town.errands.lend()
                town.hours(0.1)
            town.hours(7.7)
        town.world.violations += town.town.judge(town.world.now_ms)
        if any(violation.invariant == until for violation in town.world.violations):
            break
    return {violation.invariant for violation in town.world.violations}


@pytest.fixture(scope="module")
def lent() -> Iterator[FaultyTown]:
    with _town() as town:
        assert _lends(town, 16) == set(), town.world.violations
        yield town


def test_tools_are_fetched_by_badge_brought_back_late_or_never_and_all_of_it_is_known(lent: FaultyTown) -> None:
    with lent.world.gateway.reading() as session:
        known, wrong = readings(session, lent.town.records)
    loans = lent.town.records.lent
    assert wrong == []
    assert sum(loans[name].holds != [] and read.returned_at is not None for name, read in known.items()) > 3
    assert any(read.returned_at is None for read in known.values())
    assert any(read.returned_at is not None and read.returned_at > loans[name].due_at for name, read in known.items())
    assert "missing" in {condition for one in loans.values() for condition in one.tools.values()}
    refused = {"lend: loan_limit", "lend: tool_promised", "lend: day_off", "lend: not_lent", "take_back: not_taken"}
    assert refused <= set(lent.town.counts)


def test_figures_of_loans_are_what_doors_and_desk_say(lent: FaultyTown) -> None:
    before = len(lent.town.office.violations)
    judge, luck = FigureJudge(lent.town.office, lent.town.schemes), lent.town.luck("figures")
    for _ in range(6):
        judge.judge(luck)
    assert lent.town.office.violations[before:] == []


def test_a_figure_of_loans_that_is_wrong_is_found(lent: FaultyTown, monkeypatch: pytest.MonkeyPatch) -> None:
    told, section = lent.town.office.violations, activity._section

    def one_more(key: str, **found: Any) -> Any:
        return section(key, **found | ({"loans_out": found["loans_out"] + 1} if key == "loans" else {}))

    monkeypatch.setattr(activity, "_section", one_more)
    before = len(told)
    FigureJudge(lent.town.office, lent.town.schemes).judge(lent.town.luck("figures"))
    assert all("loans" in violation.text for violation in told[before:])
    assert len(told) > before
    del told[before:]


def _late(found: Any) -> None:
    found[-1].returned_at = found[-1].due_at + 1


def _due_later(found: Any) -> None:
    found[0].due_at += 1


def _all_good(found: Any) -> None:
    for item in found:
        item.condition = "good"


@pytest.mark.parametrize(("table", "plant"), [(Loan, _late), (Loan, _due_later), (LoanItem, _all_good)])
def test_a_loan_that_is_not_what_was_done_is_found(lent: FaultyTown, table: Any, plant: Callable[[Any], None]) -> None:
    told, saved = lent.town.office.violations, lent.world.gateway.storage.backup()
    before = len(told)
    LoanJudge(lent.town.office).judge()
    assert told[before:] == []
    try:
        with lent.world.gateway.storage.database.writing() as session:
            plant(session.query(table).filter(table.taken_at.is_not(None)).order_by(table.id).all())
        LoanJudge(lent.town.office).judge()
        assert {violation.invariant for violation in told[before:]} == {"loans"}
    finally:
        lent.world.gateway.storage.restore(saved)
        del told[before:]


@pytest.mark.parametrize("outcomes", [("door_opened", "release_failed"), ("release_failed", "door_opened")])
def test_a_door_that_opened_counts_though_its_board_failed_to_answer_whatever_came_first(
    outcomes: tuple[str, str],
) -> None:
    member = Member("a member", "a person", "a site", date(2026, 3, 1), date(2027, 3, 1), 0)
    lent = Lent("a loan", member, {"a tool": None}, 0, DAY, [Hold("bank-1", 24, 0, DAY)], 0, DAY)
    told = [
        Told(1, 100, 1, "release_intended", "taking", frozenset({member.person})),
        Told(2, 101, 2, outcomes[0], "taking", None),
        Told(3, 102, 3, outcomes[1], "taking", None),
    ]
    assert read(lent, told) == (Reading(100, None), [])
    assert read(lent, [one for one in told if one.kind != "door_opened"]) == (Reading(None, None), [])


@pytest.mark.parametrize(
    ("where", "what", "planted", "invariant"),
    [
        (service, "_require_within_limit", lambda *_: None, "loans"),
        (service, "_NOT_LENT", frozenset(), "loans"),
        (movements, "SAME_VISIT_MS", 48 * 3_600_000, "loans"),
        (effects, "note_releases", lambda *_, **__: None, "loans"),
        (service, "access_changed", lambda *_: None, "access"),
        (grants, "_why_dead", lambda *_: None, "access"),
        (grants, "opens_until", lambda _terms, _zone, due_at: due_at, "access"),
    ],
)
def test_a_library_that_lends_wrongly_is_found(
    monkeypatch: pytest.MonkeyPatch, where: object, what: str, planted: object, invariant: str
) -> None:
    monkeypatch.setattr(where, what, planted)
    with _town() as town:
        assert invariant in _lends(town, 40, until=invariant)
