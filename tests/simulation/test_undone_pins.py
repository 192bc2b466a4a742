"""A PIN that staff cleared and a restored database brings back: the bank asks for it, and nobody is to blame."""

import pytest

from gateway.badges import pins
from simulator.world.invariants.access import AccessJudge
from tests.simulation.faulty_town import FaultyTown, faulty_town


def _comes_without_a_pin(town: FaultyTown) -> int:
    """A badge's PIN is cleared and the database put back to before that; the badge comes. How often it was let in."""
    someone = next(iter(town.town.records.people.values()))
    card, office, who = someone.cards[0], town.town.office, town.town.workers[-1]
    keys = office.gateway.keystore
    assert office.act(
        who, "pin",
        lambda session, at: pins.set_pin(session, keys, card.id, pin="4321", actor=who, now=at),
        lambda _, at: card.pins.append((at, "4321")),
    ) == "done"  # fmt: skip
    town.hours(1)
    town.begin("database_restored", hours=3)
    town.hours(1)
    assert office.act(
        who, "pin",
        lambda session, at: pins.clear_pin(session, card.id, actor=who, now=at),
        lambda _, at: card.pins.append((at, None)),
    ) == "done"  # fmt: skip
    town.hours(4)
    town.schedule.reconcile()
    town.hours(4)
    before = town.world.counts["releases"]
    town.town._people._present(someone, card, town.world.controllers[0].name)
    town.hours(0.1)
    return town.world.counts["releases"] - before


def test_a_pin_that_a_restore_brought_back_is_asked_for_and_is_nobodys_fault() -> None:
    with faulty_town(3) as town:
        assert _comes_without_a_pin(town) == 0
        assert town.town.counts["pin_typed"] >= 1
        assert town.found() == set()


def test_without_that_excuse_the_holder_who_does_not_know_the_pin_waits_for_a_door(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(AccessJudge, "must", lambda judge, asked: judge._may_and_must(asked)[1])
    with faulty_town(3) as town:
        assert _comes_without_a_pin(town) == 0
        assert town.found() == {"prompt"}
