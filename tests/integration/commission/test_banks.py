"""Commissioning simulated banks with the shipped drivers: what is wrong with them is found, and nothing else."""

from collections.abc import Callable

import pytest

from controller.commission.toml_edit import changed_text, write_config
from controller.config import load
from controller.errors import ControllerError
from controller.store import Store
from hw.ports import Coil
from simulator.physics import Sensor
from simulator.plans.base import BoardPlan
from simulator.plans.kerong_cu import KerongPlan
from simulator.plans.mcp23017 import Mcp23017Plan
from simulator.plans.modbus_relay import ModbusPlan
from simulator.scenario import BankPlan, GpioPlan, XorPlan
from tests.integration.commission.conftest import Person, Site, changes, entries_of, findings
from tests.wire_document import assert_conforms

Make = Callable[..., Site]


def bank(**boards: BoardPlan) -> BankPlan:
    return BankPlan("b", dict(boards), light=None, readers={})


def test_a_bank_full_of_mistakes(site: Make) -> None:
    """Wrong polarity and byte order, doors 2 and 3 swapped, 5 and 6 on one channel, 7's sensor dead, 8 stuck."""

    def mistaken(text: str) -> str:
        numbers = 'numbers = "1-8"\nboard = "a"\nchannels = "1-8"'
        swapped = "\n[[lockers]]\n".join(
            f'numbers = "{numbers}"\nboard = "a"\nchannels = "{channels}"'
            for numbers, channels in (("1", "1"), ("3", "2"), ("2", "3"), ("4-8", "4-8"))
        )
        assert numbers in text
        return text.replace(numbers, swapped).replace("s1_first", "s1_last").replace("open_bit = 1", "open_bit = 0")

    here = site(bank(a=XorPlan(channels=8)), mistaken)
    here.bank.wires = {5: (5, 6), 6: ()}
    here.bank.door(7).sensor = Sensor.STUCK_CLOSED
    here.do(lambda: here.bank.door(8).jam(True, here.bank.now()))
    result = here.commission()
    assert changes(result) == {"boards.a.open_bit": 1, "boards.a.byte_order": "s1_first"}
    assert findings(result) == {
        "swapped": {(2, 3)}, "two_doors": {(5, 6)}, "not_opened": {(6,), (8,)}, "dead_sensor": {(7,)},
    }  # fmt: skip
    assert result.coils == {number: Coil("a", number) for number in range(1, 9)}
    assert all(50 <= ms <= 800 for ms in result.evidence.opening_ms.values())
    old = here.config.read_text()
    write_config(here.config, old, changed_text(old, result.changes, result.coils), result.coils)
    assert {number: coil for number, (coil, _) in load(here.config).lockers.items()} == result.coils
    assert [each.coil.channel for each in sorted(result.doors(), key=lambda door: door.number)] == list(range(1, 9))


def test_after_the_file_is_changed_the_same_bank_has_nothing_to_learn(site: Make) -> None:
    here = site(bank(a=XorPlan(channels=2, open_bit=0, byte_order="s1_last")), lambda text: text)
    result = here.commission(watched=False)
    assert (result.ok, result.has_changes) == (True, False)


def test_two_boards_on_one_address_fire_together_and_are_found(site: Make) -> None:
    def second_address(text: str) -> str:
        head, _, tail = text.rpartition("address = 1")
        return f"{head}address = 2{tail}"

    here = site(bank(a=XorPlan(channels=2), b=XorPlan(channels=2)), second_address)
    result = here.commission()
    found = findings(result)
    assert found["two_boards_one_address"] == {(1, 2, 3, 4)}
    assert found["board_fault"] == {(3, 4)}


