"""Time has a floor, and nobody alone can push it."""

from collections.abc import Callable

import pytest

from controller.effects import Record
from controller.timekeeping import AGREE_MS, CREDIT_MS, STEP_MS, Timekeeper, TimeState, Witness

T = 1_800_000_000_000
HOUR = 3_600_000
DAY = 24 * HOUR


def keeper(floor: int = T, credit_used_ms: int = 0) -> Timekeeper:
    return Timekeeper(TimeState(floor, credit_used_ms), 1_000)


def test_without_a_witness_the_clock_runs_on_from_the_floor() -> None:
    moment = keeper().moment(1_000 + HOUR)
    assert (moment.at, moment.ending_at, moment.starting_at, moment.clock) == (T + HOUR, T + HOUR, T + HOUR, "floor")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Witness.SYSTEM, Witness.GATEWAY),
        (Witness.SYSTEM, Witness.TECHNICIAN),
        (Witness.GATEWAY, Witness.BATTERY),
        (Witness.BATTERY, Witness.TECHNICIAN),
    ],
)
def test_two_that_agree_are_trusted_and_raise_the_floor(first: Witness, second: Witness) -> None:
    time = keeper()
    time.hear(second, T + 30 * DAY + 240_000, 1_000)
    time.hear(first, T + 30 * DAY, 1_000)
    moment = time.moment(1_500)
    assert moment.clock == "trusted"
    assert moment.at == moment.ending_at == moment.starting_at == T + 30 * DAY + 500
    assert time.state(1_000) == TimeState(T + 30 * DAY, 0)


def test_battery_clock_and_system_clock_of_one_machine_are_one_witness() -> None:
    state = TimeState(T, 0)
    for _ in range(3):
        time = Timekeeper(state, 1_000)
        time.hear(Witness.BATTERY, T + 400 * DAY, 1_000)
        time.hear(Witness.SYSTEM, T + 400 * DAY, 1_000)
        moment = time.moment(1_000)
        assert (moment.clock, moment.ending_at) == ("claimed", T + DAY)
        state = time.state(1_000)
    assert state == TimeState(T + DAY, CREDIT_MS)


def test_gateway_that_contradicts_the_machines_own_clocks_is_heard_by_those_who_judge_ends() -> None:
    time = keeper()
    time.hear(Witness.BATTERY, T + 400 * DAY, 1_000)
    time.hear(Witness.GATEWAY, T + HOUR, 1_000)
    time.hear(Witness.SYSTEM, T + 400 * DAY, 1_000)
    assert time.moment(1_000).ending_at <= T + DAY
    time.hear(Witness.SYSTEM, T + HOUR, 1_000)
    assert time.moment(1_000 + DAY).clock == "trusted"


def test_witness_that_two_have_outvoted_must_speak_anew() -> None:
    time = keeper()
    time.hear(Witness.BATTERY, T + 400 * DAY, 1_000)
    time.hear(Witness.SYSTEM, T, 1_000)
    time.hear(Witness.GATEWAY, T, 1_000)
    time.hear(Witness.GATEWAY, T + 400 * DAY + HOUR, 1_000 + HOUR)  # so said the battery clock
    assert (time.moment(1_000 + HOUR).ending_at, time.moment(1_000 + HOUR).clock) == (T + DAY, "floor")


def test_two_that_differ_by_more_than_five_minutes_do_not_agree() -> None:
    time = keeper()
    time.hear(Witness.SYSTEM, T + 10 * DAY, 1_000)
    time.hear(Witness.GATEWAY, T + 10 * DAY + 300_001, 1_000)
    assert time.moment(1_000).clock == "claimed"


def test_readings_are_compared_as_of_now() -> None:
    time = keeper()
    time.hear(Witness.BATTERY, T + DAY, 1_000)
    time.hear(Witness.GATEWAY, T + DAY + 5 * HOUR, 1_000 + 5 * HOUR)
    assert time.moment(1_000 + 5 * HOUR).clock == "trusted"


