"""A gateway that comes up with its clock behind: whoever has just got a locker that was looked into gets in."""

from simulator.world.lives.arrivals import Term
from simulator.world.lives.calendar import day_of, days_on
from tests.simulation.faulty_town import faulty_town
from tests.simulation.test_looks import comes, emptied


def test_a_gateway_that_comes_up_with_its_clock_behind_shuts_nobody_out_of_the_locker_they_have_got() -> None:
    with faulty_town(3) as town:
        pact, box = emptied(town)
        lives, arrivals = town.town, town.town._arrivals
        arrivals.term = lambda now: Term(day_of(now), days_on(day_of(now), 30), draft=False)  # type: ignore[method-assign]
        # Whose badge opens nothing else.
        others = [one for one in lives.records.people.values() if one.pact is not None and one.pact.signed_at is None]
        other = next(one for one in others if one.cards)
        assert arrivals.reassign(lives.workers[0], pact, other) == "done"
        given = other.pact
        assert given is not None
        town.hours(0.2)
        comes(town, given, box)
        town.begin("gateway_slow", hours=1)
        town.hours(0.5)
        comes(town, given, box)
        town.hours(24)
        comes(town, given, box)
        assert town.found() == set(), town.world.violations
