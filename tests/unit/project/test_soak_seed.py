"""A long test that draws its chances says from what, past the capture of its output, and takes the same again."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@pytest.mark.parametrize("given", ["4711", ""])
def test_a_long_test_tells_its_seed_at_once_and_takes_one_that_is_given(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    given: str,
) -> None:
    past: list[str] = []

    @contextmanager
    def seen() -> Iterator[None]:
        yield
        past.append(capfd.readouterr().err)

    monkeypatch.setattr(capfd, "disabled", seen)
    monkeypatch.setenv("SOAK_SEED", given)
    seed = request.getfixturevalue("soak_seed")
    assert f"SOAK_SEED={seed} " in past[0]
    assert not given or seed == int(given)
