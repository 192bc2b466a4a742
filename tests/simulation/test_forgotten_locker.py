"""A gateway that is put back is not blamed for things of which it cannot know; for those of which it can, it is."""

from dataclasses import replace
from random import Random

import pytest

from gateway.access import reconcile
from gateway.contracts import decisions
from gateway.custody import withdrawn
from simulator.world.lives.arrivals import Arrivals, Term
from simulator.world.lives.belongings import Belongings
from simulator.world.lives.calendar import DAY, day_of, days_on
from simulator.world.lives.deciding import Deciding
from simulator.world.lives.giving import judge_given
from simulator.world.lives.pacts import Life, Pact
from simulator.world.lives.records import Box, Someone
from tests.simulation.faulty_town import FaultyTown, faulty_town


def _never_had(town: FaultyTown) -> Box:
    return next(box for box in town.town.records.boxes.values() if not box.held)


def _assigning(town: FaultyTown, *, draft: bool = False) -> Arrivals:
    arrivals = town.town._arrivals
    arrivals.term = lambda now: Term(day_of(now), days_on(day_of(now), 30), draft=draft)  # type: ignore[method-assign]
    return arrivals


def _given(town: FaultyTown, box: Box, inside: Pact) -> str:
    """What is answered to whoever gives it to somebody else while those things are in it."""
    box.inside = inside
    return _assigning(town).assign(town.town.workers[0], _other(town, inside), box)


def _other(town: FaultyTown, pact: Pact) -> Someone:
    return next(one for one in town.town.records.people.values() if one.id != pact.parts[0].person)


def _signed_and_forgotten(town: FaultyTown) -> tuple[Box, Pact]:
    """A draft is signed after the backup, and its holder puts things inside; then the backup comes back."""
    lives, box = town.town, _never_had(town)
    holder = next(one for one in lives.records.people.values() if one.cards)
    assert _assigning(town, draft=True).assign(lives.workers[0], holder, box) == "done"
    pact = holder.pacts[-1]
    town.begin("database_restored", hours=2)
    town.hours(1)
    assert Deciding(lives.office, Random(1)).decide(lives.workers[0], "sign", pact) == "done"
    assert pact.had(box.bank, box.number)
    town.hours(0.1)
    for _ in range(2):  # one presentation, one door: the other one is their former locker
        lives._people._present(holder, holder.cards[0], box.bank)
        town.hours(0.1)
    assert box.inside is pact
    return box, pact


def _put_back(town: FaultyTown, pact: Pact) -> None:
    town.hours(3)
    assert pact.state(town.world.gateway.now()) is Life.DRAFT


def _compared(town: FaultyTown, pact: Pact) -> None:
    _put_back(town, pact)
    town.schedule.reconcile()
    town.hours(1)


def _looked(town: FaultyTown, box: Box) -> None:
    """As staff do who are told why the locker is not free."""
    lives = town.town
    lives.office.hear()
    while box.lacking(town.world.gateway.now()):
        assert Belongings(lives.office, Random(1)).look(lives.workers[0], box) == "done"