def test_one_alone_is_used_but_ends_nothing_beyond_a_day() -> None:
    time = keeper()
    time.hear(Witness.GATEWAY, T + 3_650 * DAY, 1_000)
    moment = time.moment(1_000)
    assert moment.clock == "claimed"
    assert moment.at == moment.starting_at == T + 3_650 * DAY
    assert moment.ending_at == T + DAY
    assert time.state(1_000) == TimeState(T + DAY, CREDIT_MS)


def test_four_hundred_steps_of_23_hours_get_no_further_than_a_day() -> None:
    time = keeper()
    for step in range(1, 401):
        time.hear(Witness.SYSTEM, T + step * 23 * HOUR, 1_000 + step)
    assert time.moment(1_400).ending_at == T + DAY + 400


def test_steps_across_restarts_share_the_same_day() -> None:
    state = TimeState(T, 0)
    for restart in range(1, 30):
        time = Timekeeper(state, 0)
        time.hear(Witness.SYSTEM, T + restart * 23 * HOUR, 0)
        state = time.state(0)
    assert state == TimeState(T + DAY, CREDIT_MS)


def test_two_witnesses_clear_what_one_had_spent() -> None:
    time = keeper(credit_used_ms=CREDIT_MS)
    time.hear(Witness.SYSTEM, T + HOUR, 1_000)
    time.hear(Witness.GATEWAY, T + HOUR, 1_000)
    assert time.state(1_000) == TimeState(T + HOUR, 0)


def test_day_that_a_floor_is_still_ahead_is_not_given_twice() -> None:
    state = TimeState(T, 0)
    for _ in range(30):
        time = Timekeeper(state, 1_000)
        time.hear(Witness.SYSTEM, T + 400 * DAY, 1_000)
        time.hear(Witness.SYSTEM, T, 1_000)
        time.hear(Witness.GATEWAY, T, 1_000)
        state = time.state(1_000)
    assert state == TimeState(T + DAY, CREDIT_MS)


def test_day_that_was_spent_comes_back_as_the_time_comes_nearer_to_the_floor() -> None:
    time = keeper()
    time.hear(Witness.SYSTEM, T + 400 * DAY, 1_000)
    time.hear(Witness.SYSTEM, T, 1_000)
    time.hear(Witness.GATEWAY, T, 1_000)
    assert time.state(1_000 + 20 * HOUR) == TimeState(T + DAY, 4 * HOUR)
    time.set_by_technician(T + DAY, 1_000 + 20 * HOUR)
    assert time.state(1_000 + 20 * HOUR).credit_used_ms == 4 * HOUR
    time.hear(Witness.GATEWAY, T + DAY, 1_000 + 20 * HOUR)
    assert time.state(1_000 + 20 * HOUR).credit_used_ms == 0


def test_clock_that_jumps_back_does_not_pass_the_floor() -> None:
    time = keeper()
    time.hear(Witness.SYSTEM, T - 400 * DAY, 1_000)
    time.hear(Witness.GATEWAY, T - 400 * DAY, 1_000)
    moment = time.moment(2_000)
    assert (moment.at, moment.ending_at, moment.clock) == (T, T, "floor")
    assert time.state(2_000).floor == T


def test_floor_that_was_pushed_waits_for_the_true_time() -> None:
    time = keeper()
    time.hear(Witness.SYSTEM, T + 20 * HOUR, 1_000)
    time.hear(Witness.SYSTEM, T, 1_000)
    time.hear(Witness.GATEWAY, T, 1_000)
    assert (time.moment(1_000 + HOUR).at, time.moment(1_000 + HOUR).clock) == (T + 20 * HOUR, "floor")
    assert time.waits(1_000 + HOUR)
    assert not time.waits(1_000 + 20 * HOUR)
    assert (time.moment(1_000 + 21 * HOUR).at, time.moment(1_000 + 21 * HOUR).clock) == (T + 21 * HOUR, "trusted")


def test_single_liar_does_not_move_a_trusted_clock() -> None:
    time = keeper()
    time.hear(Witness.SYSTEM, T, 1_000)
    time.hear(Witness.GATEWAY, T, 1_000)
    assert time.hear(Witness.SYSTEM, T + 500 * DAY, 2_000) == []
    assert time.moment(2_000).starting_at == T + 1_000


