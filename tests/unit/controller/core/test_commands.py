"""Commands live for seconds, in one session, once; each kind does its own thing and no more."""

import pytest

from controller.bank import OutOfService
from controller.effects import SendList, SendReply
from controller.inputs import BeatSent, ListStored, SessionEnded, SessionStarted
from hw.ports import Signal
from tests.unit.controller.core.driver import (
    BEAT,
    DAY,
    NOON,
    SESSION,
    entries,
    grant,
    lights,
    make_driver,
    make_holder,
    make_list,
    released,
    replies,
    types,
)
from wire.messages import Session

OPEN_1 = {"locker": 1}
ID = "00000000-0000-7000-8000-00000000abcd"


def test_open_is_accepted_released_and_opened() -> None:
    driver = make_holder()
    driver.connect()
    came = driver.order("open", args=OPEN_1, id=ID)
    assert replies(came) == ["accepted", "released"]
    assert types(came) == ["command_accepted", "release_intended", "released"]
    intent = entries(came, "release_intended")[0]
    assert (intent["cause"], intent["command"], intent["requested_by"], intent["reason"]) == (
        "command",
        ID,
        "staff-1",
        "holder_present",
    )
    assert replies(driver.door(1, opens=True)) == ["opened"]


def test_open_whose_door_stays_shut_ends_not_opened() -> None:
    driver = make_holder()
    driver.connect()
    driver.order("open", args=OPEN_1)
    assert replies(driver.wait(30_000)) == ["not_opened"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"retained": True}, "retained"),
        ({"controller": "lille-1"}, "controller"),
        ({"session": Session(number=6, nonce="a" * 32)}, "session"),
        ({"session": Session(number=7, nonce="c" * 32)}, "session"),
        ({"beat": "d" * 32}, "beat"),
        ({"kind": "open_all"}, "kind"),
        ({"args": {"locker": "1"}}, "args"),
        ({"args": {}}, "args"),
        ({"args": {"locker": 99}}, "locker"),
        ({"reason": ""}, "reason_missing"),
    ],
)
def test_foreign_late_or_senseless_command_is_refused_and_moves_no_door(fields: dict[str, object], why: str) -> None:
    driver = make_holder()
    driver.connect()
    came = driver.order(**{"kind": "open", "args": OPEN_1, **fields})
    assert replies(came) == [f"refused:{why}"]
    assert [body["why"] for body in entries(came, "command_refused")] == [why]
    driver.wait(60_000)
    assert driver.energised == []


@pytest.mark.parametrize("clock", ["trusted", "claimed", "floor"])
@pytest.mark.parametrize(("age_ms", "expected"), [(30_000, ["accepted", "released"]), (30_001, ["refused:beat"])])
def test_freshness_needs_no_clock(clock: str, age_ms: int, expected: list[str]) -> None:
    driver = make_holder(clock=clock)
    driver.skew_ms = -400 * DAY
    driver.connect()
    driver.wait(age_ms)
    assert replies(driver.order("open", args=OPEN_1)) == expected


@pytest.mark.parametrize("locker", [True, -3, 10**30, "1", 99])
def test_senseless_locker_of_a_refused_command_stays_out_of_the_journal(locker: object) -> None:
    driver = make_holder()
    driver.connect()
    came = driver.order("open", args={"locker": locker})
    assert "locker" not in entries(came, "command_refused")[0]


def test_any_of_the_recent_beats_will_do() -> None:
    driver = make_holder()
    driver.connect()
    driver.wait(15_000)
    driver.give(BeatSent("e" * 32))
    assert replies(driver.order("open", args=OPEN_1)) == ["accepted", "released"]
    assert replies(driver.order("open", args={"locker": 2}, beat="e" * 32))[0] == "accepted"


def test_new_session_forgets_the_old_beats() -> None:
    driver = make_holder()
    driver.connect()
    driver.give(SessionStarted(Session(number=8, nonce="f" * 32)))
    fresh = {"session": Session(number=8, nonce="f" * 32)}
    assert replies(driver.order("open", args=OPEN_1, **fresh)) == ["refused:beat"]


def test_without_a_session_every_command_is_refused() -> None:
    driver = make_holder()
    assert replies(driver.order("open", args=OPEN_1)) == ["refused:session"]
    driver.connect()
    driver.give(SessionEnded())
    assert replies(driver.order("open", args=OPEN_1)) == ["refused:session"]


