"""The life of a release: intent, coil, board, door; queues, rest, retries and giving up."""

from itertools import pairwise

import pytest

from controller.bank import BankState, PastRelease, UnresolvedRelease
from controller.bank_config import LEFT_OPEN_AFTER_MS, OPEN_WITHIN_MS
from controller.effects import Energise, Record
from controller.inputs import DoorSensed, IntentDurable, IntentLate, LockAccepted, LockFailed
from hw.ports import Signal
from tests.unit.controller.core.driver import (
    DAY,
    NOON,
    Driver,
    entries,
    grant,
    lights,
    make_driver,
    make_holder,
    make_list,
    released,
    replies,
    revoked,
    types,
)


def test_coil_waits_for_the_durable_intent() -> None:
    driver = make_driver(grant(1, 1), durable=False)
    assert released(driver.tap(1)) == []
    assert released(driver.wait(200)) == []
    assert driver.give(IntentDurable("r1"))[0] == Energise("r1", 1, 300)


def test_late_disk_opens_all_the_same_and_is_named_afterwards() -> None:
    driver = make_driver(grant(1, 1), durable=False, boards=False)
    driver.tap(1)
    came = driver.give(IntentLate("r1"))
    assert came[0] == Energise("r1", 1, 300)
    assert entries(came) == [{"type": "journal_late", "release": "r1", "locker": 1}]
    assert driver.fault_codes() == {"late"}


def test_journal_fault_ends_when_the_disk_answers() -> None:
    driver = make_driver(grant(1, 1), durable=False)
    driver.tap(1)
    driver.give(IntentLate("r1"))
    driver.give(IntentDurable("r1"))
    assert driver.fault_codes() == set()


def test_answer_for_an_intent_counts_once() -> None:
    driver = make_driver(grant(1, 1), durable=False)
    driver.tap(1)
    driver.give(IntentLate("r1"))
    assert driver.give(IntentDurable("r1")) == []
    assert driver.give(IntentDurable("r99")) == []


def test_revocation_between_intent_and_disk_stops_the_coil() -> None:
    driver = make_driver(grant(1, 1), durable=False)
    driver.tap(1)
    driver.receive_list(make_list(version=11, revoked=(revoked(1),)))
    came = driver.give(IntentDurable("r1"))
    assert released(came) == []
    assert entries(came, "release_failed") == [
        {"type": "release_failed", "release": "r1", "locker": 1, "code": "revoked"}
    ]
    assert entries(came, "badge_refused")[0]["why"] == "revoked"
    assert lights(came) == [Signal.REFUSED]


def test_revocation_while_waiting_in_the_queue_writes_no_intent() -> None:
    driver = make_driver(grant(1, 1), grant(2, 2))
    driver.tap(1)
    driver.tap(2)
    driver.receive_list(make_list(grant(1, 1), version=11, revoked=(revoked(2),)))
    came = driver.wait(5_000)
    assert types(came) == ["badge_refused", "release_unknown"], "badge 1's door has no sensor"
    assert [energise.locker for energise in driver.energised] == [1]


def test_grant_that_ends_while_the_disk_stalls_opens_nothing() -> None:
    driver = make_driver(grant(1, 1, not_after=NOON + 100), durable=False)
    driver.tap(1)
    driver.wait(100)
    assert entries(driver.give(IntentDurable("r1")), "release_failed")[0]["code"] == "ended"


def test_door_that_opens_in_time_is_opened_by_the_release() -> None:
    driver = make_holder()
    driver.tap(1)
    driver.wait(400)
    came = driver.door(1, opens=True)
    assert entries(came) == [{"type": "door_opened", "locker": 1, "release": "r1"}]
    assert entries(driver.wait(10_000), "not_opened") == []


def test_door_seen_before_the_board_answers_is_told_in_order() -> None:
    driver = make_holder(boards=False)
    driver.connect()
    driver.order("open", args={"locker": 1})
    opened = driver.door(1, opens=True)
    accepted = driver.give(LockAccepted(1))
    assert types(opened) == ["door_opened"]
    assert replies(opened) == []
    assert types(accepted) == ["released"]
    assert replies(accepted) == ["released", "opened"]