def test_who_contradicts_a_trusted_clock_is_told_until_they_agree_or_say_nothing_more() -> None:
    time = keeper()
    time.hear(Witness.SYSTEM, T, 1_000)
    assert not time.is_contradicted(1_000)
    time.hear(Witness.GATEWAY, T, 1_000)
    assert not time.is_contradicted(1_000)
    time.hear(Witness.SYSTEM, T + HOUR, 2_000)
    time.hear(Witness.GATEWAY, T + 1_000, 2_000)
    assert time.is_contradicted(2_000)
    time.hear(Witness.SYSTEM, T + 2_000, 3_000)
    assert not time.is_contradicted(3_000)
    time.hear(Witness.SYSTEM, T - HOUR, 4_000)
    assert time.is_contradicted(4_000)
    time.lose(Witness.SYSTEM, 5_000)
    assert not time.is_contradicted(5_000)


def test_clock_outvoted_by_the_other_two_at_each_look_is_told_until_it_agrees_or_says_nothing_more() -> None:
    time = keeper()
    for witness in (Witness.BATTERY, Witness.SYSTEM, Witness.GATEWAY):
        time.hear(witness, T, 1_000)
    assert not time.is_contradicted(1_000)
    for second in range(2, 5):
        time.hear(Witness.SYSTEM, T + 200 * DAY, second * 1_000)
        assert time.is_contradicted(second * 1_000)
        time.hear(Witness.GATEWAY, T + second * 1_000 - 1_000, second * 1_000)
        assert time.is_contradicted(second * 1_000)
    assert time.moment(4_000).at == T + 3_000
    time.hear(Witness.SYSTEM, T + 4_000, 5_000)
    assert not time.is_contradicted(5_000)
    time.hear(Witness.SYSTEM, T + 200 * DAY, 6_000)
    time.lose(Witness.SYSTEM, 6_000)
    assert not time.is_contradicted(6_000)


def test_outvoted_clock_is_told_no_more_when_a_technician_has_set_the_time() -> None:
    time = keeper()
    for witness in (Witness.BATTERY, Witness.GATEWAY):
        time.hear(witness, T, 1_000)
    time.hear(Witness.SYSTEM, T + DAY, 1_000)
    time.set_by_technician(T + DAY, 1_000)
    time.hear(Witness.GATEWAY, T + DAY, 1_000)
    assert not time.is_contradicted(1_000)


def test_outvoted_battery_clock_is_no_fault_it_speaks_only_once() -> None:
    time = keeper()
    time.hear(Witness.BATTERY, T + 400 * DAY, 1_000)
    time.hear(Witness.SYSTEM, T, 1_000)
    time.hear(Witness.GATEWAY, T, 1_000)
    assert not time.is_contradicted(1_000)


def test_trusted_time_goes_on_offline_when_ntp_is_lost() -> None:
    time = keeper()
    time.hear(Witness.SYSTEM, T, 1_000)
    time.hear(Witness.GATEWAY, T, 1_000)
    time.lose(Witness.SYSTEM, 2_000)
    moment = time.moment(1_000 + 30 * DAY)
    assert (moment.at, moment.clock) == (T + 30 * DAY, "trusted")


def test_lost_witness_claims_no_more() -> None:
    time = keeper()
    time.hear(Witness.SYSTEM, T + HOUR, 1_000)
    assert time.moment(1_000).clock == "claimed"
    assert time.lose(Witness.SYSTEM, 1_000)[0].body["to"] == "floor"
    assert time.lose(Witness.SYSTEM, 1_000) == []


def test_dead_battery_clock_does_not_hold_the_others_back() -> None:
    time = keeper()
    time.hear(Witness.BATTERY, T - 900 * DAY, 1_000)
    time.hear(Witness.GATEWAY, T + HOUR, 1_000)
    moment = time.moment(1_000)
    assert (moment.at, moment.ending_at, moment.clock) == (T + HOUR, T + HOUR, "claimed")


def test_where_claims_differ_ends_follow_the_least_and_starts_the_latest() -> None:
    time = keeper()
    time.hear(Witness.BATTERY, T + 2 * HOUR, 1_000)
    time.hear(Witness.GATEWAY, T + 10 * HOUR, 1_000)
    moment = time.moment(1_000)
    assert (moment.ending_at, moment.starting_at) == (T + 2 * HOUR, T + 10 * HOUR)


