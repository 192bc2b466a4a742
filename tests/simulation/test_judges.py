"""The world's invariants see: each is shown a town in which its rule is broken, and one in which it holds."""

from typing import Any

import pytest
from sqlalchemy.orm import Session

from controller import access, carried_over, pin_entry
from controller.access_lists import AccessLists
from controller.bay import State
from controller.inputs import ListReceived
from controller.presentations import STRANGERS
from controller.releases import Releases
from controller.request import Request
from controller.turn import Turn
from gateway.access import reconcile, service
from gateway.badges import enrolling
from gateway.badges import service as badges
from gateway.incidents import exclusions
from gateway.link import publisher
from gateway.link.presence import Presence
from simulator.world.invariants.access import AccessJudge
from simulator.world.invariants.promptly import Promptly
from simulator.world.lives import people
from simulator.world.lives.badge_desk import BadgeDesk
from simulator.world.lives.people import Presented
from simulator.world.world import DAY_MS
from tests.simulation.faulty_town import FaultyTown, faulty_town
from wire.access_list import list_hash

TAKE = enrolling.take


def _a_day_after_yesterday(town: FaultyTown) -> set[str]:
    """Everyone's badge is blocked after the gateway's database was saved; then that is put back, where staff block one
    again, and reconciled."""
    town.begin("database_restored", hours=12)
    town.hours(1)
    desk = BadgeDesk(town.town.office, town.town.luck("blocking"), None)  # type: ignore[arg-type]
    for someone in town.town.records.people.values():
        for card in someone.cards:
            assert desk.revoke(town.town.workers[0], card, "lost") == "done"
    town.hours(24)
    assert desk.revoke(town.town.workers[0], card, "lost") == "done"
    town.schedule.reconcile()
    town.hours(24)
    return town.found()


def _split(town: FaultyTown) -> set[str]:
    town.begin("gateway_split", hours=20)
    town.hours(72)
    assert town.world.counts["blocked elsewhere"] > 0
    return town.found()


def _forgotten(town: FaultyTown) -> set[str]:
    town.begin("list_forgets", hours=40)
    town.hours(48)
    assert town.world.counts["lists that forget"] == 1
    return town.found()


@pytest.mark.parametrize("befalls", [_a_day_after_yesterday, _split, _forgotten])
def test_a_gateway_that_was_put_back_split_or_forgetful_breaks_nothing(befalls: object) -> None:
    with faulty_town(3) as town:
        assert befalls(town) == set()  # type: ignore[operator]


