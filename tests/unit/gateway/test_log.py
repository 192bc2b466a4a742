"""What the gateway's log holds: where something failed, never what was in its hands."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from gateway import log


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    logging.disable(logging.NOTSET)


def test_a_crash_is_logged_with_its_place_and_without_its_variables(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("info")

    def greet(name: str) -> None:
        raise RuntimeError("no page")

    try:
        greet("Nadia")
    except RuntimeError:
        structlog.get_logger("gateway").exception("page_failed")
    line = capsys.readouterr().err
    assert json.loads(line)["exception"][0]["frames"][-1]["name"] == "greet"
    assert "Nadia" not in line
