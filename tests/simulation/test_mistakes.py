"""What must be refused is asked for in the world, too: whoever gives it is found."""

from typing import Any

import pytest

from controller import access, commands, presentations
from controller.access import AccessIndex, Denied, Granted
from controller.inputs import Moment
from gateway.contracts import holdings
from simulator.world.lives.deciding import Deciding
from simulator.world.lives.openings import Openings
from simulator.world.lives.pacts import Life
from tests.simulation.faulty_town import FaultyTown, faulty_town


def _emptied(town: FaultyTown) -> None:
    """One holder is gone, and nobody has looked at more than that the locker is empty."""
    lives, now = town.town, town.world.gateway.now()
    pact = next(one for one in lives.records.pacts.values() if one.state(now) is Life.ACTIVE)
    lives.records.boxes[pact.present.bank, pact.present.number].inside = None
    deciding = Deciding(lives.office, lives.luck("emptying"))
    assert deciding.decide(lives.workers[0], "end", pact) == "done"
    town.hours(0.1)
    assert deciding.decide(lives.workers[0], "emptied", pact) in ("done", "transition")


def _asked(town: FaultyTown, times: int) -> set[str]:
    outcomes = set()
    for _ in range(times):
        outcomes.add(town.town.mistakes.ask())
        town.hours(0.01)
    return outcomes


def _violated(town: FaultyTown) -> set[str]:
    town.world.violations += town.town.judge(town.world.now_ms)
    return {violation.invariant for violation in town.world.violations}


def test_a_locker_that_is_held_or_was_not_looked_into_is_given_to_nobody() -> None:
    with faulty_town(3) as town:
        _emptied(town)
        assert {"locker_taken", "locker_not_ready"} <= _asked(town, 60)
        assert _violated(town) == set()


@pytest.mark.parametrize("rule", ["refuse_overlap", "require_ready"])
def test_whoever_gives_it_all_the_same_is_found(monkeypatch: pytest.MonkeyPatch, rule: str) -> None:
    monkeypatch.setattr(holdings, rule, lambda *_: None)
    with faulty_town(3) as town:
        _emptied(town)
        assert _asked(town, 60) & {"done", "defect"}, "the database stands behind one of them"
        assert _violated(town) & {"belongings", "defect"}


def _tapped(town: FaultyTown) -> set[str]:
    town.hours(3)
    for _ in range(3):
        assert town.town.mistakes.tap() == "done"
        town.hours(0.1)
    return _violated(town)


def test_a_staff_badge_that_is_shown_opens_nothing() -> None:
    with faulty_town(3) as town:
        assert _tapped(town) == set()
        assert town.town.counts["staff badges shown"] == 3


def test_a_staff_badge_that_opens_by_itself_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def opens(digest: str, index: AccessIndex, now: Moment) -> Granted | Denied:
        decision = access.decide(digest, index, now)
        if isinstance(decision, Denied) and decision.why == "staff_badge":
            grants = access.leased_grants(digest, index, now)
            return Granted(tuple((locker, grant) for grant in grants for locker in grant.lockers))
        return decision

    monkeypatch.setattr(presentations, "decide", opens)
    with faulty_town(3) as town:
        assert "access" in _tapped(town)


def _ordered_twice(town: FaultyTown) -> set[str]:
    """A door is opened from the desk, is shut again, and the broker brings the same order once more."""
    town.hours(3)
    town.world.broker.mischief.set({"double": 1.0}, frozenset({"commands"}))
    box = next(box for box in town.town.records.boxes.values() if box.free(town.world.gateway.now()))
    town.world.controllers[0].doors.by_number[box.number].dwell(1_000)
    for _ in range(20):
        assert Openings(town.town.office, town.town.luck("opening")).open(town.town.workers[0], box) == "asked"
        town.hours(0.2)
    assert town.world.mischief.done["double"] >= 20
    return _violated(town)


def test_an_order_that_comes_twice_opens_once() -> None:
    with faulty_town(3) as town:
        assert _ordered_twice(town) == set()


def test_an_order_that_is_carried_out_twice_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    take = commands.Commands.receive

    def forgets(self: commands.Commands, *facts: Any) -> None:
        self._seen.clear()
        take(self, *facts)

    monkeypatch.setattr(commands.Commands, "receive", forgets)
    with faulty_town(3) as town:
        assert "permission" in _ordered_twice(town)
