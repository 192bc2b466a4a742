"""What a badge gets: a light at once, one door at most, an entry always."""

import pytest

from controller.bank import OutOfService
from controller.bank_config import LEFT_OPEN_AFTER_MS
from controller.effects import Record, Show
from controller.inputs import BadgePresented, CardRefused, DoorSensed
from hw.ports import Signal
from tests.unit.controller.core.driver import (
    DAY,
    KEY,
    NOON,
    OLD_KEY,
    digest,
    entries,
    grant,
    lights,
    make_driver,
    make_holder,
    make_list,
    number,
    released,
    replies,
    revoked,
    types,
)


def test_valid_badge_opens_its_own_locker_with_a_green_light() -> None:
    driver = make_driver(grant(1, 1), grant(2, 2))
    came = driver.tap(1)
    assert released(came) == [1]
    assert lights(came) == [Signal.GRANTED]
    assert types(came) == ["release_intended", "released"]
    assert came[0].body == {
        "release": "r1",
        "locker": 1,
        "cause": "badge",
        "attempt": 1,
        "grant": "g1",
        "digest": digest(number(1)),
        "kind": "holder",
    }


def test_light_comes_with_the_decision_and_not_after_the_disk() -> None:
    driver = make_driver(grant(1, 1), durable=False)
    came = driver.tap(1)
    assert [type(effect) for effect in came] == [Record, Show]
    assert released(came) == []


@pytest.mark.parametrize(
    ("fields", "why", "light"),
    [
        ({"not_before": NOON - 2 * DAY, "not_after": NOON - DAY}, "ended", Signal.REFUSED),
        ({"not_before": NOON + DAY}, "not_yet", Signal.REFUSED),
        ({"kind": "suspended"}, "suspended", Signal.SEE_WORKER),
        ({"kind": "staff"}, "staff_badge", Signal.REFUSED),
        ({"lockers": (77,)}, "locker", Signal.REFUSED),
    ],
)
def test_refused_badge_gets_the_reason_and_the_light(fields: dict[str, object], why: str, light: Signal) -> None:
    driver = make_driver(grant(1, **{"lockers": 1, **fields}))
    came = driver.tap(1)
    assert released(came) == []
    assert lights(came) == [light]
    assert entries(came) == [
        {"type": "badge_refused", "reader": "entrance", "why": why, "digest": digest(number(1)), "grant": "g1"}
    ]


def test_unknown_badge_leaves_no_digest_behind() -> None:
    came = make_driver(grant(1, 1)).tap(9)
    assert entries(came) == [{"type": "badge_refused", "reader": "entrance", "why": "unknown"}]
    assert lights(came) == [Signal.REFUSED]


@pytest.mark.parametrize("why", ["foreign_card", "not_authentic"])
def test_card_that_proves_nothing_is_refused_in_red_and_cannot_be_enrolled(why: str) -> None:
    driver = make_driver(grant(1, 1))
    driver.connect()
    driver.order("enrol", args={"seconds": 20})
    came = driver.give(CardRefused("entrance", why))
    assert entries(came) == [{"type": "badge_refused", "reader": "entrance", "why": why}]
    assert lights(came) == [Signal.REFUSED]
    assert replies(came) == []


def test_unreadable_number_is_unknown() -> None:
    driver = make_driver(grant(1, 1))
    came = driver.give(BadgePresented("entrance", "em4100", "not a number", driver.mono_ms))
    assert entries(came) == [{"type": "badge_refused", "reader": "entrance", "why": "unknown"}]


def test_grant_that_ends_while_the_program_runs_ends_then() -> None:
    driver = make_driver(grant(1, 1, not_after=NOON + 10_000))
    driver.wait(9_999)
    assert released(driver.tap(1)) == [1]
    driver.wait(10_000)
    came = driver.tap(1)
    assert released(came) == []
    assert entries(came, "badge_refused")[0]["why"] == "ended"


@pytest.mark.parametrize(("age_ms", "stale"), [(2_001, False), (0, True)])
def test_stale_reading_opens_nothing(age_ms: int, stale: bool) -> None:
    came = make_driver(grant(1, 1)).tap(1, age_ms=age_ms, stale=stale)
    assert released(came) == []
    assert entries(came) == [{"type": "badge_refused", "reader": "entrance", "why": "stale"}]


def test_reading_of_two_seconds_still_opens() -> None:
    assert released(make_driver(grant(1, 1)).tap(1, age_ms=2_000)) == [1]


