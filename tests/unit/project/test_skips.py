"""With CI=true nothing is skipped in silence; elsewhere a missing part skips its tests and says so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SKIPPING = """
import pytest

def test_passes(): pass
def test_needs_a_part(): pytest.skip("no mosquitto here")
@pytest.mark.skipif(True, reason="no chromium here")
def test_marked(): pass
@pytest.mark.xfail(reason="known", strict=False)
def test_known(): raise AssertionError
"""
SKIPPING_MODULE = 'import pytest\npytest.skip("no postgresql here", allow_module_level=True)\n'


def _run(folder: Path, ci: str) -> tuple[int, str]:
    """Run pytest with this project's own conftest over a small suite that lacks its parts."""
    (folder / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (folder / "test_some.py").write_text(SKIPPING)
    (folder / "test_module.py").write_text(SKIPPING_MODULE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", str(folder)]
    result = subprocess.run(
        [*command, "--rootdir", str(folder), "-c", os.devnull, "--continue-on-collection-errors"],
        cwd=ROOT,
        env=os.environ | {"CI": ci, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return result.returncode, result.stdout


def test_elsewhere_a_missing_part_skips(tmp_path: Path) -> None:
    code, output = _run(tmp_path, "")
    assert (code, "1 passed, 3 skipped, 1 xfailed" in output) == (0, True), output


@pytest.mark.parametrize("ci", ["true", "1"])
def test_in_ci_a_missing_part_fails(ci: str, tmp_path: Path) -> None:
    code, output = _run(tmp_path, ci)
    assert code != 0
    for part in ("mosquitto", "postgresql", "chromium"):
        assert f"CI=true, and this would be skipped: Skipped: no {part} here" in output
    assert "1 failed, 1 passed, 1 xfailed, 2 errors" in output
