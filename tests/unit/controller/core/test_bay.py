"""The transition table: what is listed moves, what is not raises and changes nothing."""

from itertools import product

import pytest

from controller.bank_config import LockerConfig
from controller.bay import TRANSITIONS, Bay, Event, State
from controller.errors import TransitionError
from hw.ports import Coil


def make_bay(state: State = State.IDLE) -> Bay:
    return Bay(1, LockerConfig(Coil("a", 1), "supply", 300), state)


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_only_listed_transitions_move(state: State, event: Event) -> None:
    bay = make_bay(state)
    listed = TRANSITIONS.get((state, event))
    if listed is None:
        with pytest.raises(TransitionError):
            bay.apply(event)
        assert bay.state is state
    else:
        bay.apply(event)
        assert bay.state is listed


def test_energising_is_reached_only_through_an_intent() -> None:
    before = {state for (state, event), after in TRANSITIONS.items() if after is State.ENERGISED}
    assert before == {State.INTENDED}


def test_every_state_leads_back_to_idle() -> None:
    reaches = {State.IDLE}
    while True:
        more = {state for (state, _), after in TRANSITIONS.items() if after in reaches} - reaches
        if not more:
            break
        reaches |= more
    assert reaches == set(State)


def test_lock_rests_two_seconds_after_its_pulse() -> None:
    bay = make_bay()
    assert bay.ready_ms(1_000, 2_000, 10) == 1_000
    bay.energised("r", 1_000, 3_000)
    assert bay.ready_ms(1_100, 2_000, 10) == 3_340


def test_duty_of_a_minute_is_used_up_by_seventeen_pulses() -> None:
    bay = make_bay()
    for pulse in range(17):
        start = pulse * 2_340
        assert bay.ready_ms(start, 2_000, 10) == start
        bay.energised("r", start, start)
    assert bay.ready_ms(50_000, 2_000, 10) == 60_340
    assert bay.ready_ms(60_340, 2_000, 10) == 60_340
