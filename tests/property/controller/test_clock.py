"""Whatever witnesses say, and however often the power fails: one alone moves the floor by a day, none moves it back."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.timekeeping import AGREE_MS, CREDIT_MS, STEP_MS, Timekeeper, TimeState, Witness

FLOOR = 1_800_000_000_000
HOUR = 3_600_000
DAY = 24 * HOUR

steps = st.lists(
    st.tuples(st.integers(-40 * DAY, 400 * DAY), st.integers(0, 2 * DAY), st.booleans(), st.booleans()), max_size=40
)


@given(witness=st.sampled_from(Witness), steps=steps)
def test_one_witness_alone_never_ends_more_than_a_day_of_contracts(
    witness: Witness, steps: list[tuple[int, int, bool, bool]]
) -> None:
    mono_ms = elapsed = 0
    time = Timekeeper(TimeState(FLOOR), mono_ms)
    last = FLOOR
    for claim, wait_ms, lost, power_cut in steps:
        mono_ms, elapsed = mono_ms + wait_ms, elapsed + wait_ms
        time.hear(witness, FLOOR + claim, mono_ms)
        if lost:
            time.lose(witness, mono_ms)
        if power_cut:
            time, mono_ms = Timekeeper(time.state(mono_ms), 5), 5
        moment = time.moment(mono_ms)
        assert moment.clock != "trusted"
        assert last <= moment.ending_at <= FLOOR + elapsed + CREDIT_MS
        assert moment.ending_at <= moment.at <= moment.starting_at
        last = moment.ending_at


@given(
    witness=st.sampled_from(Witness),
    said=st.lists(st.tuples(st.integers(-2 * STEP_MS, 3), st.integers(0, DAY), st.booleans()), max_size=40),
)
def test_clock_near_the_floor_moves_it_by_what_it_is_ahead_and_from_behind_by_nothing(
    witness: Witness, said: list[tuple[int, int, bool]]
) -> None:
    mono_ms = 0
    time = Timekeeper(TimeState(FLOOR), mono_ms)
    for ahead_ms, wait_ms, power_cut in said:
        mono_ms += wait_ms
        if power_cut:
            time, mono_ms = Timekeeper(time.state(mono_ms), 5), 5
        before = time.state(mono_ms)
        time.hear(witness, before.floor + ahead_ms, mono_ms)
        after, moved_ms = time.state(mono_ms), max(ahead_ms, 0)
        assert after == TimeState(before.floor + moved_ms, before.credit_used_ms + moved_ms)
        assert time.moment(mono_ms).clock == ("floor" if ahead_ms <= -STEP_MS else "claimed")


@given(
    witness=st.sampled_from([Witness.SYSTEM, Witness.GATEWAY]),
    said=st.lists(st.tuples(st.integers(-10 * AGREE_MS, 10 * AGREE_MS), st.integers(0, 30 * DAY)), max_size=60),
)
def test_one_alone_drags_a_trusted_time_by_no_more_than_a_crystal_is_wrong(
    witness: Witness, said: list[tuple[int, int]]
) -> None:
    """Nine seconds a day, since two agreed."""
    time = Timekeeper(TimeState(FLOOR), 0)
    time.hear(Witness.SYSTEM, FLOOR, 0)
    time.hear(Witness.GATEWAY, FLOOR, 0)
    time.lose(Witness.SYSTEM, 0)
    mono_ms, last = 0, FLOOR
    for away_ms, wait_ms in said:
        mono_ms += wait_ms
        instant = time.moment(mono_ms).at if away_ms > 0 else FLOOR + mono_ms
        time.hear(witness, instant + away_ms, mono_ms)
        moment = time.moment(mono_ms)
        assert abs(moment.at - FLOOR - mono_ms) <= AGREE_MS + mono_ms // 10_000
        assert moment.ending_at >= last
        last = moment.ending_at


@given(
    said=st.lists(
        st.tuples(st.sampled_from(Witness), st.integers(-40 * DAY, 40 * DAY), st.integers(0, DAY)), max_size=40
    )
)
def test_clock_never_runs_behind_its_floor(said: list[tuple[Witness, int, int]]) -> None:
    mono_ms = 0
    time = Timekeeper(TimeState(FLOOR), mono_ms)
    for witness, claim, wait_ms in said:
        mono_ms += wait_ms
        before = time.state(mono_ms).floor
        time.hear(witness, FLOOR + claim, mono_ms)
        moment = time.moment(mono_ms)
        assert min(moment.at, moment.ending_at, moment.starting_at) >= time.state(mono_ms).floor >= before >= FLOOR


def _lies(claim: st.SearchStrategy[int]) -> st.SearchStrategy[list[tuple[int, int, int, bool, bool]]]:
    """What two liars say (ms ahead of the truth, often the same), how long it lasts, whether the truth is told as well,
    and whether the power fails."""
    return st.lists(
        st.tuples(claim, claim, st.integers(0, DAY), st.booleans(), st.booleans()), min_size=1, max_size=40
    )  # fmt: skip


_AHEAD = st.sampled_from([-40 * DAY, 0, AGREE_MS, 20 * HOUR, 400 * DAY]) | st.integers(-40 * DAY, 400 * DAY)


@pytest.mark.parametrize("liar", ["machine", "gateway"])
@given(said=_lies(_AHEAD))
def test_while_the_machine_or_the_gateway_tells_the_truth_or_nothing_the_floor_is_never_more_than_a_day_ahead(
    liar: Literal["machine", "gateway"], said: list[tuple[int, int, int, bool, bool]]
) -> None:
    own, others = (Witness.SYSTEM, Witness.BATTERY), (Witness.GATEWAY, Witness.GATEWAY)
    liars, honest = (own, others) if liar == "machine" else (others, own)
    mono_ms, true = 0, FLOOR
    time = Timekeeper(TimeState(FLOOR), mono_ms)
    for first, second, wait_ms, truth, power_cut in said:
        mono_ms, true = mono_ms + wait_ms, true + wait_ms
        if power_cut:
            time, mono_ms = Timekeeper(time.state(mono_ms), 5), 5
        time.hear(liars[1], true + second, mono_ms)
        time.hear(liars[0], true + first, mono_ms)
        if truth:
            for witness in honest:
                time.hear(witness, true, mono_ms)
        crystal_ms = (true - FLOOR) // 10_000
        assert time.moment(mono_ms).ending_at <= true + CREDIT_MS + AGREE_MS + crystal_ms
