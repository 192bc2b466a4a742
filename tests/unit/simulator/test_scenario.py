"""A bank's description is checked, and the controller's configuration made from it fits the drivers."""

import re
import tomllib
from pathlib import Path

import pytest

from controller.config import load
from simulator.errors import InvalidPlanError
from simulator.every_device import EVERY_DEVICE
from simulator.scenario import LILLE, MONTREUIL, BankPlan, Places, XorPlan, controller_toml, read_plans


@pytest.mark.parametrize("plan", [MONTREUIL, LILLE, EVERY_DEVICE], ids=lambda plan: plan.name)
def test_the_drivers_accept_the_configuration_written_for_a_controller(plan: BankPlan, tmp_path: Path) -> None:
    text = controller_toml(plan, Places(tmp_path, plan.name), data_dir=tmp_path, broker=("127.0.0.1", 1883))
    path = tmp_path / "bank.toml"
    path.write_text(text)
    config = load(path).hardware
    assert load(path).controller == plan.name
    assert [len(each) for each in (config.readers, config.boards, config.inputs)] == [
        len(each) for each in (plan.readers, plan.boards, plan.inputs)
    ]


def test_the_bank_of_the_guide_is_one_that_the_drivers_accept(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[3] / "docs" / "bench.md").read_text()
    path = tmp_path / "banks.toml"
    path.write_text(guide.partition("```toml\n")[2].partition("```")[0])
    (plan,) = read_plans(path)
    config = tmp_path / "bank.toml"
    config.write_text(controller_toml(plan, Places(tmp_path, plan.name), data_dir=tmp_path, broker=("127.0.0.1", 1)))
    assert set(load(config).hardware.readers) == {"entrance", "gate"}


def test_lockers_are_numbered_through_the_boards_and_written_so(tmp_path: Path) -> None:
    plan = BankPlan("two", {"a": XorPlan(channels=8), "b": XorPlan(channels=4, address=2)})
    assert list(plan.lockers())[7:9] == [(8, "a", 8), (9, "b", 1)]
    config = tomllib.loads(controller_toml(plan, Places(tmp_path, "two"), data_dir=tmp_path, broker=("h", 1)))
    assert config["lockers"] == [
        {"numbers": "1-8", "board": "a", "channels": "1-8"},
        {"numbers": "9-12", "board": "b", "channels": "1-4"},
    ]


GOOD = """
[[banks]]
name = "test-1"
badges = [{label = "valid", number = "62E3086CED"}]
[banks.boards.a]
driver = "gpio"
locks = [17]
doors = [26]
"""


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("[26]", "[17]"), "a pin twice"),
        (("[26]", "[26, 5]"), "one door contact for each lock"),
        (("test-1", "Test 1"), "a-z, 0-9 and -"),
        (('"62E3086CED"', '"1"'), "not a em4100 number"),
        (("driver", "drivr"), "drivr|driver"),
        (("[[banks]]", "[[bank]]"), "bank"),
        (('"gpio"', '"relais"'), "relais"),
        (("[26]", "[26]\nlatches = [5, 6]"), "latches"),
        (("[26]", '[26]\n[banks.inputs.a]\ndriver = "undervoltage"'), "the same name"),
        (("[26]", '[26]\n[banks.readers.x]\ndriver = "wiegand"\nd0 = 26\nd1 = 5'), "a pin twice"),
        (
            (
                "[26]",
                '[26]\n[banks.boards.b]\ndriver = "xor_board"\n[banks.boards.c]\ndriver = "kerong_cu"\nline = "boards"',
            ),
            "several devices on the line 'boards'",
        ),
        (
            ("[26]", '[26]\n[banks.readers.x]\ndriver = "rdm6300"\n[banks.readers.y]\ndriver = "rdm6300"'),
            "several devices on the line 'reader'",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_what_is_wrong(change: tuple[str, str], says: str, tmp_path: Path) -> None:
    path = tmp_path / "banks.toml"
    path.write_text(GOOD)
    assert [plan.name for plan in read_plans(path)] == ["test-1"]
    path.write_text(GOOD.replace(*change))
    with pytest.raises(InvalidPlanError, match=re.escape(str(path))) as refused:
        read_plans(path)
    assert re.search(says, str(refused.value))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidPlanError, match="nothing"):
        read_plans(tmp_path / "nothing.toml")
