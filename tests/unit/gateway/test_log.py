"""The log: one JSON object a line on standard error, and never a reason for anything else to fail."""

import io
import json
import sys

import pytest
import structlog

from gateway.log import StderrLines, configure


def test_a_line_goes_to_standard_error_as_it_is_then(monkeypatch: pytest.MonkeyPatch) -> None:
    lines, stderr = StderrLines(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    lines.warning("{}")
    assert stderr.getvalue() == "{}\n"


def test_a_line_that_cannot_be_written_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = io.StringIO()
    stderr.close()
    monkeypatch.setattr(sys, "stderr", stderr)
    StderrLines().error("lost")


def test_what_is_logged_is_one_json_object(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    before = structlog.get_config()
    try:
        configure("info")
        log = structlog.get_logger("test")
        log.info("happened", bank="b")
        log.debug("unseen")
    finally:
        structlog.configure(**before)
    [line] = stderr.getvalue().splitlines()
    assert json.loads(line) | {"timestamp": ""} == {
        "event": "happened", "bank": "b", "level": "info", "timestamp": "",
    }  # fmt: skip