@pytest.mark.parametrize("silenced", ["entries", "list", None])
def test_a_locker_that_a_restored_gateway_takes_for_one_that_nobody_had_is_not_given_before_a_look(
    silenced: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if silenced == "entries":
        monkeypatch.setattr(withdrawn, "note_badges", lambda *_: None)
    if silenced == "list":
        monkeypatch.setattr(reconcile, "note_grants", lambda *_: None)
    with faulty_town(3) as town:
        box, pact = _signed_and_forgotten(town)
        _compared(town, pact)
        assert _given(town, box, pact) == "locker_not_ready"
        _looked(town, box)
        assert box.inside is None
        assert _assigning(town).assign(town.town.workers[0], _other(town, pact), box) == "done"
        assert town.found() == set(), town.world.violations


@pytest.mark.parametrize("told_by", ["entries", "list"])
def test_that_it_is_given_with_things_inside_once_the_bank_has_told_is_found(
    told_by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(withdrawn, "note_badges", lambda *_: None)
    monkeypatch.setattr(reconcile, "note_grants", lambda *_: None)
    with faulty_town(3) as town:
        box, pact = _signed_and_forgotten(town)
        if told_by == "list":
            box.left_by = None
        _compared(town, pact)
        assert box.named is pact
        if told_by == "entries":
            box.named = None
        assert _given(town, box, pact) == "done"
        assert "belongings" in town.found()


def test_a_locker_of_which_its_bank_has_not_told_yet_is_nobodys_lie() -> None:
    with faulty_town(3) as town:
        box, pact = _signed_and_forgotten(town)
        town.begin("link_cut", hours=12)
        _put_back(town, pact)
        assert _given(town, box, pact) == "done"
        assert town.found() == set(), town.world.violations


def test_things_of_somebody_whose_time_in_the_locker_a_restored_gateway_knows_are_found() -> None:
    with faulty_town(3) as town:
        lives = town.town
        pact = next(one for one in lives.records.pacts.values() if one.state(town.world.gateway.now()) is Life.ACTIVE)
        box = lives.records.boxes[pact.present.bank, pact.present.number]
        town.begin("database_restored", hours=2)
        town.hours(3)
        assert lives.office.loose
        box.inside = None
        for action in ("end", "emptied"):
            assert Deciding(lives.office, Random(1)).decide(lives.workers[0], action, pact) == "done"
        assert Belongings(lives.office, Random(1)).look(lives.workers[0], box) == "done"
        town.hours(24)
        assert _given(town, box, pact) == "done"
        assert "belongings" in town.found()


def test_things_inside_are_found_where_no_gateway_was_put_back() -> None:
    with faulty_town(3) as town:
        box, holder = _never_had(town), next(iter(town.town.records.people.values()))
        assert _given(town, box, holder.pacts[-1]) == "done"
        assert "belongings" in town.found()


def test_a_draft_that_is_signed_when_its_time_is_over_gives_nobody_the_locker() -> None:
    with faulty_town(3) as town:
        box, now = _never_had(town), town.world.gateway.now()
        box.inside = pact = next(one for one in town.town.records.pacts.values() if one.state(now) is Life.ACTIVE)
        over = replace(pact, id="over", until_at=now - 2 * DAY, collect_until=now - DAY)
        judge_given(town.town.office, box, over, now)
        assert town.found() == set()
        judge_given(town.town.office, box, replace(over, collect_until=now + DAY), now)
        assert "belongings" in town.found(), "but in its time to collect it has it"


def test_things_of_two_whom_a_restored_gateway_knows_are_found_in_one_locker() -> None:
    with faulty_town(3) as town:
        lives = town.town
        pact = next(one for one in lives.records.pacts.values() if one.state(town.world.gateway.now()) is Life.ACTIVE)
        holder, box = (
            lives.records.people[pact.parts[0].person],
            lives.records.boxes[pact.present.bank, pact.present.number],
        )
        town.begin("database_restored", hours=2)
        town.hours(3)
        assert lives.office.loose
        town.schedule.reconcile()
        town.hours(1)
        before = replace(pact, id="before")
        box.inside = before
        lives._people._present(holder, holder.cards[0], box.bank)
        town.hours(0.1)
        assert box.inside is pact
        assert "belongings" in town.found()


def _ended_by_a_clock_that_is_behind(town: FaultyTown) -> tuple[Box, Pact]:
    """Somebody with things inside, of whom their bank has told; by the gateway's clock their first day is to come."""
    lives, gateway = town.town, town.world.gateway
    holder = next(one for one in lives.records.people.values() if one.pact and one.pact.signed_at and one.cards)
    pact = holder.pacts[-1]
    box = lives.records.boxes[pact.present.bank, pact.present.number]
    lives._people._present(holder, holder.cards[0], box.bank)
    town.hours(12)
    assert box.inside is pact
    gateway.clock_ms = -30 * DAY
    assert pact.state(gateway.now()) is Life.UPCOMING
    assert Deciding(lives.office, Random(1)).decide(lives.workers[0], "end", pact) == "done"
    gateway.clock_ms = 0
    return box, pact


def test_a_locker_whose_holder_a_clock_that_is_behind_ended_is_not_given_before_a_look() -> None:
    with faulty_town(3) as town:
        box, pact = _ended_by_a_clock_that_is_behind(town)
        assert _given(town, box, pact) == "locker_not_ready"


def test_a_holder_who_is_ended_as_if_they_had_never_come_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "begin_if_let_in", lambda *_: None)
    with faulty_town(3) as town:
        box, pact = _ended_by_a_clock_that_is_behind(town)
        assert _given(town, box, pact) == "done"
        assert "belongings" in {violation.invariant for violation in town.town.office.violations}
