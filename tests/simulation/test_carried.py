"""What a bank keeps beside a new list: who drops a dead badge, or keeps a forgotten holder too long or too briefly."""

import pytest

from controller import carried_over
from gateway.access.changes import access_changed
from gateway.badges import pins
from gateway.contracts import service as contracts
from gateway.contracts.models import Contract
from gateway.days import local_day
from simulator.world.lives.badge_desk import BadgeDesk
from simulator.world.lives.records import Card, Someone
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


@pytest.mark.parametrize("keeps_shut", [True, False])
def test_a_bank_that_lets_in_whom_a_list_forgot_after_their_death_is_found(
    monkeypatch: pytest.MonkeyPatch, keeps_shut: bool
) -> None:
    if not keeps_shut:
        monkeypatch.setattr(carried_over, "_newly_shut", lambda *_, **__: [])
    with faulty_town(3) as town:
        someone = next(one for one in town.town.records.people.values() if one.pact is not None and one.pact.signed_at)
        assert someone.pact is not None
        town.hours(30)
        with town.world.gateway.writing() as session:
            contract = session.get_one(Contract, someone.pact.id)
            contract.frozen_at = town.world.gateway.now()
            access_changed(session, "bank-1")
        town.hours(0.1)
        assert not _comes(town, someone)
        town.begin("list_forgets", hours=6)
        town.hours(1)
        assert _comes(town, someone) != keeps_shut
        assert ("carried" in {one.invariant for one in town.world.violations}) != keeps_shut


def test_who_was_suspended_to_the_end_and_may_collect_when_a_list_forgets_them_is_let_in() -> None:
    """The list before is from days when they were shut out: it is judged as it stands when it is replaced."""
    with faulty_town(3) as town:
        someone = next(one for one in town.town.records.people.values() if one.pact is not None and one.pact.signed_at)
        assert someone.pact is not None
        town.hours(30)
        with town.world.gateway.writing() as session:
            contract, now = session.get_one(Contract, someone.pact.id), town.world.gateway.now()
            contracts.suspend(
                session, contract.id, reason="incident", review_on=local_day("Europe/Paris", now + 9 * DAY_MS),
                actor="test", now=now,
            )  # fmt: skip
            contract.until_at, contract.collect_until = now + DAY_MS // 6, now + 5 * DAY_MS
            access_changed(session, "bank-1")
        town.hours(0.1)
        assert not _comes(town, someone)
        town.hours(6)
        assert _comes(town, someone)
        town.begin("list_forgets", hours=6)
        town.hours(1)
        assert _comes(town, someone)
        assert "carried" not in {one.invariant for one in town.world.violations}, town.world.violations


def test_a_pin_that_a_bank_has_never_heard_of_is_not_asked_for_from_whom_a_list_forgets() -> None:
    """It keeps what it knew; the gateway is away once its lists come through."""
    with faulty_town(3) as town:
        here = [one for one in town.town.records.people.values() if one.pact is not None and one.pact.signed_at]
        town.hours(30)
        town.begin("link_cut", hours=3)
        for someone in here:
            _gets_a_pin(town, someone.cards[0])
        town.hours(1)
        town.begin("list_forgets", hours=6)
        town.hours(0.1)
        town.begin("gateway_away", hours=4)
        town.hours(3)
        assert [True] * len(here) == [_comes(town, someone) for someone in here]
        assert town.found() == set(), town.world.violations


def _gets_a_pin(town: FaultyTown, card: Card) -> None:
    office, who = town.town.office, town.town.workers[0]
    keys = office.gateway.keystore
    outcome = office.act(
        who, "pin",
        lambda session, at: pins.set_pin(session, keys, card.id, pin="2580", actor=who, now=at),
        lambda _, at: card.pins.append((at, "2580")),
    )  # fmt: skip
    assert outcome == "done"


def _comes(town: FaultyTown, someone: Someone) -> bool:
    """With their badge, to their locker; whether it opened."""
    before = town.world.counts["releases"]
    town.town._people._present(someone, someone.cards[0], "bank-1")
    town.hours(0.1)
    return town.world.counts["releases"] > before
