"""The bank's file: only what is wrong changes, comments stay, and the new file is the old one or the new one."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.commission.rewiring import Change
from controller.commission.toml_edit import changed_text, shown, write_config
from controller.config import load
from controller.errors import ControllerError
from hw.ports import Coil

TEXT = """\
# The bank under the bridge.
[bank]
controller = "bridge-1"   # as on the plate
zone = "Europe/Paris"
data_dir = "data"

[broker]
host = "broker.example"

[boards.a]
driver = "xor_board"
port = "/dev/ttyUSB0"
address = 1
channels = 16
open_bit = 1              # learned at commissioning
byte_order = "s1_first"

# Left and middle column.
[[lockers]] # supply 1
numbers = "1-8"           # from the top
board = "a"
channels = "1-8"
group = "supply-1"        # 5 A

# Right column.
[[lockers]]
numbers = "9-12"
board = "a"
channels = "13-16"

[time]
system_clock = "auto"     # NTP
"""
COILS = {number: Coil("a", number if number <= 8 else number + 4) for number in range(1, 13)}
COMMENTS = [line[line.index("#") :] for line in TEXT.splitlines() if "#" in line]


def lockers_of(folder: Path, text: str) -> dict[int, tuple[Coil, str]]:
    path = folder / "bank.toml"
    path.write_text(text)
    return dict(load(path).lockers)


def test_nothing_to_change_leaves_every_byte() -> None:
    assert changed_text(TEXT, [], COILS) == TEXT


def test_one_setting_changes_one_line() -> None:
    new = changed_text(TEXT, [Change(("boards", "a", "open_bit"), 1, 0, "")], COILS)
    assert new == TEXT.replace("open_bit = 1 ", "open_bit = 0 ")


def test_a_key_that_was_not_there_is_added_with_its_reason(tmp_path: Path) -> None:
    new = changed_text(TEXT, [Change(("releases", "open_within_ms"), 2000, 3000, "a slow door")], COILS)
    assert new.startswith(TEXT)
    (tmp_path / "bank.toml").write_text(new)
    assert load(tmp_path / "bank.toml").releases.open_within_ms == 3000


def test_a_swapped_pair_splits_its_table_and_no_other(tmp_path: Path) -> None:
    swapped = {**COILS, 3: COILS[4], 4: COILS[3]}
    new = changed_text(TEXT, [], swapped)
    assert {number: coil for number, (coil, _) in lockers_of(tmp_path, new).items()} == swapped
    assert new.endswith(TEXT[TEXT.index("# Right column.") :])


@given(st.permutations(list(COILS)))
def test_any_order_of_doors_is_written_with_every_comment_and_supply(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    wired = dict(zip(order, COILS.values(), strict=True))
    new = changed_text(TEXT, [], wired)
    written = lockers_of(tmp_path_factory.getbasetemp(), new)
    assert {number: coil for number, (coil, _) in written.items()} == wired
    assert {group for coil, group in written.values() if coil.channel <= 8} == {"supply-1"}
    assert [comment for comment in COMMENTS if comment not in new] == []


def test_the_file_is_replaced_with_its_mode_and_no_draft_is_left(tmp_path: Path) -> None:
    path = tmp_path / "bank.toml"
    path.write_text(TEXT)
    path.chmod(0o640)
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    new = TEXT.replace("open_bit = 1", "open_bit = 0")
    write_config(link, TEXT, new, COILS)
    assert path.read_text() == new
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(os.listdir(tmp_path)) == ["bank.toml", "link.toml"]


@pytest.mark.parametrize(
    ("now", "new", "coils", "code"),
    [
        (TEXT + "# a colleague was here\n", TEXT, COILS, "config_changed"),
        (TEXT, TEXT.replace("channels = 16", "channels = 99"), COILS, "config_write"),
        (TEXT, TEXT, {**COILS, 1: COILS[2], 2: COILS[1]}, "config_write"),
    ],
)
def test_what_would_not_do_is_not_written(
    tmp_path: Path, now: str, new: str, coils: dict[int, Coil], code: str
) -> None:
    path = tmp_path / "bank.toml"
    path.write_text(now)
    with pytest.raises(ControllerError) as refused:
        write_config(path, TEXT, new, coils)
    assert refused.value.code == code
    assert path.read_text() == now
    assert os.listdir(tmp_path) == ["bank.toml"]


def test_a_power_cut_before_the_last_step_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bank.toml"
    path.write_text(TEXT)

    def cut(*_: object) -> None:
        raise OSError("the power is gone")

    monkeypatch.setattr(Path, "replace", cut)
    with pytest.raises(OSError, match="power"):
        write_config(path, TEXT, TEXT.replace("open_bit = 1", "open_bit = 0"), COILS)
    assert path.read_text() == TEXT


def test_the_difference_is_shown_as_diff_does() -> None:
    text = shown(Path("bank.toml"), TEXT, TEXT.replace("open_bit = 1", "open_bit = 0"))
    assert "-open_bit = 1 " in text
    assert "+open_bit = 0 " in text