def test_technician_may_lower_the_floor_and_is_journaled() -> None:
    time = keeper()
    records = time.set_by_technician(T - DAY, 1_000)
    assert records[0].body == {"from": "floor", "to": "claimed", "before_ms": T, "after_ms": T - DAY}
    assert time.state(1_000) == TimeState(T - DAY, 0)
    assert time.moment(1_000).ending_at == T - DAY


def test_technician_alone_cannot_end_every_contract() -> None:
    time = keeper()
    time.set_by_technician(T + 900 * DAY, 1_000)
    assert time.moment(1_000).ending_at == T + DAY


def test_technician_and_gateway_that_agree_are_trusted() -> None:
    time = keeper()
    time.set_by_technician(T + 90 * DAY, 1_000)
    time.hear(Witness.GATEWAY, T + 90 * DAY + 60_000, 1_000)
    assert time.moment(1_000).clock == "trusted"


@pytest.mark.parametrize("instant", [0, 4_102_444_800_001])
def test_senseless_instants_are_not_heard(instant: int) -> None:
    time = keeper()
    assert time.hear(Witness.SYSTEM, instant, 1_000) == []
    assert time.moment(1_000).clock == "floor"
    with pytest.raises(ValueError, match="2020"):
        time.set_by_technician(instant, 1_000)


def test_changes_are_journaled_and_latency_is_not() -> None:
    time = keeper()
    assert [record.body["to"] for record in time.hear(Witness.SYSTEM, T + HOUR, 1_000)] == ["claimed"]
    assert [record.body["to"] for record in time.hear(Witness.GATEWAY, T + HOUR, 1_000)] == ["trusted"]
    assert time.hear(Witness.GATEWAY, T + HOUR + 900, 1_100) == []


def test_state_is_saved_when_it_is_worth_a_write() -> None:
    time = keeper()
    assert time.unsaved(1_000 + 599_999) is None
    later = time.unsaved(1_000 + 600_000)
    assert later == TimeState(T + 600_000, 0)
    time.saved(later)
    assert time.unsaved(1_000 + 600_000) is None
    time.hear(Witness.SYSTEM, T + DAY, 1_000 + 600_000)
    assert time.unsaved(1_000 + 600_000) == time.state(1_000 + 600_000)


def test_floor_that_waits_is_written_no_more_often_than_one_that_rises() -> None:
    time = keeper()
    time.hear(Witness.SYSTEM, T + DAY, 1_000)
    time.hear(Witness.SYSTEM, T, 1_000)
    time.hear(Witness.GATEWAY, T, 1_000)
    time.saved(time.state(1_000))
    writes = 0
    for second in range(1, 3_601):
        time.hear(Witness.SYSTEM, T + second * 1_000, 1_000 + second * 1_000)
        state = time.unsaved(1_000 + second * 1_000)
        if state is not None:
            time.saved(state)
            writes += 1
    assert writes == 6


def test_wall_clock_read_a_few_milliseconds_behind_stays_trusted_and_never_goes_back() -> None:
    time = keeper()
    time.hear(Witness.SYSTEM, T + DAY, 1_000)
    time.hear(Witness.GATEWAY, T + DAY, 1_000)
    seen = time.moment(1_000).at
    for second in range(1, 60):
        assert time.hear(Witness.SYSTEM, T + DAY + second * 1_000 - second % 7, 1_000 + second * 1_000) == []
        moment = time.moment(1_000 + second * 1_000)
        assert moment.clock == "trusted"
        assert moment.at >= seen
        seen = moment.at


def _jittering(time: Timekeeper, seconds: int, also: Callable[[int], object] = lambda _: None) -> list[Record]:
    """The system clock, right and looked at each second, reads up to 2 ms behind what it read before."""
    records = []
    for second in range(seconds):
        mono_ms = 1_000 + second * 1_000
        records += time.hear(Witness.SYSTEM, T + 600_000 + second * 1_000 - second % 3, mono_ms)
        also(mono_ms)
    return records