@pytest.fixture
def let_in_by_night(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The badges that were let in while the luggage room was shut."""
    seen: set[str] = set()
    answered = AccessJudge.answered

    def answers(judge: AccessJudge, asked: people.Presented) -> None:
        if asked.let_in and people.until_open(asked.moment.at):
            seen.add(asked.card.id)
        answered(judge, asked)

    monkeypatch.setattr(AccessJudge, "answered", answers)
    return seen


def _to_the_room_at_night(town: FaultyTown) -> tuple[str, str]:
    """A badge is given, the gateway's database put back to what it was before, and the bank that follows reconciled;
    in the second night that badge and another's are held to the luggage room's reader."""
    records, room = town.town.records, town.world.controllers[1]
    here = [each for each in records.people.values() if each.pact is not None and each.pact.service == "luggage"]
    town.begin("database_restored", hours=3)
    town.hours(1)
    desk = BadgeDesk(town.town.office, town.town.luck("giving"), None)  # type: ignore[arg-type]
    assert desk.give(town.town.workers[-1], here[0], here[0].cards[0].site) == "done"
    town.hours(20)
    town.schedule.reconcile()
    town.hours(4)
    forgotten, known = here[0].cards[-1], here[1].cards[0]
    for someone, card in ((here[0], forgotten), (here[1], known)):
        town.town._people._present(someone, card, room.name)
        town.hours(0.1)
    return forgotten.id, known.id


def test_a_locker_that_only_the_bank_remembers_after_a_restore_opens_in_time() -> None:
    with faulty_town(3, lockers=24) as town:
        here = next(each for each in town.town.records.people.values() if each.pact and each.pact.signed_at)
        town.begin("database_restored", hours=3)
        town.hours(1)
        assert here.pact is not None
        assert town.town._staff._deciding.decide(town.town.workers[0], "move", here.pact) == "done"
        (_, new), doors = (hold.number for hold in here.pact.holds), town.world.controllers[0].doors.by_number
        town.hours(20)
        town.schedule.reconcile()
        town.hours(4)
        since_ms = town.world.now_ms
        for _ in range(2):
            town.town._people._present(here, here.cards[0], "bank-1")
            town.hours(0.1)
        assert doors[new].energised_ms >= since_ms
        assert town.found() == set()


def test_a_clock_that_creeps_months_ahead_ends_no_way_that_a_bank_keeps_after_a_restore(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Presented] = []
    answered = AccessJudge.answered
    monkeypatch.setattr(AccessJudge, "answered", lambda judge, one: (asked.append(one), answered(judge, one)))
    with faulty_town(3, banks=2) as town:
        forgotten, _ = _to_the_room_at_night(town)
        card = town.town.records.cards[forgotten]
        town.begin("link_cut", bank=1, hours=10)
        town.begin("clock_creeps", bank=1, hours=10)
        town.begin("power_cut", bank=1, hours=0.2)
        town.hours(8)
        town.town._people._present(town.town.records.people[str(card.owner)], card, "bank-2")
        town.hours(0.1)
        last = [one for one in asked if one.card is card][-1]
        assert last.let_in
        assert last.moment.at > town.world.now_ms + 30 * DAY_MS
        assert town.found() == set()


def test_a_bank_keeps_a_badge_that_a_restored_gateway_forgot_by_night_too(let_in_by_night: set[str]) -> None:
    with faulty_town(3, banks=2) as town:
        forgotten, known = _to_the_room_at_night(town)
        assert forgotten in let_in_by_night
        assert known not in let_in_by_night
        assert town.found() == set()


def test_a_bank_that_keeps_no_hours_after_a_restore_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "is_open", lambda *_: True)
    with faulty_town(3, banks=2) as town:
        _to_the_room_at_night(town)
        assert "access" in town.found()


def test_a_list_that_forgets_and_a_bank_that_keeps_nobody_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carried_over, "_forgotten", lambda *_, **__: [])
    with faulty_town(5) as town:
        assert "access" in _forgotten(town)


def test_a_gateway_that_signs_for_a_bank_it_does_not_know_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_hold", lambda *_: None)
    monkeypatch.setattr(Presence, "is_settled", lambda *_: True)
    with faulty_town(3) as town:
        assert "held" in _a_day_after_yesterday(town)


def test_a_reconciling_that_carries_nothing_over_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "_carry_over", lambda *_: None)
    with faulty_town(3) as town:
        assert "revocation" in _a_day_after_yesterday(town)


def _blocked_at_the_other(town: FaultyTown) -> set[str]:
    """One of two gateways blocks a badge; before the other hears of it, it sends a list of its own; the badge comes."""
    town.begin("gateway_split", hours=12)
    town.hours(0.05)
    twin, bank, office = town.world.twins[0], town.world.controllers[0], town.town.office
    first, second = [
        someone for someone in town.town.records.people.values() if someone.pact and someone.pact.service != "luggage"
    ][:2]
    with twin.writing() as session:
        badges.revoke(session, first.cards[0].id, reason="lost", actor="someone", now=twin.now())
    town.town.blocked_elsewhere(first.cards[0], twin.now())
    town.hours(0.01)
    desk = BadgeDesk(office, town.town.luck("giving"), None)  # type: ignore[arg-type]
    assert desk.give(town.town.workers[0], second, first.cards[0].site) == "done"
    town.hours(0.01)
    town.town._people._present(first, first.cards[0], bank.name)
    town.hours(0.1)
    assert bank.runtime is not None
    assert town.world.gateway.storage.connection.execute(
        "SELECT count(*) FROM issued_list WHERE version=?", (bank.runtime.bank.list_version,)
    ).fetchone() == (1,)
    return town.found()


def test_a_badge_that_one_of_two_gateways_blocked_stays_dead_although_the_other_sends_a_list() -> None:
    with faulty_town(3) as town:
        assert _blocked_at_the_other(town) == set()


def test_a_bank_that_forgets_who_is_dead_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carried_over, "_dead", lambda *_: ())
    with faulty_town(3) as town:
        assert "revocation" in _blocked_at_the_other(town)


def _replayed(town: FaultyTown) -> set[str]:
    """Everyone's badge is blocked, one list after the other; then old lists come again and again, and so do people."""
    desk = BadgeDesk(town.town.office, town.town.luck("blocking"), None)  # type: ignore[arg-type]
    for someone in town.town.records.people.values():
        for card in someone.cards:
            assert desk.revoke(town.town.workers[0], card, "lost") == "done"
        town.hours(0.2)
    town.begin("old_documents", hours=10)
    town.hours(24)
    assert town.world.counts["replayed"] > 10
    return town.found()


def test_an_old_list_that_comes_again_breaks_nothing() -> None:
    with faulty_town(3) as town:
        assert _replayed(town) == set()


def test_a_bank_that_goes_back_to_an_old_list_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def takes_any(lists: AccessLists, event: ListReceived, turn: Turn) -> None:
        name = list_hash(event.payload)
        if name != lists.hash:
            lists._accept(event, name, turn)

    monkeypatch.setattr(AccessLists, "receive", takes_any)
    with faulty_town(3) as town:
        assert {"revocation", "told"} <= _replayed(town)
        assert any("accepts list" in violation.text for violation in town.world.violations)


def _crowd(town: FaultyTown) -> set[str]:
    for _ in range(3):
        town.begin("crowd")
        town.hours(1)
    assert town.town.counts["prompt"] > 60
    return town.found()


def test_in_a_crowd_every_valid_badge_gets_its_door_within_a_minute() -> None:
    with faulty_town(4, lockers=24) as town:
        assert _crowd(town) == set()


def test_a_queue_that_forgets_somebody_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = Releases.ask

    def forgets(releases: Releases, request: Request, turn: Turn) -> None:
        if all(bay.state is State.IDLE for bay in releases._bays.values()):
            ask(releases, request, turn)

    monkeypatch.setattr(Releases, "ask", forgets)
    with faulty_town(4, lockers=24) as town:
        assert "prompt" in _crowd(town)


def test_who_stands_behind_ten_that_are_turned_away_may_wait_longer_than_a_minute_and_nobody_else() -> None:
    with faulty_town(4) as town:
        town.town.rest()
        bank = town.world.controllers[0]
        assert bank.runtime is not None
        card = next(card for someone in town.town.records.people.values() for card in someone.cards)
        asked = Presented(bank.name, card, bank.runtime.bank.list_version, bank.runtime.now(), let_in=False)
        judge = Promptly(town.town.office, town.world.banks, lambda _: True)
        for _ in range(STRANGERS):
            judge.answered(asked)
        judge.presented(asked, [1])
        town.hours(0.1)
        assert town.found() == set()
        judge.presented(asked, [1])
        town.hours(0.1)
        assert town.found() == {"prompt"}


def test_a_signing_key_that_ends_offline_ends_nobodys_access_and_is_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "SIGNING_KEY_MS", 2 * DAY_MS)
    with faulty_town(6) as town:
        bank = town.world.controllers[0]
        town.world.network.cut(bank.client)
        town.hours(72)
        before = town.town.counts["let_in"]
        town.hours(24)
        assert bank.runtime is not None
        followed, trusted = bank.runtime.bank.list_version, bank.runtime.trust.trust_version
        assert town.town.counts["let_in"] > before
        town.world.network.heal(bank.client)
        town.hours(12)
        desk = BadgeDesk(town.town.office, town.town.luck("blocking"), None)  # type: ignore[arg-type]
        card = next(card for someone in town.town.records.people.values() for card in someone.cards)
        assert desk.revoke(town.town.workers[0], card, "lost") == "done"
        town.hours(1)
        assert bank.runtime.trust.trust_version > trusted
        assert bank.runtime.bank.list_version > followed
        assert town.found() == set()


