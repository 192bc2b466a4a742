"""What counts its examples by SOAK_COUNT takes part in a soak, and nothing of a soak is left out in silence."""

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]
MODULES = {path: path.read_text() for path in TESTS.rglob("test_*.py") if path != Path(__file__).resolve()}
SUITE = """
import pytest
from hypothesis import given, strategies as st

@pytest.mark.counted
def test_counts_itself(): pass
@given(st.none())
def test_generated(nothing): pass
def test_short(): pass
"""


def test_what_counts_its_examples_itself_is_a_soaks_test_as_what_is_generated_is(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text((TESTS / "conftest.py").read_text())
    (tmp_path / "test_some.py").write_text(SUITE)
    # In brackets: what has passed in a soak on this very tree is looked at, too.
    asked = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "-m", "(soak)"]
    told = subprocess.run(
        [*asked, "--rootdir", tmp_path, "-c", os.devnull, tmp_path],
        cwd=TESTS.parent, env=os.environ | {"SOAK_COUNT": "1", "PYTHONPATH": str(TESTS.parent)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = {line.rpartition("::")[2] for line in told.stdout.splitlines() if "::" in line}
    assert found == {"test_counts_itself", "test_generated"}, told.stdout + told.stderr


def test_every_module_that_reads_soak_count_says_which_of_its_tests_are_a_soaks() -> None:
    counted = [path for path, text in MODULES.items() if "SOAK_COUNT" in text]
    assert len(counted) > 3
    assert [path for path in counted if "mark.soak" not in MODULES[path] and "mark.counted" not in MODULES[path]] == []


def test_no_module_with_a_soaks_test_skips_what_it_cannot_import() -> None:
    assert [path for path, text in MODULES.items() if "mark.soak" in text and "importorskip" in text] == []
