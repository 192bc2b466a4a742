"""What staff had written down about belongings is theirs again once the gateway is put back."""

from typing import Any

from simulator.world.lives.memory import Memory
from simulator.world.lives.records import Box, Kept, Line, Records


def test_an_inventory_is_what_it_was_and_one_that_was_begun_since_is_not_there() -> None:
    nobody: Any = None
    boxes = [Box("bank-1", number, "site", "lockers", 0, taken_out=True) for number in (1, 2)]
    records = Records(kept={"before": Kept("before", nobody, boxes[0], {"a": Line("a", "papers", 1)})})
    memory = Memory(records)
    records.kept["since"] = Kept("since", nobody, boxes[1])
    records.kept["before"].lines["b"] = Line("b", "keys", 1)
    records.kept["before"].step, boxes[0].taken_out = "keeping", False
    memory.put_back(records)
    assert list(records.kept) == ["before"]
    assert (list(records.kept["before"].lines), records.kept["before"].step) == (["a"], "inventory")
    assert [box.taken_out for box in boxes] == [True, False]
