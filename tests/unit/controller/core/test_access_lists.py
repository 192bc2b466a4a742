"""Which lists are accepted, what acts at once, and who is kept when a list forgets them."""

import pytest

from controller.access import NOTHING_CARRIED
from controller.carried_over import decode_carried_over
from controller.effects import StoreList
from controller.inputs import BadgeKeysReceived, ListStored, Refused
from tests.unit.controller.core.driver import (
    DAY,
    KEY,
    NOON,
    OLD_KEY,
    Driver,
    digest,
    entries,
    grant,
    make_driver,
    make_list,
    number,
    released,
    revoked,
    types,
)
from wire.access_list import Grant, list_hash
from wire.limits import VANISHED_KEPT_MS
from wire.messages import encode

HOUR = 3_600_000


def stores(driver: Driver) -> list[StoreList]:
    return [effect for effect in driver.effects if isinstance(effect, StoreList)]


def test_newer_list_is_in_force_at_once_and_stored_with_its_entry() -> None:
    driver = make_driver(grant(1, 1))
    new = make_list(grant(1, 1), grant(2, 2), version=11)
    came = driver.receive_list(new)
    assert isinstance(came[0], StoreList)
    assert (came[0].version, came[0].envelope, came[0].kept) == (11, b"envelope", encode(NOTHING_CARRIED))
    assert came[0].entry.body == {
        "version": 11,
        "hash": list_hash(encode(new)),
        "grants": 2,
        "revoked": 0,
        "durable": True,
    }
    assert (driver.bank.list_version, driver.bank.list_hash) == (11, list_hash(encode(new)))
    assert released(driver.tap(2)) == [2]


@pytest.mark.parametrize("version", [9, 10])
def test_older_or_other_list_of_the_same_version_is_refused(version: int) -> None:
    driver = make_driver(grant(1, 1))
    came = driver.receive_list(make_list(grant(9, 1), version=version))
    assert entries(came) == [{"type": "access_refused", "code": "version", "version": version}]
    assert released(driver.tap(1)) == [1]


def test_revoked_badge_stays_revoked_when_the_old_list_comes_again() -> None:
    driver = make_driver(grant(1, 1))
    driver.receive_list(make_list(version=11, revoked=(revoked(1),)))
    driver.receive_list(make_list(grant(1, 1), version=10))
    assert entries(driver.tap(1), "badge_refused")[0]["why"] == "revoked"


def test_version_floor_holds_across_a_restart_that_lost_the_list() -> None:
    driver = make_driver(grant(1, 1), version_floor=50)
    assert types(driver.receive_list(make_list(version=49))) == ["access_refused"]
    assert driver.bank.list_version == 10
    driver.receive_list(make_list(version=50, revoked=(revoked(1),)))
    assert driver.bank.list_version == 50
    assert types(driver.receive_list(make_list(grant(1, 1), version=50))) == ["access_refused"]


def test_list_of_another_controller_is_refused() -> None:
    driver = make_driver(grant(1, 1))
    came = driver.receive_list(make_list(version=11, controller="lille-1"))
    assert entries(came)[0]["code"] == "controller"


def test_retained_list_delivered_again_is_no_event() -> None:
    driver = make_driver(grant(1, 1))
    assert driver.receive_list(make_list(grant(1, 1))) == []


def test_list_refused_before_the_core_is_counted_and_journaled() -> None:
    driver = make_driver(grant(1, 1))
    assert entries(driver.give(Refused("access", "signature"))) == [{"type": "access_refused", "code": "signature"}]
    assert driver.give(Refused("commands", "signature")) == []
    assert dict(driver.bank.counters) == {"refused_access": 1, "refused_commands": 1}


def test_list_that_cannot_be_stored_acts_all_the_same_and_is_tried_again() -> None:
    driver = make_driver(grant(1, 1))
    driver.receive_list(make_list(version=11, revoked=(revoked(1),)))
    came = driver.give(ListStored(11, durable=False))
    assert entries(came)[0]["durable"] is False
    assert driver.fault_codes() == {"not_durable"}
    assert entries(driver.tap(1), "badge_refused")[0]["why"] == "revoked"
    driver.wait(30_000)
    assert [store.version for store in stores(driver)] == [11, 11]
    assert driver.give(ListStored(11, durable=False)) == []
    driver.wait(30_000)
    driver.give(ListStored(11, durable=True))
    assert driver.fault_codes() == set()
    driver.wait(120_000)
    assert len(stores(driver)) == 3


def test_each_list_that_cannot_be_stored_is_in_the_journal() -> None:
    driver = make_driver(grant(1, 1))
    for version in (11, 12):
        driver.receive_list(make_list(grant(1, 1), version=version))
        driver.give(ListStored(version, durable=False))
    applied = entries(driver.effects, "access_applied")
    assert [(body["version"], body["durable"]) for body in applied] == [(11, False), (12, False)]


