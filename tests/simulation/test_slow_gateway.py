"""A gateway that comes up with its clock behind: whoever has just got a locker that was looked into gets in."""

from simulator.world.lives.arrivals import Term
from simulator.world.lives.badge_desk import BadgeDesk
from simulator.world.lives.calendar import day_of, days_on
from simulator.world.world import DAY_MS
from tests.simulation.faulty_town import faulty_town
from tests.simulation.test_doubt_ends import _comes, _people
from tests.simulation.test_looks import First, comes, emptied


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


def test_a_badge_that_a_gateway_with_its_clock_behind_has_given_is_in_no_list_from_before_whatever_its_number() -> None:
    with faulty_town(3) as town:
        town.hours(24)
        gateway = town.world.gateway
        town.world.network.cut(town.world.controllers[0].client)
        gateway.crash()
        someone, pact = next(_people(town))
        gateway.clock_ms = -5 * DAY_MS
        town.town.clock_wrong()
        gateway.start()
        (site,) = {box.site for box in town.town.records.boxes.values() if box.bank == pact.present.bank}
        desk = BadgeDesk(town.town.office, First(), None)  # type: ignore[arg-type]
        assert desk.give(town.town.workers[0], someone, site) == "done"
        town.town.clock_right()
        gateway.clock_ms = 0
        assert not _comes(town, someone, which=-1)
        assert town.world.violations + town.town.judge(town.world.now_ms) == []
