"""A soak that was stopped goes on: what has passed on this very tree, with as much asked of it, is not run again."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
_CODE = ("wire", "hw", "controller", "gateway", "simulator", "tests")
_BESIDE = ("pyproject.toml", "requirements/dev.txt")
_DONE = "soak_done"


def version() -> str:
    """Sixteen hexadecimal digits of every source, test and locked library."""
    found = hashlib.sha256()
    for path in sorted(
        [*(path for name in _CODE for path in (ROOT / name).rglob("*.py")), *map(ROOT.joinpath, _BESIDE)]
    ):
        found.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:16]


class Soaking:
    """A plugin of pytest; `path` holds a line for each test that has passed."""

    def __init__(self, path: Path, done: Iterable[str] | None = None) -> None:
        """Of a worker: what the first process has found `done`, so that all of them see the same tests."""
        self._path = path
        self._is_worker = done is not None
        if done is None:
            done = path.read_text().splitlines() if path.exists() else []
        self._done = frozenset(done)
        self._failed: set[str] = set()

    @classmethod
    def of(cls, config: pytest.Config, count: int) -> "Soaking":
        """For a run with so many examples."""
        path = ROOT / "build" / "soak" / f"tests-{version()}-{count}.txt"
        return cls(path, getattr(config, "workerinput", {}).get(_DONE))

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """What a worker is told."""
        node.workerinput[_DONE] = sorted(self._done)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out what has passed."""
        passed = [item for item in items if item.nodeid in self._done]
        if passed:
            config.hook.pytest_deselected(items=passed)
            items[:] = [item for item in items if item.nodeid not in self._done]

    def pytest_report_header(self) -> str:
        """Where it stands."""
        return f"soak: {len(self._done)} tests have passed on this tree already ({self._path})"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Once it is torn down, a test that passed is kept."""
        if not report.passed:
            self._failed.add(report.nodeid)
        elif report.when == "teardown" and not self._is_worker and report.nodeid not in self._failed:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a") as file:
                file.write(f"{report.nodeid}\n")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Nothing left to run is no failure."""
        if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and self._done:
            session.exitstatus = pytest.ExitCode.OK
