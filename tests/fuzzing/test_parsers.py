"""Whatever bytes arrive, every parser answers or refuses: hypothesis here, coverage-guided fuzzing in the soak."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.fuzzing.targets import TARGETS

ROOT = Path(__file__).resolve().parents[2]
SOAK_COUNT = int(os.environ.get("SOAK_COUNT", "0"))


@pytest.mark.parametrize("name", TARGETS)
@hypothesis_settings(max_examples=max(40, SOAK_COUNT))
@given(data=st.data())
def test_any_bytes_and_any_mutilation_are_answered_or_refused(name: str, data: st.DataObject) -> None:
    target = TARGETS[name]
    seed = data.draw(st.sampled_from((*target.seeds, b"")))
    begin = data.draw(st.integers(0, len(seed)))
    end = data.draw(st.integers(begin, len(seed)))
    target(seed[:begin] + data.draw(st.binary(max_size=80)) + seed[end:])


@pytest.mark.soak
@pytest.mark.parametrize("name", TARGETS)
def test_coverage_guided_fuzzing_finds_nothing(name: str) -> None:
    runs = SOAK_COUNT * 100 // TARGETS[name].fewer
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzzing.atheris_target", name, str(runs)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4_000:]
