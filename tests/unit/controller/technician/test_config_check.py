"""`config check`: bad wiring and bad configuration are refused with the line and the mend."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from controller.cli import app
from controller.config import BankFile
from controller.technician.config_check import unusable


def problems(file: Path, text: str) -> list[dict[str, Any]]:
    file.write_text(text)
    done = CliRunner().invoke(app, ["config", "check", "--config", str(file), "--json"])
    answer = json.loads(done.stdout)
    assert (done.exit_code == 2) == (not answer["ok"])
    found: list[dict[str, Any]] = answer.get("problems", [])
    return found


@pytest.mark.parametrize(
    ("old", "new", "key", "said"),
    [
        ("doors = [22, 23]", "doors = [22, 16]", "boards.pins.doors[1]", "pin 16 is already used"),
        (
            'channels = "1-24"',
            'channels = "2-25"',
            "lockers[0].channels",
            "board a has no channel 25; allowed: 1 to 24",
        ),
        ("locks = [16, 17]", "locks = [16, 4]", "boards.pins.locks", "pin 4 is not low while the Pi boots"),
        (
            "[boards.pins]",
            '[boards.b]\ndriver = "xor_board"\nport = "/dev/ttyUSB0"\naddress = 1\nchannels = 24\n[boards.pins]',
            "boards.b.address",
            "both would fire together",
        ),
        ('data_dir = "data"', 'data_dir = "/proc/casier"', "bank.data_dir", "make it and give it to the user"),
        ('data_dir = "data"', 'data_dir = "bank.toml"', "bank.data_dir", "is not a directory"),
    ],
)
def test_bad_wiring_is_refused_with_its_line_and_the_mend(
    bank: BankFile, tmp_path: Path, old: str, new: str, key: str, said: str
) -> None:
    file = tmp_path / "bank.toml"
    good = file.read_text()
    assert problems(file, good) == []
    (found,) = problems(file, good.replace(old, new))
    assert (found["key"], said in found["message"]) == (key, True), found
    named = file.read_text().splitlines()[found["line"] - 1]
    assert named.partition(" ")[0] == key.rpartition(".")[2].partition("[")[0]


def test_a_directory_that_can_be_made_or_written_is_usable(tmp_path: Path) -> None:
    assert unusable(tmp_path) is None
    assert unusable(tmp_path / "a" / "b") is None
    assert not list(tmp_path.iterdir()), "looking leaves nothing"


def test_a_directory_that_cannot_be_written_is_refused() -> None:
    assert "cannot be written" in str(unusable(Path("/proc")))
    assert "cannot be made" in str(unusable(Path("/proc/casier/data")))


def test_the_doctor_of_a_wrong_file_names_its_lines_and_looks_at_nothing_else(bank: BankFile, tmp_path: Path) -> None:
    file = tmp_path / "bank.toml"
    file.write_text(file.read_text().replace("address = 1", "address = 99"))
    done = CliRunner().invoke(app, ["doctor", "--config", str(file), "--json"])
    (found,) = json.loads(done.stdout)["checks"]
    assert (done.exit_code, found["level"], found["of"]) == (2, "fail", "config")
    assert found["what"] == f"bank.toml:{file.read_text().splitlines().index('address = 99') + 1}"
    assert (found["text"].endswith("allowed: 1 to 32"), "boards.a.address" in found["mend"]) == (True, True)


def test_run_refuses_an_unusable_directory_with_its_line(bank: BankFile, tmp_path: Path) -> None:
    file = tmp_path / "bank.toml"
    file.write_text(file.read_text().replace('"data"', '"/proc/casier"'))
    done = subprocess.run(
        [sys.executable, "-m", "controller", "run", "--config", str(file)],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    line = file.read_text().splitlines().index('data_dir = "/proc/casier"') + 1
    assert (done.returncode, f"bank.toml:{line}: /proc/casier cannot be used" in done.stderr) == (1, True)
    assert "make that directory" in done.stderr