def test_badge_with_several_lockers_opens_the_next_at_each_tap() -> None:
    driver = make_driver(grant(1, (1, 3, 5)))
    opened = []
    for _ in range(4):
        opened += released(driver.tap(1))
        driver.wait(5_000)
    assert opened == [1, 3, 5, 1]


def test_open_door_is_passed_over_while_another_is_shut() -> None:
    driver = make_driver(grant(1, (1, 3, 5)))
    driver.door(1, opens=True)
    driver.door(3, opens=False)
    assert released(driver.tap(1)) == [3]


def test_a_cut_sensor_wire_keeps_no_locker_from_its_holder_of_two() -> None:
    """Door 3 reads open for ever: its turn comes as ever, and after some releases its sensor is told."""
    driver = make_driver(grant(1, (3, 4)), releases_since_change={3: 0, 4: 0})
    driver.door(4, opens=False)
    driver.door(3, opens=True)
    driver.wait(LEFT_OPEN_AFTER_MS)
    opened = []
    for _ in range(8):
        opened += released(driver.tap(1))
        if opened[-1] == 4:
            driver.door(4, opens=True)
            driver.door(4, opens=False)
        driver.wait(20_000)
    assert opened == [3, 4] * 4
    assert "stuck_open" in driver.fault_codes()


def test_badge_whose_doors_all_stand_open_still_gets_one() -> None:
    driver = make_driver(grant(1, (1, 3)))
    for locker in (1, 3):
        driver.door(locker, opens=True)
    assert released(driver.tap(1)) == [1]


def test_second_tap_during_a_release_stays_green_and_pulses_once() -> None:
    driver = make_holder()
    driver.tap(1)
    driver.wait(500)
    came = driver.tap(1)
    assert released(came) == []
    assert lights(came) == [Signal.GRANTED]
    assert entries(came, "badge_refused")[0]["why"] == "busy"
    driver.door(1, opens=True)
    driver.wait(60_000)
    assert len(driver.energised) == 1


def test_second_tap_of_a_badge_with_two_lockers_opens_the_other_meanwhile() -> None:
    driver = make_driver(grant(1, (1, 2)))
    driver.tap(1)
    driver.tap(1)
    driver.wait(1_000)
    assert [energise.locker for energise in driver.energised] == [1, 2]


def test_notice_shows_after_the_green_light() -> None:
    driver = make_driver(grant(1, 1, notice=True))
    assert lights(driver.tap(1)) == [Signal.GRANTED]
    assert lights(driver.wait(3_000)) == [Signal.MESSAGE_WAITING]


@pytest.mark.parametrize("other", ["another badge", "a foreign card", "an old reading"])
def test_notice_does_not_show_over_what_the_light_says_to_somebody_else(other: str) -> None:
    driver = make_driver(grant(1, 1, notice=True))
    driver.tap(1)
    driver.wait(500)
    if other == "a foreign card":
        came = driver.give(CardRefused("entrance", "foreign_card"))
    else:
        came = driver.tap(2, stale=other == "an old reading")
    assert lights(came) == [Signal.REFUSED]
    assert lights(driver.wait(3_000)) == []


def test_notice_shows_to_who_taps_again_and_whatever_another_reader_says() -> None:
    driver = make_driver(grant(1, 1, notice=True))
    driver.tap(1)
    driver.tap(1)
    driver.tap(2, reader="back door")
    assert lights(driver.wait(1_600)) == [Signal.MESSAGE_WAITING]


def test_locker_out_of_service_shows_amber_and_the_badges_other_locker_opens() -> None:
    driver = make_driver(grant(1, 1), grant(2, (1, 2)), out_of_service={1: OutOfService("flooded", NOON + DAY)})
    came = driver.tap(1)
    assert lights(came) == [Signal.SEE_WORKER]
    assert entries(came)[0]["why"] == "out_of_service"
    assert released(driver.tap(2)) == [2]


def test_ten_strangers_in_a_minute_slow_the_reader_which_never_closes() -> None:
    driver = make_driver(grant(1, 1))
    for stranger in range(100, 110):
        driver.tap(stranger)
        driver.wait(100)
    assert driver.tap(1) == []
    assert released(driver.tap(1, reader="back door")) == [1]
    driver.wait(3_000)
    assert released(driver.tap(1)) == [1]


def test_slowed_reader_is_quick_again_after_a_calm_minute() -> None:
    driver = make_driver(grant(1, 1), grant(2, 2))
    for stranger in range(100, 110):
        driver.tap(stranger)
    driver.wait(60_000)
    assert released(driver.tap(1)) == [1]
    driver.wait(1_000)
    assert released(driver.tap(2)) == [2]


