"""The programs that tests drive: installed as root on Debian, named elsewhere, left alone when they are there."""

import importlib.util
import subprocess
from pathlib import Path
from types import ModuleType
from unittest.mock import Mock

import pytest
from pytest_mock import MockerFixture

ROOT = Path(__file__).parents[3]


@pytest.fixture
def packages() -> ModuleType:
    """.ci/system_packages.py"""
    spec = importlib.util.spec_from_file_location("casier_system_packages", ROOT / ".ci" / "system_packages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def apt(packages: ModuleType, mocker: MockerFixture) -> Mock:
    """apt-get, not run; chromium is the one program that is missing."""
    mocker.patch.object(packages, "is_present", side_effect=lambda program: program != "chromium")
    return mocker.patch.object(packages.subprocess, "run", return_value=subprocess.CompletedProcess([], 0, "", ""))


def _on(packages: ModuleType, mocker: MockerFixture, *, debian: bool, root: bool) -> None:
    mocker.patch.object(packages, "is_debian", return_value=debian)
    mocker.patch.object(packages.os, "geteuid", return_value=0 if root else 1000)


def test_as_root_on_debian_what_is_missing_is_installed(packages: ModuleType, apt: Mock, mocker: MockerFixture) -> None:
    _on(packages, mocker, debian=True, root=True)
    packages.main()
    update, install = (call.args[0] for call in apt.call_args_list)
    assert update[-1] == "update"
    assert install[-2:] == ["--no-install-recommends", "chromium"]


@pytest.mark.parametrize(("debian", "root"), [(True, False), (False, True), (False, False)])
def test_elsewhere_what_is_missing_is_named(
    debian: bool, root: bool, packages: ModuleType, apt: Mock, mocker: MockerFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    _on(packages, mocker, debian=debian, root=root)
    packages.main()
    assert not apt.called
    assert capsys.readouterr().out.startswith("Missing: chromium.")


def test_where_apt_fails_its_words_are_shown_and_what_is_missing_is_named(
    packages: ModuleType, apt: Mock, mocker: MockerFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    _on(packages, mocker, debian=True, root=True)
    apt.return_value = subprocess.CompletedProcess([], 100, "", "E: no network\n")
    packages.main()
    shown = capsys.readouterr()
    assert "E: no network" in shown.err
    assert "Missing: chromium." in shown.out


def test_where_all_is_there_nothing_is_done_and_nothing_said(
    packages: ModuleType, apt: Mock, mocker: MockerFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    mocker.patch.object(packages, "is_present", return_value=True)
    packages.main()
    assert not apt.called
    assert capsys.readouterr().out == ""


def test_a_program_off_the_path_is_found_where_debian_puts_it(packages: ModuleType, mocker: MockerFixture) -> None:
    mocker.patch.object(packages.shutil, "which", return_value=None)
    mocker.patch.object(packages, "ELSEWHERE", ("/bin/{}",))
    assert packages.is_present("sh")
    assert not packages.is_present("no-such-program")
