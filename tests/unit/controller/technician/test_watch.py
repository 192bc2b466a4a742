"""What a person reads in `watch` and `events tail`."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from controller.technician.events import line
from controller.technician.watch import worded

PLACE = {"board": "a", "channel": 7}
LOCKER = {"locker": 7, "state": "idle", "door": "open", "latch": None, "faults": ["bouncing"], **PLACE}


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (
            {"what": "badge", "reader": "in", "technology": "em4100", "stale": True},
            "reader in: a badge (em4100, stale)",
        ),
        ({"what": "key", "reader": "in"}, "reader in: a key"),
        (
            {"what": "card_refused", "reader": "in", "why": "foreign_card"},
            "reader in: a card that proves nothing (foreign_card)",
        ),
        (
            {"what": "sensor", "locker": 7, "sensor": "latch", "open": False, **PLACE},
            "locker 7 (board a channel 7): latch closed",
        ),
        ({"what": "sensor", "locker": None, "sensor": "door", "open": True, **PLACE}, "board a channel 7: door open"),
        ({"what": "accepted", "locker": 7, **PLACE}, "locker 7 (board a channel 7): the board confirms the release"),
        (
            {"what": "failed", "locker": 7, "code": "no_reply", **PLACE},
            "locker 7 (board a channel 7): release failed: no_reply",
        ),
        ({"what": "input", "input": "case", "kind": "tamper", "active": True}, "input case (tamper): alarm"),
        ({"what": "fault", "kind": "board", "device": "a", "code": "silent", "detail": "x"}, "board a: silent: x"),
        ({"what": "recovered", "kind": "board", "device": "a"}, "board a works again"),
        ({"what": "locker", **LOCKER}, "locker 7: idle, door open, bouncing"),
        ({"what": "faults", "faults": [{"source": "a", "code": "silent"}]}, "faults: a: silent"),
        ({"what": "faults", "faults": []}, "faults: none"),
        (
            {"what": "entry", "type": "door_opened", "at": 1, "body": {"locker": 7, "why": None}},
            "journal: door_opened locker=7",
        ),
        ({"what": "signal", "signal": "granted"}, "light and buzzer: granted"),
        ({"what": "missed", "count": 3}, "3 lines were missed: this terminal is too slow"),
        ({"what": "something new"}, None),
    ],
)
def test_what_happens_is_told_in_words(told: dict[str, Any], words: str | None) -> None:
    assert worded(told) == words


@pytest.mark.parametrize(("clock", "sure"), [("trusted", ""), ("floor", "?")])
def test_an_entry_is_told_at_the_sites_time_with_a_mark_where_it_is_not_sure(clock: str, sure: str) -> None:
    entry = {"type": "door_opened", "at": 1_795_300_000_000, "clock": clock, "body": {"locker": 7, "release": None}}
    assert line(entry, ZoneInfo("Europe/Paris")) == f"2026-11-21 23:26:40{sure}  door_opened      locker=7"
