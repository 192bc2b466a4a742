"""After its database was put back a gateway knows what survived and what was done since: rows and figures say so."""

import pytest

from gateway.care import contacts, support
from gateway.contracts import decisions
from gateway.contracts.models import Transition
from gateway.link import publisher
from simulator.world.gateway import Gateway
from simulator.world.lives.staff import Tempo
from tests.simulation.faulty_town import FaultyTown, faulty_town

BUSY = Tempo(acts_a_day=40, term_days=4)


@pytest.fixture(autouse=True)
def unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known is the claim, not what banks are told of it."""
    monkeypatch.setattr(publisher.Publisher, "publish_access", lambda *_: None)


def _lived(town: FaultyTown) -> set[str]:
    """Two backups, of which the older comes back after the newer; before, between and after them staff are busy."""
    town.hours(6)
    town.begin("database_restored", hours=40)
    town.hours(12)
    town.begin("database_restored", hours=12)
    for _ in range(3):
        town.hours(24)
        town.schedule.reconcile()
        town.world.violations += town.town.judge(town.world.now_ms)
    for _ in range(20):
        town.world.violations += town.town.figures_by_counting()
    return {violation.invariant for violation in town.world.violations}


def test_rows_and_figures_are_what_survived_and_was_done_since() -> None:
    with faulty_town(11, tempo=BUSY) as town:
        assert _lived(town) == set(), town.world.violations
        assert any(pact.lost for pact in town.town.records.pacts.values())


def test_a_database_that_was_not_put_back_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Gateway, "restore", lambda gateway, _: gateway.crash())
    with faulty_town(11, tempo=BUSY) as town:
        assert {"decided", "transitions", "figures"} <= _lived(town)


def test_what_is_done_after_a_restore_and_not_kept_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    restore = Gateway.restore

    def forgetful(gateway: Gateway, saved: bytes) -> None:
        restore(gateway, saved)
        monkeypatch.setattr(contacts, "log_contact", lambda *_, **__: None)
        monkeypatch.setattr(support, "record_support", lambda *_, **__: None)

    monkeypatch.setattr(Gateway, "restore", forgetful)
    with faulty_town(11, tempo=BUSY) as town:
        assert _lived(town) == {"figures"}


def test_a_decision_that_nobody_signs_after_a_restore_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    restore = Gateway.restore

    def forgetful(gateway: Gateway, saved: bytes) -> None:
        restore(gateway, saved)
        monkeypatch.setattr(decisions, "Transition", lambda **facts: Transition(**{**facts, "author": "nobody"}))

    monkeypatch.setattr(Gateway, "restore", forgetful)
    with faulty_town(11, tempo=BUSY) as town:
        assert "transitions" in _lived(town)