def test_shut_door_is_retried_twice_within_five_seconds_each_with_an_intent_of_its_own() -> None:
    driver = make_holder()
    driver.tap(1)
    came = driver.wait(60_000)
    intents = entries(driver.effects, "release_intended")
    assert [(body["release"], body["cause"], body["attempt"]) for body in intents] == [
        ("r1", "badge", 1),
        ("r2", "retry", 2),
        ("r3", "retry", 3),
    ]
    assert [body["attempt"] for body in entries(came, "not_opened")] == [1, 2, 3]
    assert lights(came) == [Signal.FAULT]


def test_sensor_that_never_moved_gets_no_retry() -> None:
    driver = make_driver(grant(1, 1))
    driver.door(1, opens=False)
    driver.tap(1)
    driver.wait(60_000)
    assert len(driver.energised) == 1


def test_sensor_that_did_not_move_in_three_releases_gets_no_retry_and_is_a_fault() -> None:
    driver = make_holder()
    driver.tap(1)
    driver.wait(20_000)
    assert len(driver.energised) == 3
    driver.tap(1)
    came = driver.wait(20_000)
    assert len(driver.energised) == 4
    assert entries(came, "sensor_fault") == [{"type": "sensor_fault", "locker": 1, "code": "stuck_closed"}]
    assert driver.fault_codes() == {"stuck_closed"}
    assert entries(driver.door(1, opens=True), "sensor_recovered") != []


def test_retry_that_would_come_after_five_seconds_does_not_come() -> None:
    driver = make_holder(durable=False)
    driver.tap(1)
    driver.give(IntentDurable("r1"))
    driver.wait(2_340)
    assert entries(driver.effects, "release_intended")[-1]["attempt"] == 2
    driver.wait(2_700)
    came = driver.give(IntentLate("r2"))
    assert released(came) == []
    assert lights(came) == [Signal.FAULT]


def test_revoked_badge_is_not_retried() -> None:
    driver = make_holder()
    driver.tap(1)
    driver.receive_list(make_list(version=11, revoked=(revoked(1),)))
    driver.wait(20_000)
    assert len(driver.energised) == 1


def test_door_that_opened_while_the_loop_was_slow_counts() -> None:
    driver = make_holder()
    driver.tap(1)
    driver.mono_ms += 2_100
    assert types(driver.door(1, opens=True)) == ["door_opened"]


def test_door_that_opened_while_the_loop_was_slow_counts_whatever_is_told_before_it() -> None:
    driver = make_holder()
    driver.boards = False
    driver.tap(1)
    driver.mono_ms += 4_000
    assert types(driver.give(LockAccepted(1))) == ["released"]
    assert types(driver.door(1, opens=True)) == ["door_opened"]
    assert types(driver.wait(1)) == []


def test_retry_goes_before_those_who_came_later() -> None:
    driver = make_driver(
        *(grant(n, n) for n in range(1, 13)), lockers=12, releases_since_change=dict.fromkeys(range(1, 13), 0)
    )
    driver.door(1, opens=False)
    for n in range(1, 13):
        driver.tap(n)
    driver.wait(10_000)
    order = [energise.locker for energise in driver.energised]
    assert order.index(1, 1) == 5
    assert sorted(set(order)) == list(range(1, 13))


def test_wrong_door_is_named_and_never_retried() -> None:
    driver = make_holder()
    driver.tap(1)
    came = driver.door(2, opens=True)
    assert entries(came) == [{"type": "wrong_door", "locker": 2, "release": "r1", "expected": 1}]
    driver.wait(60_000)
    assert len(driver.energised) == 1


