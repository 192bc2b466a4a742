"""A locker looked into before its holder last came is not given to anybody; a world in which it is, is found out."""

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

import pytest

from gateway.ingest import effects
from gateway.link import steps
from simulator.world.lives.arrivals import Term
from simulator.world.lives.belongings import Belongings
from simulator.world.lives.calendar import day_of, days_on
from simulator.world.lives.deciding import Deciding
from simulator.world.lives.pacts import Life, Pact
from simulator.world.lives.records import Box
from tests.simulation.faulty_town import FaultyTown, faulty_town

T = TypeVar("T")
Befalls = Callable[[FaultyTown], tuple[Pact, Box]]


class First(Random):
    """Whoever decides by it takes what comes first; whoever comes by it leaves their things inside."""

    def random(self) -> float:
        return 0.75

    def choice(self, seq: Sequence[T]) -> T:  # type: ignore[override]
        return seq[0]


def active(town: FaultyTown) -> list[Pact]:
    now, people = town.world.gateway.now(), town.town.records.people.values()
    pacts = [someone.pact for someone in people if someone.cards and someone.pact is not None]
    return [pact for pact in pacts if pact.state(now) is Life.ACTIVE]


def emptied(town: FaultyTown) -> tuple[Pact, Box]:
    """Somebody's contract is ended and their locker confirmed empty, as it is, clean and sound."""
    lives, pact = town.town, active(town)[0]
    box = lives.records.boxes[pact.present.bank, pact.present.number]
    box.inside = None
    for action in ("end", "emptied"):
        assert Deciding(lives.office, First()).decide(lives.workers[0], action, pact) == "done"
    assert Belongings(lives.office, First()).look(lives.workers[0], box) == "done"
    return pact, box


def comes(town: FaultyTown, pact: Pact, box: Box) -> None:
    someone = town.town.records.people[pact.parts[0].person]
    someone.body = First()
    before = town.town.counts["let_in"]
    town.town._people._present(someone, someone.cards[0], box.bank)
    town.hours(0.1)
    assert town.town.counts["let_in"] == before + 1
    box.inside = pact


def _by_a_clock_ahead(town: FaultyTown) -> tuple[Pact, Box]:
    """What the gateway has dated twenty hours ahead the bank follows to the minute, once it hears of it again."""
    town.begin("gateway_fast", hours=2)
    town.hours(1)
    pact, box = emptied(town)
    town.hours(2)
    assert Deciding(town.town.office, First()).decide(town.town.workers[0], "leave_notice", active(town)[-1]) == "done"
    town.hours(1)
    comes(town, pact, box)
    return pact, box


def _out_of_touch(town: FaultyTown) -> tuple[Pact, Box]:
    """A bank that has not heard lets the holder in, and tells of it later."""
    town.begin("link_cut", hours=2)
    town.hours(1)
    pact, box = emptied(town)
    comes(town, pact, box)
    return pact, box


def _given(town: FaultyTown, befalls: Befalls) -> str:
    """Whether the locker goes to somebody else a day later."""
    pact, box = befalls(town)
    town.hours(24)
    lives, arrivals = town.town, town.town._arrivals
    arrivals.term = lambda now: Term(day_of(now), days_on(day_of(now), 30), draft=False)  # type: ignore[method-assign]
    other = next(one for one in lives.records.people.values() if one.id != pact.parts[0].person)
    box.inside = pact
    return arrivals.reassign(lives.workers[0], pact, other)


BOTH = pytest.mark.parametrize("befalls", [_by_a_clock_ahead, _out_of_touch])


@BOTH
def test_a_locker_whose_holder_came_after_the_look_is_not_given(befalls: Befalls) -> None:
    with faulty_town(3) as town:
        assert _given(town, befalls) == "locker_not_ready"
        assert town.found() == set()


@BOTH
def test_that_it_is_given_with_things_inside_is_found(befalls: Befalls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effects, "note_uses", lambda *_, **__: None)
    monkeypatch.setattr(steps, "withdraw_looks", lambda *_: 0)
    with faulty_town(3) as town:
        assert _given(town, befalls) == "done"
        assert "belongings" in town.found()