def test_lone_clock_read_a_few_milliseconds_behind_stays_claimed_moves_nothing_and_is_journaled_once() -> None:
    time, seen = keeper(), []
    records = _jittering(time, 60, lambda mono_ms: seen.append(time.moment(mono_ms)))
    assert {moment.clock for moment in seen} == {"claimed"}
    assert {moment.at - moment.mono_ms for moment in seen} == {T + 600_000 - 1_000}
    assert len(records) == 1
    assert time.state(60_000) == TimeState(T + 600_000 + 59_000, 600_000)


@pytest.mark.parametrize("wrong", [Witness.GATEWAY, Witness.BATTERY])
def test_right_clock_read_a_few_milliseconds_behind_holds_back_one_that_is_a_year_ahead(wrong: Witness) -> None:
    time = keeper()
    _jittering(time, 1)
    time.hear(wrong, T + 365 * DAY, 1_000)
    _jittering(time, 60)
    moment = time.moment(60_000)
    assert moment.at == moment.ending_at == T + 600_000 + 59_000


def test_clock_a_minute_behind_the_floor_claims_nothing() -> None:
    time = keeper()
    time.hear(Witness.SYSTEM, T - STEP_MS + 1, 1_000)
    assert time.moment(1_000).clock == "claimed"
    time.hear(Witness.SYSTEM, T - STEP_MS, 1_000)
    assert time.moment(1_000).clock == "floor"
    time.hear(Witness.GATEWAY, T + HOUR, 1_000)
    assert time.moment(1_000).ending_at == T + HOUR


@pytest.mark.parametrize("ppm", [50, -50])
@pytest.mark.parametrize("second", [Witness.BATTERY, Witness.TECHNICIAN, Witness.SYSTEM])
def test_trusted_time_follows_its_gateway_for_years_however_the_crystal_runs(second: Witness, ppm: int) -> None:
    time = Timekeeper(TimeState(T - DAY), 0)
    time.hear(second, T, 0)
    time.hear(Witness.GATEWAY, T, 0)
    time.lose(Witness.SYSTEM, 0)
    for hours in range(0, 3 * 365 * 24, 12):
        mono_ms = hours * HOUR + hours * HOUR * ppm // 1_000_000
        time.hear(Witness.GATEWAY, T + hours * HOUR, mono_ms)
        assert abs(time.moment(mono_ms).at - T - hours * HOUR) <= AGREE_MS
        assert not time.is_contradicted(mono_ms)
    assert abs(time.moment(mono_ms).at - T - hours * HOUR) < STEP_MS


@pytest.mark.parametrize("minutes_a_day", [1, -1])
@pytest.mark.parametrize("second", [Witness.BATTERY, Witness.SYSTEM])
def test_gateway_that_creeps_away_drags_it_by_no_more_than_a_crystal_is_wrong_and_is_told(
    second: Witness, minutes_a_day: int
) -> None:
    time = Timekeeper(TimeState(T - DAY), 0)
    time.hear(second, T, 0)
    time.hear(Witness.GATEWAY, T, 0)
    time.lose(Witness.SYSTEM, 0)
    for days in range(365):
        time.hear(Witness.GATEWAY, T + days * (DAY + minutes_a_day * 60_000), days * DAY)
        dragged_ms = time.moment(days * DAY).at - T - days * DAY
        assert abs(dragged_ms) <= AGREE_MS + days * DAY // 10_000
        assert not time.is_contradicted(days * DAY) or days > 5
        assert time.is_contradicted(days * DAY) or days < 12


def test_floor_does_not_go_back_with_a_trusted_time_that_follows_a_clock_behind_it() -> None:
    time = keeper()
    time.hear(Witness.SYSTEM, T, 1_000)
    time.hear(Witness.GATEWAY, T, 1_000)
    time.lose(Witness.SYSTEM, 1_000)
    mono_ms = 1_000 + 100 * DAY
    floor = time.state(mono_ms).floor
    time.hear(Witness.GATEWAY, T + 100 * DAY - 8 * 60_000, mono_ms)
    assert time.state(mono_ms).floor == time.moment(mono_ms).ending_at == floor
    assert time.moment(mono_ms + 9 * 60_000).clock == "trusted"