def test_door_already_open_is_released_and_reported_as_seen() -> None:
    driver = make_holder()
    driver.connect()
    driver.give(DoorSensed(1, True))
    came = driver.order("open", args={"locker": 1})
    assert released(came) == [1]
    assert replies(came) == ["accepted", "released", "already_open"]
    assert entries(came, "already_open") == [{"type": "already_open", "release": "r1", "locker": 1}]


def test_no_sensor_leaves_the_outcome_unknown() -> None:
    driver = make_driver()
    driver.connect()
    assert replies(driver.order("open", args={"locker": 1})) == ["accepted", "released"]
    came = driver.wait(2_000)
    assert replies(came) == ["unknown"]
    assert types(came) == ["release_unknown"], "or it would be said of it at each later start"


def test_release_that_never_went_out_fails_at_once() -> None:
    driver = make_holder(boards=False)
    driver.connect()
    driver.order("open", args={"locker": 1})
    came = driver.give(LockFailed(1, "closed"))
    assert entries(came) == [{"type": "release_failed", "release": "r1", "locker": 1, "code": "closed"}]
    assert lights(came) == [Signal.FAULT]
    assert replies(came) == ["failed"]
    driver.wait(60_000)
    assert len(driver.energised) == 1


def test_release_that_the_guard_sends_back_waits_its_time_and_opens_with_a_new_intent() -> None:
    driver = make_holder(boards=False)
    driver.connect()
    driver.order("open", args={"locker": 1})
    came = driver.give(LockFailed(1, "refused_by_guard"))
    assert (lights(came), replies(came)) == ([], [])
    driver.boards = True
    driver.wait(3_000)
    assert [energise.release for energise in driver.energised] == ["r1", "r2"]
    assert replies(driver.door(1, opens=True)) == ["opened"]


def test_release_that_the_guard_refuses_again_and_again_fails() -> None:
    driver = make_holder(boards=False)
    driver.connect()
    driver.order("open", args={"locker": 1})
    for _ in range(3):
        driver.give(LockFailed(1, "refused_by_guard"))
        driver.wait(3_000)
    came = driver.give(LockFailed(1, "refused_by_guard"))
    assert (lights(came), replies(came)) == ([Signal.FAULT], ["failed"])
    driver.wait(60_000)
    assert len(driver.energised) == 4


def test_door_forced_after_a_release_that_never_went_out_is_forced() -> None:
    driver = make_holder(boards=False)
    driver.tap(1)
    driver.give(LockFailed(1, "closed"))
    assert types(driver.door(1, opens=True)) == ["door_forced"]


def test_intent_that_comes_to_disk_a_minute_late_opens_nothing() -> None:
    """The program was stopped in between: whoever stood at the door is gone."""
    driver = make_driver(grant(1, 1), durable=False)
    driver.tap(1)
    driver.mono_ms += 60_001
    came = driver.give(IntentDurable("r1"))
    assert released(came) == []
    assert entries(came, "release_failed")[0]["code"] == "expired"


def test_silent_board_is_not_fired_again_and_the_door_has_the_last_word() -> None:
    driver = make_holder(boards=False)
    driver.connect()
    driver.order("open", args={"locker": 1})
    came = driver.give(LockFailed(1, "no_reply"))
    assert (lights(came), replies(came)) == ([Signal.FAULT], [])
    assert replies(driver.door(1, opens=True)) == ["opened"]
    driver.wait(500)
    driver.order("open", args={"locker": 2})
    driver.give(LockFailed(2, "no_reply"))
    assert replies(driver.wait(10_000)) == ["failed"]
    assert [energise.locker for energise in driver.energised] == [1, 2]


def test_board_that_says_nothing_at_all_leaves_the_release_unknown() -> None:
    driver = make_driver(grant(1, 1), boards=False)
    driver.tap(1)
    assert types(driver.wait(10_000)) == ["release_unknown"]


def test_door_that_opens_although_the_board_says_nothing_is_opened_all_the_same() -> None:
    driver = make_holder(boards=False)
    driver.connect()
    driver.order("open", args={"locker": 1})
    assert types(driver.door(1, opens=True)) == ["door_opened"]
    came = driver.wait(10_000)
    assert types(came) == ["release_unknown"]
    assert replies(came) == ["opened"]


