"""The real controller on the bank that has every board and reader there is: each opens, and each door is seen."""

import time
from collections.abc import Callable, Iterator

import pytest

from simulator.devices import Habit
from simulator.registry import BOARDS, READERS
from tests.integration.controller.conftest import DAY_MS, World, eventually, now_ms
from tests.integration.simulator.every_device_site import PLAN, every_device_site
from wire.access_list import Grant
from wire.badge import badge_digest, canonical_number

FIRST_LOCKER = {board: min(number for number, of, _ in PLAN.lockers() if of == board) for board in PLAN.boards}
# Who comes to which reader, and the board that their locker hangs on.
VISITS = [
    ("tag", "entrance", "xor"),
    ("fob", "gate", "kerong"),
    ("card", "cards", "modbus"),
    ("pass", "porch", "pins"),
    ("sticker", "desk", "expander"),
]
BADGES = {badge.label: badge for badge in PLAN.badges}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with every_device_site(tmp_path_factory.mktemp("every"), closes_after_ms=300) as site:
        site.join(*(_grant(site, label, FIRST_LOCKER[board]) for label, _, board in VISITS))
        yield site


def _grant(site: World, label: str, locker: int) -> Grant:
    badge = BADGES[label]
    digest = badge_digest(site.gateway.badge_key, canonical_number(badge.technology, badge.number))
    at = now_ms()
    return Grant(f"g-{label}", digest, "k1", (locker,), at - DAY_MS, at + DAY_MS, "holder")


def _opened(site: World, locker: int) -> int:
    return sum(entry.body["locker"] == locker for entry in site.gateway.entries("door_opened"))


def _visit(site: World, label: str, reader: str, locker: int) -> None:
    """Hold a badge to a reader, as people do again when nothing happens; the door opens once, physically and told.

    A reader is not believed in its first second, and takes a badge that comes back within a second for one that stayed.
    """
    door, seen = site.bench.bank.doors[locker], _opened(site, locker)
    before = door.releases
    for _ in range(3):
        site.bench.do(lambda: site.bench.bank.tap(label, 200, reader))
        if _happens(lambda: door.releases > before, within_s=2.5):
            break
    site.gateway.wait(lambda: _opened(site, locker) == seen + 1)
    eventually(lambda: not door.open)
    assert door.releases == before + 1


def _happens(condition: Callable[[], bool], within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def test_the_bank_has_every_kind_that_is_registered() -> None:
    assert {type(board) for board in PLAN.boards.values()} == set(BOARDS)
    assert {type(reader) for reader in PLAN.readers.values()} == set(READERS)


@pytest.mark.parametrize(("label", "reader", "board"), VISITS)
def test_a_badge_at_its_reader_opens_its_locker_on_its_board(site: World, label: str, reader: str, board: str) -> None:
    _visit(site, label, reader, FIRST_LOCKER[board])


def test_one_badge_opens_the_same_locker_at_either_reader_of_its_kind(site: World) -> None:
    _visit(site, "tag", "courtyard", FIRST_LOCKER["xor"])


def test_a_card_that_is_not_the_sites_opens_nothing(site: World) -> None:
    before = sum(door.releases for door in site.bench.bank.doors.values())
    known = len(site.gateway.entries("badge_refused"))
    site.bench.do(lambda: site.bench.bank.tap("transit", 200, "cards"))
    refused = site.gateway.wait(lambda: site.gateway.entries("badge_refused")[known:])
    assert refused[-1].body["why"] == "foreign_card"
    assert sum(door.releases for door in site.bench.bank.doors.values()) == before


def test_a_copy_of_a_card_opens_nothing_and_is_told(site: World) -> None:
    cards = site.bench.bank.readers["cards"].device
    before = sum(door.releases for door in site.bench.bank.doors.values())
    known = len(site.gateway.entries("badge_refused"))
    cards.habit = Habit.WRONG_KEY
    site.bench.do(lambda: site.bench.bank.tap("card", 200, "cards"))
    refused = site.gateway.wait(lambda: site.gateway.entries("badge_refused")[known:])
    cards.habit = Habit.FINE
    assert refused[-1].body == {"reader": "cards", "why": "not_authentic"}
    assert sum(door.releases for door in site.bench.bank.doors.values()) == before


@pytest.mark.parametrize(
    ("name", "entry"), [("enclosure", "tamper"), ("mains", "mains_failed"), ("supply", "undervoltage")]
)
def test_what_the_bank_senses_of_itself_reaches_the_gateway(site: World, name: str, entry: str) -> None:
    site.bench.do(lambda: site.bench.bank.sense(name, True))
    site.gateway.stored(entry)
    site.bench.do(lambda: site.bench.bank.sense(name, False))


def test_no_device_is_at_fault_and_every_message_is_as_documented(
    site: World, conforms: Callable[[str, bytes], None]
) -> None:
    site.gateway.wait(lambda: site.gateway.healths)
    assert site.gateway.entries("reader_fault", "board_fault") == []
    for topic, data in site.gateway.captured:
        conforms(topic, data)
