"""`make` on a machine that is not ready says what is missing and what to do, and is quick on one that is."""

import fcntl
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from pytest_mock import MockerFixture

ROOT = Path(__file__).parents[3]


@pytest.fixture
def installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """.ci/install.py, aimed at an empty folder's environment."""
    spec = importlib.util.spec_from_file_location("casier_install", ROOT / ".ci" / "install.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "STAMP", tmp_path / ".venv" / "casier-installed.json")
    return module


def _pretend_installed(installer: ModuleType, lock: str) -> None:
    python = installer.VENV / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    installer.STAMP.write_text(json.dumps({"lock": lock, "digest": installer.digest_of(lock)}))


def test_a_python_that_is_too_old_is_named_with_what_to_do(installer: ModuleType, mocker: MockerFixture) -> None:
    mocker.patch.object(installer.sys, "version_info", (3, 9, 2))
    mocker.patch.object(installer.shutil, "which", return_value=None)
    assert "is Python 3.9; Casier needs 3.11 or later: install one" in installer.why_unfit()


def test_a_newer_python_that_is_there_is_proposed(installer: ModuleType, mocker: MockerFixture) -> None:
    mocker.patch.object(installer.sys, "version_info", (3, 9, 2))
    mocker.patch.object(installer.shutil, "which", side_effect=lambda name: name == "python3.12" or None)
    assert installer.why_unfit().endswith("make PYTHON=python3.12")


def test_a_python_without_venv_is_named_with_what_to_do(installer: ModuleType, mocker: MockerFixture) -> None:
    mocker.patch.dict(sys.modules, {"ensurepip": None})
    assert "apt-get install python3-venv" in installer.why_unfit()


def test_this_python_will_do(installer: ModuleType) -> None:
    assert installer.why_unfit() is None


def test_an_empty_folder_is_not_installed(installer: ModuleType) -> None:
    assert not installer.is_installed("simulator")


@pytest.mark.parametrize("lock", ["simulator", "dev"])
def test_what_is_installed_is_not_installed_again(lock: str, installer: ModuleType) -> None:
    _pretend_installed(installer, lock)
    assert installer.is_installed(lock)


def test_a_developers_environment_runs_the_demo_too_but_not_the_other_way_round(installer: ModuleType) -> None:
    _pretend_installed(installer, "dev")
    assert installer.is_installed("simulator")
    installer.STAMP.write_text(json.dumps({"lock": "simulator", "digest": installer.digest_of("simulator")}))
    assert not installer.is_installed("dev")


def test_a_changed_lock_file_is_installed_anew(installer: ModuleType) -> None:
    _pretend_installed(installer, "dev")
    installer.STAMP.write_text(json.dumps({"lock": "dev", "digest": "of yesterday"}))
    assert not installer.is_installed("dev")


def test_an_environment_whose_python_is_gone_is_made_anew(installer: ModuleType) -> None:
    _pretend_installed(installer, "dev")
    (installer.VENV / "bin" / "python").unlink()
    assert not installer.is_installed("dev")


def test_the_words_of_pip_are_shown_when_it_fails(
    installer: ModuleType, mocker: MockerFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    _pretend_installed(installer, "dev")
    with pytest.raises(SystemExit, match="run make again"):
        installer.pip("--no-index", "casier-has-no-such-dependency")
    assert "casier-has-no-such-dependency" in capsys.readouterr().err


def test_make_without_python_says_so() -> None:
    command = ["make", "-C", str(ROOT), "check", "PYTHON=python-that-is-not-there"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert result.returncode != 0
    assert "python-that-is-not-there was not found. Install Python 3.11 or later" in result.stderr


def test_the_state_of_a_running_demo_is_not_taken_away(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text())
    (tmp_path / ".demo").mkdir()
    command = ["make", "-C", str(tmp_path), "demo-reset"]
    with (tmp_path / ".demo" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert refused.returncode != 0
    assert "The demo is running" in refused.stderr
    assert (tmp_path / ".demo").exists()
    subprocess.run(command, capture_output=True, timeout=30, check=True)
    assert not (tmp_path / ".demo").exists()


@pytest.mark.parametrize("target", ["demo", "demo-reset", "test", "check", "bench", "soak", "lock"])
def test_every_command_is_there(target: str) -> None:
    result = subprocess.run(
        ["make", "-C", str(ROOT), "--dry-run", target], capture_output=True, text=True, timeout=30, check=False
    )
    assert result.returncode == 0, result.stderr
