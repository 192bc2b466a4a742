"""What the doctor says of the computer itself."""

import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from controller.config import BankFile
from controller.technician.doctor import machine
from controller.technician.doctor.machine import Machine
from controller.timekeeping import FIRST_FLOOR

WELL = Machine(
    synchronised=True, at=FIRST_FLOOR + 10**10, battery=FIRST_FLOOR + 10**10, free_mb=8_000, write_ms=12,
    sags=False, decicelsius=520, is_pi=True, lets_pins_go=True,
)  # fmt: skip


def test_a_sound_machine_has_nothing_to_mend(bank: BankFile) -> None:
    findings = list(machine.judge(WELL, bank, "trusted"))
    assert {finding.level for finding in findings} == {"pass"}
    assert {finding.of for finding in findings} == {"disk", "trust", "clock", "supply", "line"}


@pytest.mark.parametrize(
    ("change", "of", "level", "said"),
    [
        ({"write_ms": None, "write_error": "Read-only file system"}, "disk", "fail", "cannot be written: Read-only"),
        ({"write_ms": 900}, "disk", "warn", "took 900 ms"),
        ({"free_mb": 5}, "disk", "fail", "5 MB left"),
        ({"free_mb": 100}, "disk", "warn", "100 MB left"),
        ({"free_mb": None}, "disk", "fail", "cannot be told"),
        ({"root": "none"}, "trust", "fail", "obeys no gateway"),
        ({"root": "unreadable"}, "trust", "fail", "cannot be read"),
        ({"loose": ("device.key",)}, "trust", "fail", "others can read device.key"),
        ({"at": 1_000, "battery": 1_000}, "clock", "fail", "1970"),
        ({"battery": None}, "clock", "warn", "after a power cut"),
        ({"battery": FIRST_FLOOR}, "clock", "warn", "s off"),
        ({"sags": True}, "supply", "fail", "too low"),
        ({"sags": None}, "supply", "warn", "does not tell"),
        ({"decicelsius": 851}, "supply", "warn", "85 °C"),
        ({"lets_pins_go": False}, "line", "warn", "kill -9"),
        ({"lets_pins_go": None}, "line", "warn", "kill -9"),
    ],
)
def test_what_is_wrong_is_told_with_its_mend(
    bank: BankFile, change: dict[str, Any], of: str, level: str, said: str
) -> None:
    (finding,) = [each for each in machine.judge(replace(WELL, **change), bank, "trusted") if each.level != "pass"]
    assert (finding.of, finding.level) == (of, level)
    assert said in finding.text
    assert finding.mend


@pytest.mark.parametrize(
    ("synchronised", "told", "level"),
    [(True, None, "pass"), (False, None, "warn"), (False, "trusted", "pass"), (True, "floor", "warn")],
)
def test_the_running_controllers_word_on_the_time_comes_before_the_kernels(
    bank: BankFile, synchronised: bool, told: str | None, level: str
) -> None:
    found = machine.judge(replace(WELL, synchronised=synchronised), bank, told)
    assert [each.level for each in found if each.what == "clock"] == [level]


def test_a_full_disk_is_found_by_writing(bank: BankFile, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    measured = machine.measure(bank)
    assert measured.write_error == "No space left on device"
    assert not list(bank.data_dir.iterdir()), "the doctor leaves nothing behind"


def test_measuring_leaves_the_directory_as_it_was(bank: BankFile) -> None:
    (bank.data_dir / "device.key").write_text("x")
    (bank.data_dir / "device.key").chmod(0o644)
    measured = machine.measure(bank)
    assert measured.write_error is None
    assert measured.free_mb is not None
    assert (measured.root, measured.loose) == ("none", ("device.key",))
    assert [path.name for path in bank.data_dir.iterdir()] == ["device.key"]


@pytest.mark.parametrize(("alarm", "sags"), [("1\n", True), ("0\n", False), (None, None)])
def test_the_pis_own_word_on_its_supply_is_read_from_the_kernel(
    tmp_path: Path, alarm: str | None, sags: bool | None
) -> None:
    for number, name in enumerate(("cpu_thermal", "rpi_volt")):
        device = tmp_path / f"hwmon{number}"
        device.mkdir()
        (device / "name").write_text(f"{name}\n")
        if name == "rpi_volt" and alarm is not None:
            (device / "in0_lcrit_alarm").write_text(alarm)
    assert machine.supply_sags(tmp_path) is sags
    assert machine.supply_sags(tmp_path / "none") is None
