"""What a bank keeps beside a new list: who drops a dead badge, or keeps a forgotten holder too long or too briefly."""

import pytest

from controller import carried_over
from simulator.world.lives.badge_desk import BadgeDesk
from simulator.world.world import DAY_MS
from tests.simulation.faulty_town import FaultyTown, faulty_town


def _forgotten(town: FaultyTown) -> set[str]:
    town.begin("list_forgets", hours=6)
    town.hours(8)
    assert town.world.counts["ways kept"] > 0
    return town.found()


@pytest.mark.parametrize("days", [1, 30])
def test_a_bank_that_keeps_a_forgotten_holder_for_other_than_three_days_is_found(
    monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    monkeypatch.setattr(carried_over, "VANISHED_KEPT_MS", days * DAY_MS)
    with faulty_town(3) as town:
        assert "carried" in _forgotten(town)


def test_a_bank_that_keeps_them_for_three_days_is_not() -> None:
    with faulty_town(3) as town:
        assert _forgotten(town) == set(), town.world.violations


def _revoked_and_mutilated(town: FaultyTown) -> set[str]:
    desk = BadgeDesk(town.town.office, town.town.luck("blocking"), None)  # type: ignore[arg-type]
    card = next(card for one in town.town.records.people.values() for card in one.cards)
    assert desk.revoke(town.town.workers[0], card, "lost") == "done"
    town.hours(2)
    return _forgotten(town)


def test_a_bank_that_forgets_a_dead_badge_with_its_list_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carried_over, "_dead", lambda *_: ())
    with faulty_town(3) as town:
        assert "carried" in _revoked_and_mutilated(town)


def test_a_bank_that_keeps_it_dead_is_not() -> None:
    with faulty_town(3) as town:
        assert _revoked_and_mutilated(town) == set(), town.world.violations
