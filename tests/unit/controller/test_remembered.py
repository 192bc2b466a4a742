"""What a bank remembers across a restart: which releases had no outcome when the controller died."""

from typing import Any

import msgspec
import pytest

from controller.access import CarriedOver, DeadBadge
from controller.remembered import bank_state, sound_state
from wire.entries import Entry, EntryType

NOW_MS = 3_000
RELEASE = "01a20000-1c13-7140-9f5a-ef7b679d4890"


def journal(*types: EntryType) -> list[Entry]:
    """Entries of one release of locker 1, in this order."""
    body = {"release": RELEASE, "locker": 1}
    return [
        Entry("e" * 32, seq, kind, 1_795_296_336_915, 1_000 + seq, "boot", "trusted", body)
        for seq, kind in enumerate(types, 1)
    ]


def unresolved(*types: EntryType) -> list[int]:
    """The lockers whose last release is recorded as unknown at the next start."""
    state = bank_state({}, journal(*types), {}, "boot", NOW_MS, lambda _locker: 300)
    return [release.locker for release in state.unresolved]


def test_what_the_disk_has_spoilt_of_those_kept_is_taken_from_the_copy() -> None:
    dead = CarriedOver(dead=(DeadBadge("g1", "ab" * 16, "revoked", 1_800_000_000_000),))
    copy = {"kept": msgspec.json.encode(dead)}
    assert sound_state({"kept": b"\xa5 spoilt"}, lambda: copy) == copy


def test_those_kept_whom_the_copy_has_lost_too_are_left_for_the_bank_to_tell() -> None:
    assert sound_state({"kept": b"\xa5 spoilt"}, dict) == {"kept": b"\xa5 spoilt"}


def test_a_release_that_the_board_took_but_whose_door_nobody_saw_is_unknown() -> None:
    assert unresolved(EntryType.RELEASE_INTENDED) == [1]
    assert unresolved(EntryType.RELEASE_INTENDED, EntryType.RELEASED) == [1]


@pytest.mark.parametrize(
    "outcome",
    [
        EntryType.DOOR_OPENED,
        EntryType.NOT_OPENED,
        EntryType.ALREADY_OPEN,
        EntryType.RELEASE_FAILED,
        EntryType.RELEASE_UNKNOWN,
    ],
)
def test_a_release_with_an_outcome_is_not_unknown(outcome: EntryType) -> None:
    assert unresolved(EntryType.RELEASE_INTENDED, EntryType.RELEASED, outcome) == []


@pytest.mark.parametrize(("boot", "at_ms"), [("boot", 1_001), ("another boot", -999)])
def test_a_release_of_the_minute_before_is_counted_on_todays_clock(boot: str, at_ms: int) -> None:
    """After a reboot the monotonic clock starts again: the journal's last entry was then at 0, at the latest."""
    entries = journal(EntryType.RELEASE_INTENDED, *[EntryType.DOOR_CLOSED] * 999)
    (past,) = bank_state({}, entries, {}, boot, NOW_MS, lambda _locker: 300).past_releases
    assert (past.locker, past.mono_ms, past.pulse_ms) == (1, at_ms, 300)


@pytest.mark.parametrize("boot", ["boot", "another boot"])
def test_a_line_that_a_full_disk_let_wait_puts_no_release_into_the_future(boot: str) -> None:
    """It is written last, and came long before: locks that waited for the releases since then would open for nobody."""
    release, opened = journal(EntryType.RELEASE_INTENDED, EntryType.DOOR_OPENED)
    waited = Entry("e" * 32, 3, "badge_refused", release.at, 5, "boot", "trusted", {})
    (past,) = bank_state({}, [release, opened, waited], {}, boot, NOW_MS, lambda _locker: 300).past_releases
    assert past.mono_ms == (release.mono_ms if boot == "boot" else release.mono_ms - opened.mono_ms)


def test_where_two_boots_have_no_name_no_release_lies_in_the_future() -> None:
    """Its lock would rest for as long as the boot before had lasted."""
    entries = journal(EntryType.RELEASE_INTENDED)
    (past,) = bank_state({}, entries, {}, "boot", 400, lambda _locker: 300).past_releases
    assert past.mono_ms == 400


@pytest.mark.parametrize(("sensor", "proven"), [({}, {1: 0}), ({"sensor": "door"}, {1: 0}), ({"sensor": "latch"}, {})])
def test_only_the_door_s_own_sensor_counts_as_seen_to_work(sensor: dict[str, str], proven: dict[int, int]) -> None:
    entry = Entry("e" * 32, 1, "door_closed", 1_795_296_336_915, 1, "boot", "trusted", {"locker": 1, **sensor})
    assert bank_state({}, [entry], {}, "boot", NOW_MS, lambda _locker: 300).releases_since_change == proven


@pytest.mark.parametrize("kind", [EntryType.RELEASE_INTENDED, EntryType.DOOR_OPENED, EntryType.DOOR_CLOSED])
@pytest.mark.parametrize(
    "body", [{"lockes": 1, "release": "r"}, {"locker": [1], "release": "r"}, {"locker": 1, "release": [1]}]
)
def test_a_spoilt_entry_of_an_older_epoch_keeps_no_controller_from_starting(
    kind: EntryType, body: dict[str, Any]
) -> None:
    """Nobody checks their chain at a start, and until a new start is written it would be found at every one."""
    bad = Entry("d" * 32, 9, kind, 1_795_296_336_915, 1_000, "boot", "trusted", body)
    state = bank_state({}, [bad, *journal(EntryType.RELEASE_INTENDED)], {}, "boot", NOW_MS, lambda _: 300)
    assert [release.locker for release in state.unresolved] == [1]
    assert [release.locker for release in state.past_releases] == [1]