def test_repeated_command_gets_its_first_reply_again_and_does_nothing() -> None:
    driver = make_holder()
    driver.connect()
    driver.order("open", args=OPEN_1, id=ID)
    driver.door(1, opens=True)
    driver.wait(40_000)
    came = driver.order("open", args=OPEN_1, id=ID)
    assert replies(came) == ["accepted"]
    assert entries(came)[0]["why"] == "seen"
    assert len(driver.energised) == 1


def test_ids_are_remembered_for_their_session_only() -> None:
    driver = make_holder()
    driver.connect()
    driver.order("identify", id=ID)
    driver.connect()
    assert types(driver.order("identify", id=ID)) == ["command_accepted"]


def test_repeated_refusal_is_the_same_refusal() -> None:
    driver = make_holder()
    driver.connect()
    driver.order("open", args=OPEN_1, id=ID, beat="d" * 32)
    assert replies(driver.order("open", args=OPEN_1, id=ID)) == ["refused:beat"]


def test_open_goes_on_when_the_connection_is_lost() -> None:
    driver = make_driver(grant(2, 2))
    driver.connect()
    driver.tap(2)
    driver.order("open", args=OPEN_1)
    driver.give(SessionEnded())
    driver.wait(1_000)
    assert [energise.locker for energise in driver.energised] == [2, 1]


def test_flood_of_refused_commands_is_answered_but_not_all_journaled() -> None:
    driver = make_holder()
    driver.connect()
    for _ in range(30):
        driver.order("open", args=OPEN_1, beat="d" * 32)
    assert len(replies(driver.effects)) == 30
    assert len(entries(driver.effects, "command_refused")) == 10


def test_identify_blinks() -> None:
    driver = make_holder()
    driver.connect()
    came = driver.order("identify")
    assert (lights(came), replies(came)) == ([Signal.IDENTIFY], ["done"])


def test_send_access_sends_the_list_in_force() -> None:
    driver = make_holder()
    driver.connect()
    came = driver.order("send_access", id=ID)
    assert [effect for effect in came if isinstance(effect, SendList | SendReply)] == [
        SendReply(ID, "accepted"),
        SendList(ID),
    ]


def test_send_access_sends_a_list_that_the_disk_does_not_take_from_memory() -> None:
    """On the disk is the one before: the gateway would compare with what is in force no more."""
    driver = make_holder()
    driver.connect()
    driver.receive_list(make_list(version=11))
    (sent,) = [effect for effect in driver.order("send_access") if isinstance(effect, SendList)]
    assert sent.envelope == b"envelope"
    driver.give(ListStored(11, durable=True))
    (sent,) = [effect for effect in driver.order("send_access") if isinstance(effect, SendList)]
    assert sent.envelope is None


def test_send_access_without_a_list_is_refused() -> None:
    driver = make_driver(access_list=None)
    driver.connect()
    assert replies(driver.order("send_access")) == ["refused:no_list"]


def test_enrol_without_a_badge_key_is_refused() -> None:
    driver = make_driver(badge_keys={})
    driver.connect()
    assert replies(driver.order("enrol")) == ["refused:badge_key_missing"]


def test_out_of_service_with_reason_and_end_stops_the_holder_until_then_and_staff_never() -> None:
    driver = make_holder()
    driver.connect()
    came = driver.order("out_of_service", args={"locker": 1, "reason": "flooded", "until": NOON + 20_000}, id=ID)
    assert entries(came, "out_of_service") == [
        {"type": "out_of_service", "locker": 1, "reason": "flooded", "until": NOON + 20_000, "command": ID}
    ]
    assert released(driver.tap(1)) == []
    assert released(driver.order("open", args=OPEN_1)) == [1]
    driver.door(1, opens=True)
    came = driver.wait(20_000)
    assert entries(came, "in_service") == [{"type": "in_service", "locker": 1, "reason": "ended"}]
    assert released(driver.tap(1)) == [1]


@pytest.mark.parametrize("args", [{}, {"reason": "painting"}, {"until": NOON + 20_000}])
def test_mark_without_reason_or_end_stops_no_holder(args: dict[str, object]) -> None:
    driver = make_holder()
    driver.connect()
    assert replies(driver.order("out_of_service", args={"locker": 1, **args})) == ["done"]
    assert released(driver.tap(1)) == [1]