def _errands(town: FaultyTown) -> set[str]:
    """PINs for nearly everyone, some new badges, some exclusions; then people come for days."""
    errands, bank = town.town.errands, town.world.controllers[0]
    for _ in range(3):
        errands.enrol()
        town.hours(0.2)
        errands.exclude()
    for _ in range(8):
        errands.pin()
        town.hours(0.1)
    for _ in range(3):
        town.hours(12)
        town.town.crowd(bank.name, 20, 600_000, town.town.luck("crowd"))
    town.hours(12)
    return town.found()


@pytest.fixture
def clumsy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "_MISTYPED", 0.3)


@pytest.mark.usefixtures("clumsy")
def test_pins_enrolled_badges_and_exclusions_do_what_they_must() -> None:
    with faulty_town(7) as town:
        assert _errands(town) == set()
        assert {"pin: done", "enrol: done", "exclude: done", "pin_typed", "pin_mistyped"} <= set(town.town.counts)


def _for_nobody(session: Session, command_id: str, *, person_id: str | None = None, **more: Any) -> Any:
    return TAKE(session, command_id, **more)


@pytest.mark.usefixtures("clumsy")
@pytest.mark.parametrize(
    ("where", "what", "planted", "invariant"),
    [
        (pin_entry, "is_pin", lambda *_: True, "pin"),
        (pin_entry.PinEntry, "settle", lambda *_: True, "pin"),
        (enrolling, "take", _for_nobody, "access"),
        (exclusions, "hindering", lambda *_, **__: None, "exclusion"),
    ],
)
def test_an_errand_in_vain_is_found(
    monkeypatch: pytest.MonkeyPatch, where: object, what: str, planted: object, invariant: str
) -> None:
    monkeypatch.setattr(where, what, planted)
    with faulty_town(7) as town:
        assert invariant in _errands(town)


def test_nobody_has_to_get_past_a_reader_that_says_one_unknown_badge_over_and_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with faulty_town(3) as town:
        monkeypatch.setattr(town.schedule, "number_at", lambda _: "00FFFFFF01")
        town.begin("badge_repeats")
        town.hours(20 / 3_600)
        for someone in town.town.records.people.values():
            for card in someone.cards:
                town.town._people._present(someone, card, "bank-1")
        assert town.found() == set(), town.world.violations
