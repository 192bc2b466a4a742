"""What is told of a block: offline, held, behind with a change, perhaps copied; also by a gateway that takes over."""

from collections.abc import Callable

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from gateway.access import reconcile
from gateway.access import service as access
from gateway.access.models import Controller, IssuedList
from gateway.alerts.models import Alert
from gateway.alerts.occasions import OFFLINE_AFTER_MS, STALE_AFTER_MS, Blocks
from gateway.days import day_start
from gateway.ingest.effects import take_effect
from gateway.ingest.service import Arrived, store
from tests.unit.gateway.alerts.rounds import HOUR, MINUTE, Post, channel, round_of
from tests.unit.gateway.journal import Journal
from tests.unit.gateway.test_controllers import birth
from tests.unit.gateway.town import DAY, NOON, TODAY, ZONE, Town


def test_a_block_is_told_as_offline_after_a_while_and_not_when_it_comes_back(watched: Town, post: Post) -> None:
    heard = {watched.bank}
    blocks = Blocks(lambda bank: bank in heard).standing
    with watched.writing() as session:
        session.get_one(Controller, watched.bank).online = True
    assert round_of(watched, post, NOON, blocks) == []
    heard.clear()
    assert round_of(watched, post, NOON + 1, blocks) == []
    late = NOON + 1 + OFFLINE_AFTER_MS
    assert round_of(watched, post, late - 1, blocks) == []
    assert round_of(watched, post, late, blocks) == ["Block offline: Montreuil, Montreuil 1"]
    assert round_of(watched, post, late + HOUR, blocks) == []
    heard.add(watched.bank)
    assert round_of(watched, post, late + 2 * HOUR, blocks) == []
    with watched.reading() as session:
        assert session.scalars(select(Alert.over_at)).one() == late + 2 * HOUR


def test_a_gateway_that_takes_over_goes_on_with_what_was_told_of_a_block(watched: Town, post: Post) -> None:
    """After a restart, or beside another one: the alert is neither over nor told twice, until the block is heard."""
    heard = set[str]()
    one, other = (Blocks(lambda bank: bank in heard).standing for _gateway in range(2))
    with watched.writing() as session:
        session.get_one(Controller, watched.bank).online = True
    round_of(watched, post, NOON, one)
    late = NOON + OFFLINE_AFTER_MS
    assert round_of(watched, post, late, one) == ["Block offline: Montreuil, Montreuil 1"]
    for minute in range(40):
        now = late + minute * MINUTE
        assert round_of(watched, post, now, other) == round_of(watched, post, now + 1, one) == []
    with watched.reading() as session:
        assert session.scalars(select(Alert.over_at)).one() is None
    heard.add(watched.bank)
    round_of(watched, post, late + HOUR, other)
    with watched.reading() as session:
        assert session.scalars(select(Alert.over_at)).one() == late + HOUR


def test_a_gateway_that_starts_at_night_forgets_nothing_that_waits_for_the_morning(town: Town, post: Post) -> None:
    """It has not heard the block yet: what was said of its list still holds."""
    round_of(town, post, NOON)
    channel(town, quiet=(22 * 60, 7 * 60))
    night = day_start(ZONE, TODAY) + 23 * HOUR
    with town.writing() as session:
        session.get_one(Controller, town.bank).online = True
        session.add(IssuedList(bank_id=town.bank, version=9, hash="0", issued_at=NOON, lease_until=NOON, content="0"))
    assert round_of(town, post, night, Blocks(lambda _bank: True).standing) == []
    heard = set[str]()
    started = Blocks(lambda bank: bank in heard).standing
    assert round_of(town, post, night + HOUR, started) == []
    heard.add(town.bank)
    morning = night + 8 * HOUR
    assert round_of(town, post, morning, started) == ["A change is not in force yet: Montreuil, Montreuil 1"]


def test_a_change_that_does_not_reach_its_block_is_told(watched: Town, post: Post) -> None:
    blocks = Blocks(lambda _bank: True).standing
    with watched.writing() as session:
        session.get_one(Controller, watched.bank).online = True
        session.add(
            IssuedList(bank_id=watched.bank, version=9, hash="0", issued_at=NOON, lease_until=NOON, content="0")
        )
    assert round_of(watched, post, NOON + STALE_AFTER_MS - 1, blocks) == []
    assert round_of(watched, post, NOON + STALE_AFTER_MS, blocks) == [
        "A change is not in force yet: Montreuil, Montreuil 1"
    ]


