"""Whole contracts are lived through the gateway's own services, and whatever was not decided is found."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.access.changes import access_changed
from gateway.contracts import service
from gateway.contracts.states import TRANSITIONS
from gateway.link.publisher import Publisher
from simulator.world.invariants.contracts import ContractJudge, covered
from simulator.world.invariants.figures import FigureJudge
from simulator.world.lives.belongings import Belongings
from simulator.world.lives.pacts import Life
from simulator.world.lives.staff import Tempo
from tests.simulation.small_town import World, small_town

ROOT = Path(__file__).parents[2]
SEEDS = (46, 49)


@pytest.fixture(scope="module")
def lived() -> Iterator[World]:
    """Five days of two small banks with busy staff."""
    with small_town(31) as world:
        world.days(5)
        yield world


def test_people_and_staff_live_for_days_and_nothing_is_found(lived: World) -> None:
    assert lived.found == []
    assert lived.town.counts["let_in"] > 20
    assert lived.town.counts["turned_away"] > 10
    assert lived.town.counts["open: opened"] > 0
    assert lived.town.counts["end: done"] > 0


def test_two_who_decide_on_one_contract_at_once_do_not_both_win(lived: World) -> None:
    assert sum(count for what, count in lived.town.counts.items() if what.endswith("changed_meanwhile")) > 0


def test_every_figure_of_a_report_is_what_is_counted_from_what_was_done(lived: World) -> None:
    judged = FigureJudge(lived.town.office, lived.town.schemes)
    for seed in range(5):
        judged.judge(lived.town.luck(f"figures {seed}"))
    assert lived.town.office.violations == []


def test_lives_take_every_transition_that_a_contract_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    # What is decided is the claim here, not what banks are told of it.
    monkeypatch.setattr(Publisher, "publish_access", lambda *_: None)
    taken: set[tuple[str, str]] = set()
    for seed in SEEDS:
        with small_town(seed, lockers=8, tempo=Tempo(acts_a_day=100, term_days=9), people=False) as world:
            world.days(8)
            assert world.found == []
            taken |= covered(world.town.office)
    assert {(state.value, action.value) for state, action in TRANSITIONS} - taken == set()


def test_one_seed_is_one_life_in_any_process_whatever_its_hash_seed() -> None:
    command = [sys.executable, "-m", "tests.simulation.small_town", "5"]
    lives = [
        subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, stdout=subprocess.PIPE)
        for seed in ("1", "77")
    ]
    first, second = (life.communicate()[0] for life in lives)
    assert first == second
    assert len(first.split()) == 2


def test_while_the_gateway_is_down_staff_try_again_and_doors_go_on_opening() -> None:
    with small_town(6) as world:
        world.days(1)
        world.gateway.crash()
        before = world.town.counts["let_in"]
        world.days(1)
        assert world.town.counts["let_in"] > before
        later = sum(count for what, count in world.town.counts.items() if what.endswith(": later"))
        assert later > 0
        world.gateway.start()
        world.days(1)
        assert world.found == []
        assert world.town.counts["renew: done"] > 0


# What a judge that never finds anything would let pass


@pytest.fixture(scope="module")
def kept(lived: World) -> World:
    """Belongings of somebody are in safekeeping."""
    records, office, who = lived.town.records, lived.town.office, lived.town.workers[0]
    belongings = Belongings(office, lived.town.luck("planting"))
    pact = next(
        pact
        for pact in records.pacts.values()
        if pact.state(lived.loop.now_ms) is Life.ACTIVE and len(pact.holds) == 1 and not pact.stopped
    )
    box = records.boxes[pact.present.bank, pact.present.number]

    def ended(_: object, at: int) -> None:
        pact.end(at, 0)
        pact.say_how({"prison"}, "unknown", "unknown", "unknown")
        pact.decided(at, who, "end", "prison")

    lived.loop.run_until(lived.loop.now_ms + 10)
    assert office.act(
        who, "end",
        lambda session, at: service.end(session, pact.id, reason="prison", collect_days=0, actor=who, now=at), ended,
    ) == "done"  # fmt: skip
    box.inside = pact
    assert belongings.begin(who, pact, box) == "done"
    found = next(one for one in records.kept.values() if one.pact is pact and one.step != "closed")
    while found.step != "keeping":
        lived.loop.run_until(lived.loop.now_ms + 10)
        belongings.go_on(who, found)
    return lived


def _without_triggers(world: World, *statements: str) -> None:
    with world.gateway.storage.database.writing() as session:
        for name in session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
            session.execute(text(f'DROP TRIGGER "{name}"'))
        for statement in statements:
            assert session.execute(text(statement)).rowcount != 0, statement  # type: ignore[attr-defined]


GIVEN_TWICE = (
    "INSERT INTO holding SELECT 'h' || substr(id, 2), (SELECT max(contract_id) FROM holding AS other WHERE "
    "other.locker_id <> holding.locker_id), locker_id, from_at, until_at, NULL FROM holding "
    "WHERE until_at > from_at ORDER BY until_at DESC LIMIT 1"
)
ONE_LINE_LESS = "DELETE FROM kept_thing WHERE id = (SELECT max(id) FROM kept_thing)"
ENDED_BY_NOBODY = (
    "UPDATE contract SET until_at = from_at, collect_until = from_at WHERE id = "
    "(SELECT id FROM contract ORDER BY collect_until DESC LIMIT 1)"
)
NO_REASON = "UPDATE transition SET reason = NULL WHERE action = 'end'"
SOMEBODY_ELSE = "UPDATE transition SET author = 'somebody' WHERE action = 'renew'"
NO_TRACE = "DELETE FROM transition WHERE action = 'suspend'"
AWAY_WITH_IT = (
    "UPDATE kept_thing SET kind = 'papers', outcome = 'disposed', outcome_at = 1, singly = 1 WHERE outcome IS NULL"
)


@pytest.mark.parametrize(
    ("planted", "invariant"),
    [
        (GIVEN_TWICE, "one_holder"),
        (ENDED_BY_NOBODY, "decided"),
        (NO_REASON, "transitions"),
        (SOMEBODY_ELSE, "transitions"),
        (NO_TRACE, "transitions"),
        (ONE_LINE_LESS, "belongings"),
        (AWAY_WITH_IT, "belongings"),
    ],
)
def test_what_nobody_decided_is_found_in_the_gateways_rows(kept: World, planted: str, invariant: str) -> None:
    office, saved = kept.town.office, kept.gateway.storage.backup()
    told = len(office.violations)
    ContractJudge(office).judge(kept.loop.now_ms)
    assert office.violations[told:] == []
    try:
        _without_triggers(kept, planted)
        ContractJudge(office).judge(kept.loop.now_ms)
        assert invariant in {violation.invariant for violation in office.violations[told:]}
    finally:
        kept.gateway.storage.restore(saved)
        del office.violations[told:]


@pytest.mark.parametrize(
    "planted",
    [
        "UPDATE contact SET kind = 'seen' WHERE kind <> 'seen'",
        "DELETE FROM end_reason WHERE reason <> 'x'",
        "UPDATE holding SET until_at = until_at - 3600000 WHERE until_at - 3600000 > from_at",
        "UPDATE step SET topic = 'work' WHERE topic <> 'work'",
        "DELETE FROM party WHERE until_at IS NULL",
    ],
)
def test_a_figure_that_is_not_what_was_done_is_found(kept: World, planted: str) -> None:
    office, saved = kept.town.office, kept.gateway.storage.backup()
    told = len(office.violations)
    try:
        _without_triggers(kept, planted)
        for seed in range(12):
            FigureJudge(office, kept.town.schemes).judge(kept.town.luck(f"planted {seed}"))
        assert {violation.invariant for violation in office.violations[told:]} == {"figures"}
    finally:
        kept.gateway.restore(saved)  # whose process kept what was planted, too
        kept.gateway.start()
        del office.violations[told:]


def _everyone_shut_out(world: World) -> None:
    """The lists lose their grants, and nobody decided that."""
    _without_triggers(
        world, f"UPDATE badge SET revoked_at = {world.loop.now_ms}, revoked_why = 'lost' WHERE person_id IS NOT NULL"
    )
    with world.gateway.writing() as session:
        for bank in world.banks:
            access_changed(session, bank.name)


def _revoked_in_vain(world: World) -> None:
    """Staff blocked every badge, and no list ever said so."""
    for card in world.town.records.cards.values():
        card.dead_at = card.dead_at or 1


@pytest.mark.parametrize(
    ("planted", "text_of_it"),
    [(_everyone_shut_out, "was shut out"), (_revoked_in_vain, "was let in")],
)
def test_access_lost_or_kept_without_a_decision_is_found(planted: Callable[[World], None], text_of_it: str) -> None:
    with small_town(8, tempo=Tempo(acts_a_day=0.001)) as world:
        world.days(1)
        assert world.found == []
        planted(world)
        world.days(2)
        assert any(text_of_it in violation.text for violation in world.found if violation.invariant == "access")