@pytest.mark.parametrize("event", [LockAccepted(1), LockFailed(1, "no_reply")])
def test_word_of_a_board_that_nobody_asked_changes_nothing(event: LockAccepted | LockFailed) -> None:
    assert make_holder().give(event) == []


def starts(driver: Driver) -> list[int]:
    """Run the bank millisecond by millisecond where something is due; when each coil went on."""
    seen: list[int] = []
    known = len(driver.energised)
    seen += [driver.mono_ms] * known
    while (due := driver.bank.next_deadline_ms()) is not None and due < 1_200_000:
        driver.wait(due - driver.mono_ms)
        seen += [driver.mono_ms] * (len(driver.energised) - known)
        known = len(driver.energised)
    return seen


def test_forty_badges_in_one_minute_all_open_in_order_one_coil_at_a_time() -> None:
    driver = make_driver(*(grant(n, n) for n in range(1, 41)), lockers=40)
    for n in range(1, 41):
        driver.tap(n)
    times = starts(driver)
    assert [energise.locker for energise in driver.energised] == list(range(1, 41))
    assert all(second - first >= 470 for first, second in pairwise(times))
    assert times[-1] - times[0] <= 60_000


def test_release_that_never_went_out_says_nothing_about_the_sensor() -> None:
    driver = make_holder(boards=False)
    for _ in range(5):
        driver.tap(1)
        driver.give(LockFailed(1, "closed"))
        driver.wait(5_000)
    driver.boards = True
    driver.tap(1)
    driver.wait(10_000)
    assert len(driver.energised) == 5 + 3
    assert entries(driver.effects, "sensor_fault") == []


def test_power_groups_do_not_wait_for_each_other() -> None:
    driver = make_driver(grant(1, 1), grant(2, 2), groups=2)
    driver.tap(1)
    driver.tap(2)
    assert [energise.locker for energise in driver.energised] == [1, 2]


def test_resting_lock_does_not_hold_up_the_others() -> None:
    driver = make_holder()
    driver.connect()
    driver.tap(1)
    driver.door(1, opens=True)
    driver.order("open", args={"locker": 1})
    driver.order("open", args={"locker": 2})
    driver.wait(1_000)
    assert [energise.locker for energise in driver.energised] == [1, 2]
    driver.wait(1_500)
    assert [energise.locker for energise in driver.energised] == [1, 2, 1]


def test_who_has_waited_a_minute_is_told_so() -> None:
    driver = make_driver(*(grant(n, n) for n in range(1, 200)), lockers=200)
    driver.connect()
    for n in range(1, 199):
        driver.tap(n)
    driver.order("open", args={"locker": 200})
    driver.wait(60_000)
    served = {energise.locker for energise in driver.energised}
    late = {body["locker"] for body in entries(driver.effects, "badge_refused")}
    assert served | late == set(range(1, 199))
    assert not served & late
    assert {body["why"] for body in entries(driver.effects, "badge_refused")} == {"busy"}
    assert replies(driver.effects) == ["accepted", "expired"]
    assert entries(driver.effects, "command_refused")[0]["why"] == "expired"
    driver.wait(10_000)
    assert released(driver.tap(198)) == [198]


def test_restart_names_the_unknown_and_fires_nothing() -> None:
    driver = make_driver(grant(1, 1), unresolved=(UnresolvedRelease("r-old", 1),))
    assert entries(driver.effects) == [{"type": "release_unknown", "release": "r-old", "locker": 1}]
    driver.wait(120_000)
    assert driver.energised == []
    assert lights(driver.effects) == [Signal.IDLE]


def test_lock_rests_across_a_restart() -> None:
    driver = make_driver(grant(1, 1), past_releases=(PastRelease(1, 999_900, 300),))
    assert released(driver.tap(1)) == []
    driver.wait(2_239)
    assert driver.energised == []
    driver.wait(1)
    assert [energise.locker for energise in driver.energised] == [1]


