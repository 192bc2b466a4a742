"""What ails a bank's journal is told in words, whatever a disk comes up with."""

import sqlite3
from types import SimpleNamespace
from typing import Any

import pytest

from controller.journal_writer import _TROUBLE, trouble_code
from gateway.fleet.faults import told
from wire.messages import Fault

CODES = {*_TROUBLE.values(), trouble_code(sqlite3.Error()), "readonly", "full", "low", "hangs", "late", "unreadable"}


def say(text: str, **facts: str) -> str:
    return text % facts if facts else text


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_trouble_of_a_journal_has_words(code: str) -> None:
    visit: Any = SimpleNamespace(say=say)
    session: Any = None
    [sentence] = told(visit, session, "bank-1", [Fault("journal", code)])
    assert not sentence.lower().startswith("journal:"), "that is the code, not words"
