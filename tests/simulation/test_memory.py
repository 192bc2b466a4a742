"""What staff had written down about belongings is theirs again once the gateway is put back."""

from typing import Any

from simulator.world.lives.memory import Memory
from simulator.world.lives.records import Box, Card, Kept, Line, Records


def test_an_inventory_is_what_it_was_and_one_that_was_begun_since_is_not_there() -> None:
    nobody: Any = None
    boxes = [Box("bank-1", number, "site", "lockers", 0, taken_out=True) for number in (1, 2)]
    records = Records(kept={"before": Kept("before", nobody, boxes[0], {"a": Line("a", "papers", 1)})})
    memory = Memory(records)
    records.kept["since"] = Kept("since", nobody, boxes[1])
    records.kept["before"].lines["b"] = Line("b", "keys", 1)
    records.kept["before"].step, boxes[0].taken_out = "keeping", False
    memory.put_back(records, 5)
    assert list(records.kept) == ["before"]
    assert (list(records.kept["before"].lines), records.kept["before"].step) == (["a"], "inventory")
    assert [box.taken_out for box in boxes] == [True, False]


def test_what_a_gateway_has_lost_once_it_does_not_know_after_a_later_backup_either() -> None:
    card = Card("card", "A0", "site")
    records = Records(cards={"card": card})
    first = Memory(records)
    card.owner, card.given_at, card.dead_at = "someone", 3, 4
    card.pins.append((3, "1234"))
    for memory in (first, Memory(records)):
        memory.put_back(records, 5)
    assert _lost(card) == (False, False, False), "a later one is put back: nothing is lost"
    first.put_back(records, 6)
    Memory(records).put_back(records, 8)
    assert _lost(card) == (True, True, True)
    card.pins.append((10, "4321"))
    assert card.has_lost_pin(9)
    assert not card.has_lost_pin(10)


def _lost(card: Card) -> tuple[bool, bool, bool]:
    return card.given_lost, card.dead_lost, card.has_lost_pin(9)