def test_person_at_the_door_hears_when_a_staff_release_took_the_turn() -> None:
    driver = make_holder()
    driver.connect()
    driver.tap(1)
    assert replies(driver.order("open", args={"locker": 1})) == ["refused:busy"]


def test_empty_state_is_a_bank_that_refuses_everyone() -> None:
    driver = Driver(make_holder().config, BankState())
    assert entries(driver.tap(1))[0]["why"] == "unknown"
    assert driver.bank.list_version == 0


def test_release_effects_are_the_intents_own_words() -> None:
    driver = make_driver(grant(1, 1, not_after=NOON + DAY))
    intents = [effect for effect in driver.tap(1) if isinstance(effect, Record) and effect.release]
    assert [(effect.release, effect.body["release"]) for effect in intents] == [("r1", "r1")]


def test_nobody_wakes_for_a_release_whose_door_has_opened() -> None:
    driver = make_holder()
    driver.tap(1)
    tapped_ms = driver.mono_ms
    assert driver.bank.next_deadline_ms() == tapped_ms + OPEN_WITHIN_MS
    driver.door(1, opens=True)
    assert driver.bank.next_deadline_ms() == driver.mono_ms + LEFT_OPEN_AFTER_MS


def test_a_stiff_door_that_opens_just_before_its_retry_was_opened_by_its_release_and_gets_no_retry() -> None:
    """Or seen late, over a slow line. Its holder pulls it open: no burglary, and nothing fires behind them."""
    driver = make_holder()
    driver.connect()
    driver.order("open", args={"locker": 1})
    driver.wait(OPEN_WITHIN_MS + 50)
    came = driver.door(1, opens=True)
    assert entries(came) == [{"type": "door_opened", "locker": 1, "release": "r1"}]
    assert replies(came) == ["opened"]
    driver.wait(500)
    driver.door(1, opens=False)
    driver.wait(60_000)
    assert len(driver.energised) == 1
    assert driver.fault_codes() == set()


def test_a_door_that_opens_while_its_retry_s_intent_goes_to_disk_drops_the_retry() -> None:
    driver = make_driver(grant(1, 1), grant(2, 2), durable=False, releases_since_change={1: 0})
    driver.door(1, opens=False)
    driver.tap(1)
    driver.give(IntentDurable("r1"))
    driver.wait(2_340)
    driver.tap(2)
    came = driver.door(1, opens=True)
    assert entries(came, "door_opened", "release_failed") == [
        {"type": "door_opened", "locker": 1, "release": "r1"},
        {"type": "release_failed", "release": "r2", "locker": 1, "code": "opened"},
    ]
    assert entries(came, "release_intended")[0]["locker"] == 2, "who waits in the same power group goes on"
    driver.give(IntentDurable("r2"))
    driver.give(IntentDurable("r3"))
    driver.wait(60_000)
    assert [energise.locker for energise in driver.energised] == [1, 2]


def test_a_retry_that_waits_for_a_slow_disk_does_not_come_after_the_door_has_opened_and_shut() -> None:
    """The person has taken their things and gone: the locker must not stand released behind them."""
    driver = make_driver(grant(1, 1), grant(2, 2), durable=False, releases_since_change={1: 0, 2: 0})
    driver.door(1, opens=False)
    driver.tap(1)
    driver.give(IntentDurable("r1"))
    driver.wait(1_990)
    driver.tap(2)
    driver.wait(200)
    driver.door(1, opens=True)
    driver.door(1, opens=False)
    driver.give(IntentDurable("r2"))
    driver.durable = True
    driver.wait(60_000)
    assert [energise.locker for energise in driver.energised] == [1, 2]


def test_a_door_that_opens_while_a_first_release_waits_is_forced() -> None:
    driver = make_holder(durable=False)
    driver.tap(1)
    assert types(driver.door(1, opens=True)) == ["door_forced"]