def test_flood_of_refusals_becomes_one_entry_with_the_count() -> None:
    driver = make_driver(grant(1, 1, "suspended"))
    for _ in range(25):
        driver.tap(1)
    assert len(entries(driver.effects, "badge_refused")) == 10
    assert entries(driver.wait(60_000), "suppressed") == [{"type": "badge_refused", "source": "entrance", "count": 15}]
    assert len(entries(driver.tap(1), "badge_refused")) == 1


def test_releases_are_never_suppressed() -> None:
    driver = make_driver(*(grant(n, n) for n in range(1, 16)), lockers=15)
    for n in range(1, 16):
        driver.tap(n)
    driver.wait(30_000)
    assert len(entries(driver.effects, "release_intended")) == 15
    assert len(entries(driver.effects, "released")) == 15
    assert entries(driver.effects, "suppressed") == []


def test_badge_under_the_older_key_opens_and_is_reported_once() -> None:
    old = digest(number(1), OLD_KEY)
    access_list = make_list(grant(1, 1, digest=old, key="k0"), badge_keys=("k1", "k0"))
    driver = make_driver(access_list=access_list, badge_keys={"k0": OLD_KEY, "k1": KEY})
    came = driver.tap(1)
    assert released(came) == [1]
    assert entries(came, "badge_rekeyed") == [
        {"type": "badge_rekeyed", "old": old, "new": digest(number(1)), "grant": "g1"}
    ]
    driver.wait(10_000)
    assert entries(driver.tap(1), "badge_rekeyed") == []


def test_newest_key_that_knows_the_badge_has_the_word() -> None:
    access_list = make_list(
        grant(1, 1, digest=digest(number(1), OLD_KEY), key="k0", id="old"),
        badge_keys=("k1", "k0"),
        revoked=(revoked(1),),
    )
    driver = make_driver(access_list=access_list, badge_keys={"k0": OLD_KEY, "k1": KEY})
    assert entries(driver.tap(1), "badge_refused")[0]["why"] == "revoked"


def test_enrolment_reports_the_next_badge_without_a_live_grant() -> None:
    driver = make_driver(grant(1, 1))
    driver.connect()
    assert replies(driver.order("enrol", args={"seconds": 20})) == ["accepted"]
    assert released(driver.tap(1)) == [1]
    came = driver.tap(9)
    assert entries(came)[0]["digest"] == digest(number(9))
    assert types(came) == ["badge_enrolled"]
    assert [(reply.state, reply.digest, reply.key) for reply in came if hasattr(reply, "digest")] == [
        ("enrolled", digest(number(9)), "k1")
    ]
    assert types(driver.tap(10)) == ["badge_refused"]


def test_revoked_badge_can_be_enrolled_and_a_suspended_one_cannot() -> None:
    driver = make_driver(access_list=make_list(grant(2, 2, "suspended"), revoked=(revoked(1),)))
    driver.connect()
    driver.order("enrol")
    assert types(driver.tap(2)) == ["badge_refused"]
    assert types(driver.tap(1)) == ["badge_enrolled"]


def test_enrolment_expires_with_a_reply() -> None:
    driver = make_driver(grant(1, 1))
    driver.connect()
    driver.order("enrol", args={"seconds": 20})
    assert replies(driver.order("enrol")) == ["refused:busy"]
    assert replies(driver.wait(20_000)) == ["expired"]
    assert types(driver.tap(9)) == ["badge_refused"]


def test_badge_at_a_bank_without_a_list_is_refused() -> None:
    driver = make_driver(access_list=None)
    assert entries(driver.tap(1))[0]["why"] == "unknown"


def test_sensor_that_says_open_stops_no_one() -> None:
    driver = make_driver(grant(1, 1))
    driver.give(DoorSensed(1, True))
    assert released(driver.tap(1)) == [1]


def test_what_a_badge_gets_is_shown_at_the_reader_where_it_was_held() -> None:
    driver = make_holder()
    shown = [*driver.tap(1, reader="yard"), *driver.tap(9, reader="entrance")]
    assert [(effect.signal, effect.reader) for effect in shown if isinstance(effect, Show)] == [
        (Signal.GRANTED, "yard"),
        (Signal.REFUSED, "entrance"),
    ]


def test_a_lock_that_fails_is_told_at_the_reader_of_whoever_waits_for_it() -> None:
    driver = make_holder()
    driver.tap(1, reader="yard")
    shown = [effect for effect in driver.wait(20_000) if isinstance(effect, Show)]
    assert [(effect.signal, effect.reader) for effect in shown] == [(Signal.FAULT, "yard")]
