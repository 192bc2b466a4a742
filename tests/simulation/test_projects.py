"""Members' works on their homes are counted when they begin, by the ledger that a gateway keeps as by a fresh read."""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.loans import projects
from gateway.reports import activity
from gateway.reports.ledger import Ledger
from simulator.world.invariants.figures import FigureJudge
from tests.simulation.faulty_town import FaultyTown, faulty_town


@pytest.fixture
def town() -> Iterator[FaultyTown]:
    """With members, whose projects are asked for, begun and given up."""
    with faulty_town(11, banks=3, lockers=10) as made:
        while len(made.town.records.members) < 3:
            made.town.errands.lend()
            made.hours(1)
        _live(made)
        yield made


def _live(town: FaultyTown, times: int = 60) -> None:
    for _ in range(times):
        town.town.errands.projects.go_on()
        town.hours(0.1)


def _judged(town: FaultyTown, *, glance: bool = False) -> list[str]:
    """What several questions of the judge of figures find."""
    found, before = town.town.office.violations, len(town.town.office.violations)
    judge, luck = FigureJudge(town.town.office, town.town.schemes), town.town.luck("figures")
    for _ in range(12):
        (judge.glance if glance else judge.judge)(luck)
    return [violation.text for violation in found[before:]]


def test_projects_are_run_and_figures_of_them_are_what_was_done(town: FaultyTown) -> None:
    assert _judged(town) == []
    begun = [one for one in town.town.records.projects if one.started_on is not None]
    assert len(begun) > 5
    assert any(one.cost_cents is None for one in begun)
    assert any(one.cost_cents is not None and one.surface_dm2 is not None for one in begun)
    assert {"start_project: conditions", "finish_project: not_started", "drop_project: done"} <= set(town.town.counts)


def test_after_a_restore_projects_are_what_survived(town: FaultyTown) -> None:
    saved = town.schedule.backup()
    _live(town)
    town.schedule.restore(saved)
    assert any(one.lost for one in town.town.records.projects)
    assert _judged(town) == []


@pytest.mark.parametrize("glance", [False, True])
def test_a_figure_of_projects_that_is_wrong_is_found(
    town: FaultyTown, monkeypatch: pytest.MonkeyPatch, glance: bool
) -> None:
    section = activity._section

    def one_more(key: str, **found: Any) -> Any:
        return section(key, **found | ({"projects": found["projects"] + 1} if key == "projects" else {}))

    monkeypatch.setattr(activity, "_section", one_more)
    found = _judged(town, glance=glance)
    assert len(found) >= 12
    assert all(", projects: the report" in text for text in found)


def test_a_ledger_that_does_not_follow_is_found_long_before_the_end(
    town: FaultyTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.town.office.gateway.ledger.warm()
    monkeypatch.setattr(Ledger, "followed", lambda ledger, _session: ledger)
    assert _judged(town) == []
    _live(town)
    found = _judged(town)
    assert found
    assert all("the report (kept)" in text for text in found), "what is read afresh is right"
    town.town.judge(town.world.now_ms)
    daily = [violation for _ in range(36) for violation in town.town.judge(town.world.now_ms)]
    assert "figures" in {violation.invariant for violation in daily}


def test_a_work_that_begins_though_nobody_has_decided_is_found(
    town: FaultyTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projects, "require_decided", lambda *_: None)
    _live(town, 120)
    assert "projects" in {violation.invariant for violation in town.town.office.violations}