def test_newer_list_ends_the_attempts_for_the_older() -> None:
    driver = make_driver(grant(1, 1))
    driver.receive_list(make_list(grant(1, 1), version=11))
    driver.give(ListStored(11, durable=False))
    driver.receive_list(make_list(grant(1, 1), version=12))
    driver.give(ListStored(12, durable=True))
    driver.wait(60_000)
    assert [store.version for store in stores(driver)] == [11, 12]
    assert driver.fault_codes() == set()


def test_holder_whom_a_list_forgets_may_collect_for_72_hours() -> None:
    driver = make_driver(grant(1, 1), grant(2, 2))
    came = driver.receive_list(make_list(grant(2, 2), version=11))
    assert entries(came, "holder_vanished") == [
        {
            "type": "holder_vanished",
            "grant": "g1",
            "digest": digest(number(1)),
            "lockers": [1],
            "until": NOON + VANISHED_KEPT_MS,
        }
    ]
    assert driver.fault_codes() == {"holder_vanished"}
    driver.wait(VANISHED_KEPT_MS - 1)
    opened = driver.tap(1)
    assert released(opened) == [1]
    assert entries(opened, "release_intended")[0]["kind"] == "collect"
    driver.wait(10_000)
    assert released(driver.tap(1)) == []
    assert driver.fault_codes() == set()


def test_empty_list_parts_no_one_from_their_belongings() -> None:
    driver = make_driver(grant(1, 1), grant(2, 2))
    driver.receive_list(make_list(version=11, badge_keys=()))
    assert released(driver.tap(1)) == [1]
    driver.wait(1_000)
    assert released(driver.tap(2)) == [2]


def test_one_of_two_lockers_forgotten_stays_open_to_collect() -> None:
    driver = make_driver(grant(1, 1), grant(1, 2, id="second"))
    driver.receive_list(make_list(grant(1, 1), version=11))
    driver.tap(1)
    driver.wait(1_000)
    driver.tap(1)
    assert [energise.locker for energise in driver.energised] == [1, 2]


def test_time_to_collect_that_a_list_forgets_runs_to_its_own_end() -> None:
    driver = make_driver(grant(1, 1, "collect", not_after=NOON + HOUR))
    driver.receive_list(make_list(version=11))
    assert released(driver.tap(1)) == [1]
    driver.wait(HOUR)
    assert released(driver.tap(1)) == []


@pytest.mark.parametrize(
    ("grants", "revocations"),
    [
        ((), (revoked(1),)),
        ((), (revoked(1, "ended"),)),
        ((), (revoked(1, "replaced", id="other"),)),
        ((grant(1, 1, "suspended", id="s"),), ()),
        ((grant(7, 1, id="g1"),), ()),
    ],
)
def test_who_is_revoked_replaced_or_suspended_has_not_vanished(
    grants: tuple[Grant, ...], revocations: tuple[object, ...]
) -> None:
    driver = make_driver(grant(1, 1))
    driver.receive_list(make_list(*grants, version=11, revoked=revocations))
    assert entries(driver.effects, "holder_vanished") == []
    assert released(driver.tap(1)) == []


def test_end_of_another_contract_does_not_part_a_forgotten_holder() -> None:
    driver = make_driver(grant(1, 1), grant(1, 2, id="second"))
    driver.receive_list(make_list(version=11, revoked=(revoked(1, "ended"),)))
    assert [body["grant"] for body in entries(driver.effects, "holder_vanished")] == ["second"]
    assert released(driver.tap(1)) == [2]


def test_grant_that_had_ended_or_not_begun_does_not_vanish() -> None:
    driver = make_driver(grant(1, 1, not_after=NOON), grant(2, 2, not_before=NOON + 1), grant(3, 3, "staff"))
    driver.receive_list(make_list(version=11))
    assert entries(driver.effects, "holder_vanished") == []


def test_kept_holder_stays_kept_through_the_next_list_and_a_restart() -> None:
    driver = make_driver(grant(1, 1))
    driver.receive_list(make_list(version=11))
    driver.receive_list(make_list(version=12))
    kept = stores(driver)[-1].kept
    assert [item.kind for item in decode_carried_over(kept).holders] == ["collect"]
    again = make_driver(access_list=make_list(version=12), kept=kept)
    assert released(again.tap(1)) == [1]
    assert again.fault_codes() == {"holder_vanished"}
    assert len(entries(driver.effects, "holder_vanished")) == 1


def test_kept_holder_is_replaced_when_the_holder_reappears() -> None:
    driver = make_driver(grant(1, 1))
    driver.receive_list(make_list(version=11))
    driver.receive_list(make_list(grant(1, 1), version=12))
    assert decode_carried_over(stores(driver)[-1].kept) == NOTHING_CARRIED
    assert driver.fault_codes() == set()
    assert entries(driver.tap(1), "release_intended")[0]["kind"] == "holder"


def test_kept_holder_is_dropped_when_revoked() -> None:
    driver = make_driver(grant(1, 1))
    driver.receive_list(make_list(version=11))
    driver.receive_list(make_list(version=12, revoked=(revoked(1),)))
    assert entries(driver.tap(1), "badge_refused")[0]["why"] == "revoked"