def test_mark_for_more_than_a_day_is_refused() -> None:
    driver = make_holder()
    driver.connect()
    args = {"locker": 1, "reason": "flooded", "until": NOON + DAY + 1}
    assert replies(driver.order("out_of_service", args=args)) == ["refused:args"]
    assert released(driver.tap(1)) == [1]


def test_mark_of_before_a_restart_lasts_a_day_at_most() -> None:
    driver = make_driver(grant(1, 1), out_of_service={1: OutOfService("flooded", NOON + 30 * DAY)})
    driver.wait(DAY - 1)
    assert released(driver.tap(1)) == []
    driver.wait(1)
    assert released(driver.tap(1)) == [1]


def test_in_service_ends_a_mark_at_once() -> None:
    driver = make_holder()
    driver.connect()
    driver.order("out_of_service", args={"locker": 1, "reason": "flooded", "until": NOON + 20_000})
    assert "in_service" in types(driver.order("in_service", args=OPEN_1))
    assert released(driver.tap(1)) == [1]
    assert entries(driver.wait(30_000), "in_service") == []


def test_a_locker_put_back_in_service_is_said_so_though_the_bank_has_lost_its_mark() -> None:
    """After a card was replaced only the gateway knows of the mark; without the entry it would keep it for ever."""
    driver = make_holder()
    driver.connect()
    came = driver.order("in_service", args=OPEN_1, id=ID)
    assert entries(came, "in_service") == [
        {"type": "in_service", "locker": 1, "reason": "holder_present", "command": ID}
    ]


def test_mark_that_arrives_while_waiting_stops_the_holder_before_the_coil() -> None:
    driver = make_driver(grant(1, 1), grant(2, 2))
    driver.connect()
    driver.tap(2)
    driver.tap(1)
    driver.order("out_of_service", args={"locker": 1, "reason": "flooded", "until": NOON + 20_000})
    came = driver.wait(1_000)
    assert entries(came, "badge_refused")[0]["why"] == "out_of_service"
    assert lights(came) == [Signal.SEE_WORKER]


def test_walk_test_opens_one_after_the_other_and_is_done() -> None:
    driver = make_driver(grant(1, 1))
    driver.connect()
    driver.order("walk_test", args={"lockers": [3, 2, 3, 4]})
    driver.wait(10_000)
    assert [energise.locker for energise in driver.energised] == [3, 2, 4]
    assert replies(driver.effects) == ["accepted", *["released"] * 3, *["unknown"] * 3, "done"]


def test_walk_test_refuses_held_lockers() -> None:
    driver = make_driver(grant(1, 1))
    driver.connect()
    assert replies(driver.order("walk_test", args={"lockers": [1, 2]})) == ["refused:held"]
    assert driver.energised == []


def test_walk_test_passes_a_locker_that_was_given_out_meanwhile() -> None:
    driver = make_driver()
    driver.connect()
    driver.order("walk_test", args={"lockers": [1, 2]})
    driver.receive_list(make_list(grant(2, 2), version=11))
    driver.wait(10_000)
    assert [energise.locker for energise in driver.energised] == [1]
    assert replies(driver.effects) == ["accepted", "released", "refused:held", "unknown", "done"]


def test_all_lockers_ordered_open_at_once_are_opened_in_order() -> None:
    driver = make_driver(lockers=60)
    driver.connect()
    for locker in range(1, 61):
        driver.order("open", args={"locker": locker})
    driver.wait(60_000)
    assert [energise.locker for energise in driver.energised] == list(range(1, 61))
    assert replies(driver.effects).count("unknown") == 60


def test_remembered_commands_are_bounded_and_none_is_forgotten_while_fresh() -> None:
    driver = make_holder()
    driver.connect()
    for _ in range(4_096):
        driver.order("identify")
    assert replies(driver.order("identify")) == ["refused:busy"]
    driver.wait(30_001)
    driver.give(BeatSent("e" * 32))
    assert replies(driver.order("identify", beat="e" * 32)) == ["done"]
    assert SESSION.number == 7
    assert BEAT != "e" * 32
