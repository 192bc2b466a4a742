"""A gateway that is put back is not blamed for things of which it cannot know; for those of which it can, it is."""

from random import Random

from simulator.world.lives.arrivals import Arrivals, Term
from simulator.world.lives.belongings import Belongings
from simulator.world.lives.calendar import day_of, days_on
from simulator.world.lives.deciding import Deciding
from simulator.world.lives.pacts import Life, Pact
from simulator.world.lives.records import Box
from tests.simulation.faulty_town import FaultyTown, faulty_town


def _never_had(town: FaultyTown) -> Box:
    return next(box for box in town.town.records.boxes.values() if not box.held)


def _assigning(town: FaultyTown, *, draft: bool = False) -> Arrivals:
    arrivals = town.town._arrivals
    arrivals.term = lambda now: Term(day_of(now), days_on(day_of(now), 30), draft=draft)  # type: ignore[method-assign]
    return arrivals


def _given(town: FaultyTown, box: Box, inside: Pact) -> str:
    """What is answered to whoever gives it to somebody else while those things are in it."""
    lives = town.town
    other = next(one for one in lives.records.people.values() if one.id != inside.parts[0].person)
    box.inside = inside
    return _assigning(town).assign(lives.workers[0], other, box)


def _signed_and_forgotten(town: FaultyTown) -> tuple[Box, Pact]:
    """A draft is signed after the backup, and its holder puts things inside; then the backup comes back."""
    lives, box = town.town, _never_had(town)
    holder = next(iter(lives.records.people.values()))
    assert _assigning(town, draft=True).assign(lives.workers[0], holder, box) == "done"
    pact = holder.pacts[-1]
    town.begin("database_restored", hours=2)
    town.hours(1)
    assert Deciding(lives.office, Random(1)).decide(lives.workers[0], "sign", pact) == "done"
    assert pact.had(box.bank, box.number)
    town.hours(3)
    town.schedule.reconcile()
    town.hours(1)
    assert pact.state(town.world.gateway.now()) is Life.DRAFT
    return box, pact


def test_a_locker_that_a_restored_gateway_takes_for_one_that_nobody_had_is_nobodys_lie() -> None:
    with faulty_town(3) as town:
        box, pact = _signed_and_forgotten(town)
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