def test_lists_that_pile_up_for_blocks_that_are_not_heard_are_not_read_in_each_round(watched: Town, post: Post) -> None:
    """Weeks of them: where every block of a network was away, these rounds kept a processor busy."""
    heard = {watched.bank}
    blocks = Blocks(lambda bank: bank in heard).standing
    with watched.writing() as session:
        session.get_one(Controller, watched.bank).online = True
        session.add(
            IssuedList(bank_id=watched.bank, version=9, hash="0", issued_at=NOON, lease_until=NOON, content="0")
        )
    assert asked_of_lists(watched, post, NOON, blocks) == 1
    heard.clear()
    assert asked_of_lists(watched, post, NOON + MINUTE, blocks) == 0
    heard.add(watched.bank)
    told = ["A change is not in force yet: Montreuil, Montreuil 1"]
    assert round_of(watched, post, NOON + STALE_AFTER_MS, blocks) == told
    heard.clear()  # what was told still holds
    assert round_of(watched, post, NOON + STALE_AFTER_MS + MINUTE, blocks) == []
    assert not_over(watched) == ["list_stale"]


def asked_of_lists(town: Town, post: Post, now: int, blocks: Callable) -> int:
    """How often a round asks for the dates of issued lists."""
    asked: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "min(issued_list.issued_at)" in statement:
            asked.append(statement)

    event.listen(town.database.engine, "before_cursor_execute", hear)
    try:
        assert round_of(town, post, now, blocks) == []
    finally:
        event.remove(town.database.engine, "before_cursor_execute", hear)
    return len(asked)


def test_a_block_that_is_held_again_in_one_session_is_told_again_since_when_it_is_held(
    watched: Town, post: Post
) -> None:
    blocks = Blocks(lambda _bank: True).standing
    with watched.writing() as session:
        bank = session.get_one(Controller, watched.bank)
        bank.online, bank.status_at = True, NOON - 3 * DAY
    for held_at in (NOON + MINUTE, NOON + DAY):
        with watched.writing() as session:
            access.follows(session, watched.bank, held_at, "f" * 64, now=held_at)
        told = ["Block waits for a decision: Montreuil, Montreuil 1"]
        assert [round_of(watched, post, held_at + late, blocks) for late in (0, MINUTE)] == [told, []]
        with watched.writing() as session:
            assert session.scalars(select(Alert.since).where(Alert.over_at.is_(None))).one() == held_at
            reconcile.decide(session, watched.bank, actor="test", now=held_at + HOUR, unseen=True)
        assert round_of(watched, post, held_at + HOUR, blocks) == []


def test_a_copied_card_is_told_once_and_again_after_a_day_without_another_sign(watched: Town, post: Post) -> None:
    """Two controllers of one name come and go by turns for hours; nobody is told each time."""
    before = Journal().start(at=NOON).write("tamper", NOON, active=False)
    clones = [Journal().start(before).write("in_service", locker=2) for _clone in range(2)]
    with watched.writing() as session:
        for one in (before, *clones):
            take_effect(session, store(session, [Arrived(watched.bank, one.batch())], now=NOON), now=NOON)
    told = ["Memory card perhaps copied or restored: Montreuil, Montreuil 1"]
    assert round_of(watched, post, NOON) == told
    for minute in range(0, 10 * 60, 20):
        with watched.writing() as session:
            be_born(session, watched, minute)
        assert [round_of(watched, post, NOON + (minute + late) * MINUTE) for late in (0, 1)] == [[], []]
    assert not_over(watched) == ["copied"]
    assert round_of(watched, post, NOON + 2 * DAY) == not_over(watched) == []
    with watched.writing() as session:
        be_born(session, watched, 2 * 24 * 60)
    assert round_of(watched, post, NOON + 2 * DAY) == told


def be_born(session: Session, town: Town, minute: int) -> None:
    """Two controllers of one name begin the same session, one after the other."""
    for nonce in ("a" * 32, "b" * 32):
        access.born(session, town.bank, birth(5, nonce=nonce), now=NOON + minute * MINUTE)


def not_over(town: Town) -> list[str]:
    with town.reading() as session:
        return list(session.scalars(select(Alert.kind).where(Alert.over_at.is_(None))))
