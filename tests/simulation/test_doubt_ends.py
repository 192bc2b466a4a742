"""Once a gateway that was put back, or ahead, is in order again, what it decides is judged to the letter again."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec import structs

from gateway.access import lists
from gateway.access.grants import Lines, contract_lines
from gateway.link.publisher import Publisher
from simulator.world.lives.badge_desk import BadgeDesk
from simulator.world.lives.deciding import Deciding
from simulator.world.lives.pacts import Pact
from simulator.world.lives.people import Presented
from simulator.world.lives.records import Someone
from tests.simulation.faulty_town import FaultyTown, faulty_town
from tests.simulation.test_looks import First

BANK = "bank-1"
LINES = contract_lines
Befalls = Callable[[FaultyTown], None]


class Late(First):
    """Whoever decides by it takes the last day that there is."""

    def randint(self, a: int, b: int) -> int:
        return b


def _decide(town: FaultyTown, action: str, pact: Pact) -> None:
    assert Deciding(town.town.office, Late()).decide(town.town.workers[0], action, pact) == "done"


def _comes(town: FaultyTown, someone: Someone, which: int = 0) -> bool:
    """Whether that badge of theirs is let in."""
    seen: list[Presented] = []
    answered = town.town.answered

    def note(asked: Presented) -> None:
        seen.append(asked)
        answered(asked)

    with pytest.MonkeyPatch.context() as watched:
        watched.setattr(town.town, "answered", note)
        town.town._people._present(someone, someone.cards[which], BANK)
        town.hours(0.01)
    return next(asked.let_in for asked in seen if asked.card is someone.cards[which])


def _block(town: FaultyTown, someone: Someone) -> None:
    desk = BadgeDesk(town.town.office, First(), None)  # type: ignore[arg-type]
    assert desk.revoke(town.town.workers[0], someone.cards[0], "lost") == "done"


def _people(town: FaultyTown) -> Iterator[tuple[Someone, Pact]]:
    """Who has a locker, the contract longest first."""
    known = [(one, one.pact) for one in town.town.records.people.values() if one.cards and one.pact is not None]
    now = town.world.gateway.now()
    here = [(one, pact) for one, pact in known if pact.signed_at and pact.from_at <= now]
    return iter(sorted(here, key=lambda each: -each[1].until_at))


def _put_back(town: FaultyTown) -> None:
    """To before somebody was suspended."""
    town.begin("database_restored", hours=12)
    town.hours(1)
    *_, (_, pact) = _people(town)
    _decide(town, "suspend", pact)
    town.hours(24)
    town.schedule.reconcile()
    town.hours(1)
    assert pact.undone


def _ahead(town: FaultyTown) -> None:
    town.begin("gateway_fast", hours=2)
    town.hours(24)


BOTH = pytest.mark.parametrize("befalls", [_put_back, _ahead])


def _blocked(town: FaultyTown, befalls: Befalls) -> tuple[Someone, Pact]:
    """Somebody's badge is blocked after that; and somebody else is suspended, which makes a list."""
    befalls(town)
    here = _people(town)
    someone, _ = next(here)
    _block(town, someone)
    return someone, next(here)[1]


def _resumed(town: FaultyTown, befalls: Befalls) -> tuple[Someone, Pact]:
    """Somebody is suspended after that, and their contract taken up again."""
    befalls(town)
    someone, pact = next(_people(town))
    for action in ("suspend", "resume"):
        town.hours(1)
        _decide(town, action, pact)
    return someone, pact


@BOTH
def test_what_is_decided_once_the_doubt_is_over_acts(befalls: Befalls) -> None:
    with faulty_town(3) as town:
        someone, other = _blocked(town, befalls)
        _decide(town, "suspend", other)
        town.hours(72)
        judged = town.town._access.exactly
        assert not _comes(town, someone)
        assert town.town._access.exactly == judged + 1
        assert town.found() == set(), town.world.violations
    with faulty_town(3) as town:
        someone, _ = _resumed(town, befalls)
        town.hours(1)
        assert _comes(town, someone)
        assert town.found() == set(), town.world.violations


@BOTH
def test_a_revocation_after_it_that_reaches_no_list_is_found(befalls: Befalls, monkeypatch: pytest.MonkeyPatch) -> None:
    with faulty_town(3) as town:
        befalls(town)
        monkeypatch.setattr(Publisher, "publish_access", lambda *_: None)
        someone, _ = next(_people(town))
        _block(town, someone)
        town.hours(72)
        assert _comes(town, someone)
        assert town.found() == {"access"}


@BOTH
def test_a_revocation_after_it_that_the_next_list_does_not_say_is_found(
    befalls: Befalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgetful(contract: Any, badges: Any, *others: Any) -> Any:
        alive = {owner: [structs.replace(badge, revoked_at=None) for badge in each] for owner, each in badges.items()}
        return LINES(contract, alive, *others)

    with faulty_town(3) as town:
        befalls(town)
        monkeypatch.setattr(lists, "contract_lines", forgetful)
        here = _people(town)
        someone, _ = next(here)
        _block(town, someone)
        _decide(town, "suspend", next(here)[1])
        town.hours(1)
        assert _comes(town, someone)
        assert town.found() == {"access"}


@BOTH
def test_whoever_is_shut_out_although_their_contract_was_taken_up_again_is_found(
    befalls: Befalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty_town(3) as town:
        someone, pact = _resumed(town, befalls)
        monkeypatch.setattr(
            lists, "contract_lines",
            lambda contract, *others: Lines([], []) if contract.id == pact.id else LINES(contract, *others),
        )  # fmt: skip
        _decide(town, "leave_notice", pact)
        town.hours(100)
        assert not _comes(town, someone)
        assert "access" in town.found()


def test_whose_badge_a_gateway_has_forgotten_is_owed_nothing_while_there_are_two_of_it() -> None:
    with faulty_town(3) as town:
        town.begin("database_restored", hours=12)
        town.hours(1)
        someone, pact = next(_people(town))
        desk = BadgeDesk(town.town.office, First(), None)  # type: ignore[arg-type]
        assert desk.give(town.town.workers[0], someone, someone.cards[0].site) == "done"
        town.hours(24)
        town.schedule.reconcile()
        town.hours(24)
        assert someone.cards[-1].given_lost
        town.begin("gateway_split", hours=150)
        town.hours(0.1)
        _decide(town, "leave_notice", pact)
        town.hours(100)  # what a list does not say any more is kept for 72 hours
        assert someone.cards[-1].id not in town.town._access.disputed
        assert not _comes(town, someone, -1)
        assert town.found() == set(), town.world.violations