BOARDS: dict[str, tuple[BoardPlan, str, str, dict[str, object]]] = {
    "kerong_cu": (KerongPlan(channels=12), "open_bit = 0", "open_bit = 1", {"boards.a.open_bit": 0}),
    "kerong_infrared": (
        KerongPlan(channels=12, infrared="door"), "open_bit = 0", "open_bit = 1", {"boards.a.open_bit": 0},
    ),
    "modbus_relay": (
        ModbusPlan(channels=3, latches=True), "channels = 3", "channels = 3\nopen_bit = 1", {"boards.a.open_bit": 0},
    ),
    "gpio": (
        GpioPlan(locks=(17, 27), doors=(5, 6), latches=(23, 24)), 'driver = "gpio"',
        'driver = "gpio"\ndoors_open_level = "low"', {"boards.a.doors_open_level": "high"},
    ),
    "mcp23017": (
        Mcp23017Plan(("A0", "A1"), ("B0", "B1")), 'driver = "mcp23017"',
        'driver = "mcp23017"\ndoors_open_level = "low"', {"boards.a.doors_open_level": "high"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", list(BOARDS))
def test_every_kind_of_board_is_pulsed_and_its_polarity_learned(site: Make, kind: str) -> None:
    plan, right, wrong, wanted = BOARDS[kind]

    def mistaken(text: str) -> str:
        assert right in text
        text = text.replace(right, wrong, 1)
        return text.replace('numbers = "1-12"', 'numbers = "1-2"').replace('channels = "1-12"', 'channels = "1-2"')

    here = site(bank(a=plan), mistaken)
    result = here.commission()
    assert changes(result) == wanted
    assert result.ok, result.findings
    assert here.releases()[:2] == [1, 1]


def test_a_latch_that_says_nothing_is_found(site: Make) -> None:
    here = site(bank(a=GpioPlan(locks=(17, 27), doors=(5, 6), latches=(23, 24))))
    here.bank.door(2).latch_sensor = Sensor.STUCK_CLOSED
    assert findings(here.commission()) == {"dead_latch": {(2,)}}


def test_stopped_and_gone_on_with_no_door_is_pulsed_twice(site: Make) -> None:
    here = site(bank(a=XorPlan(channels=3)))
    stopped = here.commission(person=Person(here, stop_after=1), finished=False)
    assert findings(stopped)["not_tested"] == {(2, 3)}
    result = here.commission()
    assert result.ok
    assert here.releases() == [1, 2, 1], "the one that nobody answered for is asked again"


def test_every_pulse_has_its_intent_in_the_journal_and_says_how_it_ended(site: Make) -> None:
    here = site(bank(a=XorPlan(channels=3)))
    here.bank.wires = {2: (), 3: (2,)}
    here.commission()
    entries = entries_of(here)
    for entry in entries:
        assert_conforms(entry, "#/components/schemas/Entry")
    assert [(entry["type"], entry["body"].get("locker")) for entry in entries] == [
        ("started", None),
        ("release_intended", 1), ("released", 1), ("door_opened", 1),
        ("release_intended", 2), ("released", 2), ("not_opened", 2),
        ("release_intended", 3), ("released", 3), ("wrong_door", 2),
        ("stopping", None),
    ]  # fmt: skip


def test_a_lock_does_not_move_when_the_disk_refuses_the_intent(site: Make, monkeypatch: pytest.MonkeyPatch) -> None:

    def refuse(store: Store, _rows: object) -> None:
        raise OSError(28, "no space left")

    here = site(bank(a=XorPlan(channels=2)))
    monkeypatch.setattr(Store, "add_entries", refuse)
    with pytest.raises(ControllerError, match="nothing was pulsed"):
        here.commission()
    assert here.releases() == [0, 0]


def test_a_locker_that_is_held_since_a_moment_ago_is_refused_by_the_hands_too(site: Make) -> None:
    here = site(bank(a=XorPlan(channels=2)))
    person = Person(here)
    result = here.commission(person=person, held_meanwhile=1)
    assert here.releases() == [0, 1]
    assert [step.lockers for step in person.told if step.code == "held"] == [(1,)]
    assert findings(result)["not_tested"] == {(1,)}
