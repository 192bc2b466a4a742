"""What the doctor says of devices, ports, contacts and addresses, from what was seen and from the journal."""

import os
from pathlib import Path
from typing import Any

import pytest

from controller.config import BankFile, load
from controller.technician.doctor import devices, doors, history
from controller.technician.doctor.access import User, barred, may_use, service_user
from controller.technician.doctor.command import examine
from controller.technician.doctor.findings import Finding
from controller.technician.doctor.lines import not_asked
from controller.technician.doctor.seen import Seen, Trouble

NOW_MS = 1_800_000_000_000
HOUR_MS = 3_600_000


def all_closed() -> Seen:
    return Seen(sensors={(locker, "door"): False for locker in range(1, 27)})


def entry(kind: str, at: int = NOW_MS, **body: Any) -> dict[str, Any]:
    return {"type": kind, "at": at, "body": body}


def worst(findings: list[Finding]) -> list[tuple[str, str, str]]:
    assert all(finding.mend for finding in findings if finding.level != "pass")
    return [(each.what, each.level, each.text) for each in findings if each.level != "pass"]


def of_devices(bank: BankFile, seen: Seen, *entries: dict[str, Any]) -> list[tuple[str, str, str]]:
    found = list(devices.judge(bank, seen, history.past(entries), NOW_MS))
    return [each for each in worst(found) if not each[0].startswith("port ")]


def of_doors(bank: BankFile, seen: Seen, *entries: dict[str, Any]) -> list[tuple[str, str, str]]:
    return worst(list(doors.judge(bank, seen, history.past(entries))))


def test_every_device_has_its_line(bank: BankFile) -> None:
    found = devices.judge(bank, all_closed(), history.past([]), NOW_MS)
    names = ["reader entrance (rdm6300)", "board a (xor_board)", "board pins (gpio)"]
    assert [each.what for each in found if each.of in ("reader", "board")] == names


@pytest.mark.parametrize("code", devices.MENDS)
def test_a_device_that_does_not_work_fails_with_the_mend_of_its_fault(bank: BankFile, code: str) -> None:
    seen = all_closed()
    seen.troubles["board", "a"] = Trouble(code, "in the driver's words")
    found = [each for each in devices.judge(bank, seen, history.past([]), NOW_MS) if each.what == "board a (xor_board)"]
    assert [(each.level, each.text) for each in found] == [("fail", f"{code}: in the driver's words")]
    assert found[0].mend == devices.MENDS[code]


@pytest.mark.parametrize(
    ("badges", "entries", "said"),
    [
        ({"entrance"}, (), "it read a badge just now"),
        (set(), (entry("badge_refused", NOW_MS - 5 * HOUR_MS, reader="entrance"),), "5 hours ago"),
        (set(), (entry("release_intended", NOW_MS - 180_000, locker=3, cause="badge"),), "3 min ago"),
    ],
)
def test_a_silent_reader_is_present_once_it_has_read_a_badge(
    bank: BankFile, badges: set[str], entries: tuple[dict[str, Any], ...], said: str
) -> None:
    seen = all_closed()
    seen.badges |= badges
    (reader, *_) = devices.judge(bank, seen, history.past(entries), NOW_MS)
    assert (reader.level, said in reader.text) == ("pass", True)


@pytest.mark.parametrize("entries", [(), (entry("badge_refused", reader="back door"),)])
def test_a_reader_that_never_read_is_doubtful(bank: BankFile, entries: tuple[dict[str, Any], ...]) -> None:
    ((what, level, text),) = of_devices(bank, all_closed(), *entries)
    assert (what, level, "no badge yet" in text) == ("reader entrance (rdm6300)", "warn", True)


def test_of_two_readers_a_badge_that_opened_something_proves_neither(bank: BankFile, tmp_path: Path) -> None:
    second = '[readers.back]\ndriver = "id12la"\nport = "/dev/serial/by-path/back"\n[boards.a]'
    text = (tmp_path / "bank.toml").read_text().replace("[boards.a]", second)
    (tmp_path / "bank.toml").write_text(text)
    found = of_devices(load(tmp_path / "bank.toml"), all_closed(), entry("release_intended", locker=3, cause="badge"))
    assert [what for what, _, _ in found] == ["reader entrance (rdm6300)", "reader back (id12la)"]


def test_a_port_that_the_kernel_writes_on_and_one_without_a_lasting_name_are_told(bank: BankFile) -> None:
    lasting, console = devices.ports(bank, "quiet console=reader1 console=ttyUSB0,115200")
    assert lasting.level == "pass"
    assert (console.what, console.level) == ("port /dev/ttyUSB0", "fail")
    _, usual = devices.ports(bank, "console=tty1")
    assert (usual.level, "another order" in usual.text) == ("warn", True)


@pytest.mark.parametrize(
    ("mode", "owner", "group", "allowed"),
    [
        (0o600, 7, 0, True),
        (0o660, 0, 20, True),
        (0o666, 0, 0, True),
        (0o640, 0, 20, False),
        (0o606, 0, 20, False),
        (0o077, 7, 20, False),
    ],
)
def test_the_users_rights_are_judged_as_the_kernel_does(mode: int, owner: int, group: int, allowed: bool) -> None:
    assert may_use(mode, owner, group, uid=7, gids={20, 30}) is allowed


