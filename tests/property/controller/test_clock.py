"""Whatever witnesses say, and however often the power fails: one alone moves the floor by a day, none moves it back."""

from hypothesis import given
from hypothesis import strategies as st

from controller.timekeeping import CREDIT_MS, Timekeeper, TimeState, Witness

FLOOR = 1_800_000_000_000
DAY = 86_400_000

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