def test_kept_grants_that_cannot_be_read_are_a_fault_and_stop_no_one() -> None:
    driver = make_driver(grant(1, 1), kept=b"{broken")
    assert driver.fault_codes() == {"kept_unreadable"}
    assert released(driver.tap(1)) == [1]


def test_kept_grants_that_could_not_be_read_are_no_fault_once_a_newer_list_has_its_own() -> None:
    driver = make_driver(grant(1, 1), kept=b"{broken")
    driver.receive_list(make_list(grant(1, 1), version=11))
    assert driver.fault_codes() == set()


def test_who_was_kept_is_kept_where_a_damaged_disk_has_lost_the_list_alone() -> None:
    before = make_driver(grant(1, 1))
    forgetful = make_list(version=11)
    before.receive_list(forgetful)
    driver = make_driver(access_list=None, version_floor=11, kept=stores(before)[-1].kept)
    driver.receive_list(forgetful)
    assert released(driver.tap(1)) == [1]
    assert driver.fault_codes() == {"holder_vanished"}


def test_list_naming_a_key_that_is_missing_works_on_and_says_so() -> None:
    access_list = make_list(grant(1, 1), grant(2, 2, key="k2"), badge_keys=("k2", "k1"))
    driver = make_driver(access_list=access_list)
    assert driver.fault_codes() == {"badge_key_missing"}
    assert released(driver.tap(1)) == [1]
    driver.give(BadgeKeysReceived({"k1": KEY, "k2": OLD_KEY}))
    assert driver.fault_codes() == set()
    assert driver.bank.badge_key_ids == ("k1", "k2")


def test_disabled_grant_is_a_visible_fault() -> None:
    assert make_driver(grant(1, 1, kind="wizard")).fault_codes() == {"grants_disabled"}


def test_lease_of_staff_runs_out_once_and_holders_open_on() -> None:
    access_list = make_list(grant(1, 1), grant(2, 2, "staff"), lease_until=NOON + HOUR)
    driver = make_driver(access_list=access_list)
    assert entries(driver.wait(HOUR - 1), "lease_expired") == []
    assert entries(driver.wait(10 * HOUR), "lease_expired") == [{"type": "lease_expired", "grants": 1}]
    assert driver.fault_codes() == {"lease_expired"}
    assert released(driver.tap(1)) == [1]
    assert entries(driver.tap(2), "badge_refused")[0]["why"] == "lease"
    driver.receive_list(make_list(grant(1, 1), grant(2, 2, "staff"), version=11))
    assert driver.fault_codes() == set()


def test_lease_that_ran_out_by_a_wrong_clock_lives_again_once_the_time_is_set() -> None:
    driver = make_driver(grant(1, 1, "staff"))
    driver.skew_ms = 400 * DAY
    driver.wait(HOUR)
    assert driver.fault_codes() == {"lease_expired"}
    driver.skew_ms = 0
    driver.wait(HOUR)
    assert driver.fault_codes() == set()
    assert entries(driver.tap(1), "badge_refused")[0]["why"] == "staff_badge"


def test_badge_opens_for_thirty_days_offline_and_ends_on_its_day() -> None:
    driver = make_driver(grant(1, 1, not_after=NOON + 30 * DAY))
    driver.wait(30 * DAY - 1)
    assert released(driver.tap(1)) == [1]
    driver.wait(10_000)
    assert released(driver.tap(1)) == []


FOR_GOOD = NOON + 70 * 365 * DAY
WAITS = grant(1, 1, "suspended", id="waits", not_after=FOR_GOOD)
FROZEN = grant(1, 1, "suspended", id="frozen", not_before=NOON - HOUR, not_after=FOR_GOOD)
PAUSED = grant(1, 1, "suspended", id="paused", not_before=NOON - HOUR, not_after=NOON + DAY)


@pytest.mark.parametrize("suspension", [WAITS, FROZEN])
def test_locker_that_holds_anothers_things_stays_shut_for_whom_a_list_forgets(suspension: Grant) -> None:
    driver = make_driver(grant(1, 1), grant(1, 2, id="second"), suspension)
    for version in (11, 12):
        driver.receive_list(make_list(version=version))
        assert released(driver.tap(1)) == [2]
        driver.wait(60_000)
    again = make_driver(access_list=make_list(version=12), kept=stores(driver)[-1].kept)
    assert released(again.tap(1)) == [2]
    again.wait(VANISHED_KEPT_MS)
    assert again.fault_codes() == set()
    again.receive_list(make_list(version=13))
    assert decode_carried_over(stores(again)[-1].kept) == NOTHING_CARRIED


def test_who_is_suspended_for_a_while_may_collect_once_a_list_forgets_them() -> None:
    driver = make_driver(grant(1, 1), PAUSED)
    driver.receive_list(make_list(version=11))
    assert released(driver.tap(1)) == [1]