def test_a_port_that_the_services_user_may_not_use_is_told(bank: BankFile, tmp_path: Path) -> None:
    port = tmp_path / "tty"
    port.touch(0o600)
    port.chmod(0o600)
    nobody = User("casier", port.stat().st_uid + 1, frozenset({port.stat().st_gid + 1}))
    assert "user casier may not use it (-rw-------" in str(barred(str(port), nobody))
    port.chmod(0o606)
    assert barred(str(port), nobody) is None
    assert barred(str(tmp_path / "none"), nobody) is None
    assert service_user(bank.data_dir) is None, "we are that user ourselves"


def test_one_port_under_two_names_is_told(bank: BankFile, tmp_path: Path) -> None:
    (tmp_path / "by-path").symlink_to("/dev/ttyUSB0")
    text = (tmp_path / "bank.toml").read_text().replace("/dev/serial/by-path/reader", str(tmp_path / "by-path"))
    (tmp_path / "bank.toml").write_text(text)
    found = {each.what: each for each in devices.ports(load(tmp_path / "bank.toml"), "")}
    assert [each.level for each in found.values()].count("fail") == 1


def test_shut_doors_have_nothing_to_mend(bank: BankFile) -> None:
    assert of_doors(bank, all_closed()) == []


def test_some_doors_standing_open_are_no_wrong_polarity(bank: BankFile) -> None:
    seen = all_closed()
    seen.sensors |= {(4, "door"): True, (7, "door"): True}
    (board_a, *_) = doors.judge(bank, seen, history.past([]))
    assert (board_a.level, "open now: lockers 4, 7" in board_a.text) == ("pass", True)


@pytest.mark.parametrize("opened", [13, 24])
def test_a_board_on_which_most_doors_read_open_may_have_the_wrong_polarity(bank: BankFile, opened: int) -> None:
    seen = all_closed()
    seen.sensors |= {(locker, "door"): True for locker in range(1, opened + 1)}
    assert of_doors(bank, seen) == [("polarity of board a", "warn", f"{opened} of 24 doors read open")]


def test_releases_that_find_every_door_open_prove_a_wrong_polarity(bank: BankFile) -> None:
    seen = Seen(sensors={(25, "door"): True, (26, "door"): True, (1, "door"): False})
    entries = [entry("already_open", locker=locker) for locker in (25, 26, 25, 26)]
    ((what, level, text),) = of_doors(bank, seen, *entries)
    assert (what, level, "lockers 25, 26" in text) == ("polarity of board pins", "fail", True)


def test_a_board_whose_contacts_say_nothing_is_doubtful_but_not_beside_its_own_fault(bank: BankFile) -> None:
    seen = all_closed()
    seen.sensors = {key: state for key, state in seen.sensors.items() if key[0] > 24}
    assert [each[:2] for each in of_doors(bank, seen)] == [("polarity of board a", "warn")]
    seen.troubles["board", "a"] = Trouble("silent")
    assert of_doors(bank, seen) == []


def test_a_sensor_that_three_releases_did_not_move_is_stuck(bank: BankFile) -> None:
    releases = [entry("released", locker=5) for _ in range(3)]
    ((what, level, text),) = of_doors(bank, all_closed(), entry("door_closed", locker=5), *releases)
    assert (what, level, text.startswith("3 releases in a row")) == ("locker 5", "fail", True)
    assert of_doors(bank, all_closed(), *releases, entry("door_opened", locker=5)) == []
    assert of_doors(bank, all_closed(), *releases[:2]) == []


def test_a_latch_that_holds_nothing_behind_a_shut_door_is_a_stuck_relay(bank: BankFile) -> None:
    seen = all_closed()
    seen.sensors[9, "latch"] = True
    ((what, level, text),) = of_doors(bank, seen)
    assert (what, level, "relay welded" in text) == ("locker 9", "fail", True)
    seen.sensors[9, "door"] = True
    assert of_doors(bank, seen) == [], "a door that stands open holds no latch"


def test_latches_that_nearly_all_hold_nothing_are_wired_the_other_way_round(bank: BankFile) -> None:
    seen = all_closed()
    seen.sensors |= {(locker, "latch"): locker > 2 for locker in range(1, 25)}
    seen.status = {"faults": [{"source": "locker 5", "code": "latch_released"}]}
    ((what, level, text),) = of_doors(bank, seen)
    assert (what, level) == ("polarity of the latches of board a", "warn")
    assert text.startswith("22 latches hold nothing")


@pytest.mark.parametrize("code", [*doors.LOCKER_FAULTS, "something_new"])
def test_the_controllers_own_word_on_a_locker_is_told_once(bank: BankFile, code: str) -> None:
    seen = all_closed()
    seen.status = {"faults": [{"source": "locker 9", "code": code}]}
    seen.sensors[9, "latch"] = True
    found = of_doors(bank, seen, *(entry("released", locker=9) for _ in range(4)))
    assert [(what, level) for what, level, _ in found] == [("locker 9", "fail")]


def test_while_the_controller_has_the_lines_no_address_is_asked(bank: BankFile) -> None:
    assert [(each.what, each.level) for each in not_asked(bank)] == [("addresses on /dev/ttyUSB0", "pass")]


def test_a_supply_that_sagged_lately_is_in_the_journal() -> None:
    past = history.past([entry("undervoltage", active=True), entry("undervoltage", active=False)])
    assert [each.level for each in history.judge(past)] == ["pass", "warn"]
    past.readable = False
    assert [each.level for each in history.judge(past)] == ["fail", "warn"]


def test_who_may_not_look_into_the_directory_is_told_to_run_it_as_the_services_user(
    bank: BankFile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    *_, last = examine(bank, tmp_path / "bank.toml", 0, pulse=False)
    assert (last.what, last.level, "runuser" in last.mend) == ("rights", "fail", True)
