"""What a soak that was stopped does again, and what it does not."""

from pathlib import Path
from typing import Any, Literal

import pytest
from pytest_mock import MockerFixture

from tests.soaking import Soaking


def report(nodeid: str, when: Literal["setup", "call", "teardown"], outcome: Literal["passed", "failed"]) -> Any:
    return pytest.TestReport(nodeid, ("", 0, ""), {}, outcome, None, when)


def left_of(soaking: Soaking, mocker: MockerFixture, *names: str) -> list[str]:
    items = [mocker.Mock(spec=pytest.Item, nodeid=name) for name in names]
    soaking.pytest_collection_modifyitems(mocker.MagicMock(), items)
    return [item.nodeid for item in items]


def test_what_has_passed_is_left_out_and_what_has_failed_or_was_cut_short_is_run_again(
    tmp_path: Path, mocker: MockerFixture
) -> None:
    path = tmp_path / "soak" / "tests.txt"
    first = Soaking(path)
    for phase in ("setup", "call", "teardown"):
        first.pytest_runtest_logreport(report("whole", phase, "passed"))
        first.pytest_runtest_logreport(report("wrong", phase, "failed" if phase == "call" else "passed"))
    first.pytest_runtest_logreport(report("cut short", "setup", "passed"))
    first.pytest_runtest_logreport(report("cut short", "call", "passed"))
    first.pytest_runtest_logreport(report("untidy", "call", "passed"))
    first.pytest_runtest_logreport(report("untidy", "teardown", "failed"))
    names = ("whole", "wrong", "cut short", "untidy", "new")
    assert left_of(Soaking(path), mocker, *names) == ["wrong", "cut short", "untidy", "new"]


def test_a_worker_leaves_out_what_the_first_process_has_found_and_writes_nothing(
    tmp_path: Path, mocker: MockerFixture
) -> None:
    path = tmp_path / "tests.txt"
    worker = Soaking(path, ["done"])
    worker.pytest_runtest_logreport(report("other", "teardown", "passed"))
    assert left_of(worker, mocker, "done", "other") == ["other"]
    assert not path.exists()


def test_a_soak_that_has_nothing_left_to_do_has_not_failed(tmp_path: Path, mocker: MockerFixture) -> None:
    path = tmp_path / "tests.txt"
    path.write_text("whole\n")
    for done, exit_code in ((path, 0), (tmp_path / "none", 5)):
        session = mocker.Mock(spec=pytest.Session, exitstatus=5)
        Soaking(done).pytest_sessionfinish(session, 5)
        assert session.exitstatus == exit_code
