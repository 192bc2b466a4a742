"""A simulated door does what the real one does, and nothing else."""

import math

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from simulator.errors import NotPossibleError
from simulator.physics import CHATTER_MS, HOT_AFTER_MS, PULL_IN_MS, SPRING_MS, Door, Sensor

OPENS_AFTER_MS = PULL_IN_MS + SPRING_MS


def pulse(door: Door, at: float, length: float = 300.0) -> None:
    door.energise(True, at)
    door.energise(False, at + length)


def test_released_door_springs_open_80_ms_after_the_pulse_began() -> None:
    door = Door()
    door.energise(True, 1000.0)
    door.advance(1000.0 + OPENS_AFTER_MS - 0.1)
    assert not door.open
    door.advance(1000.0 + OPENS_AFTER_MS)
    assert door.open
    assert OPENS_AFTER_MS == 80.0


def test_pulse_too_short_to_draw_the_bolt_leaves_the_door_latched() -> None:
    door = Door()
    pulse(door, 0.0, PULL_IN_MS - 1)
    door.advance(10_000.0)
    assert not door.open
    assert door.latched


def test_pulse_that_ends_before_the_spring_still_opens_the_door() -> None:
    door = Door()
    pulse(door, 0.0, PULL_IN_MS + 1)
    door.advance(OPENS_AFTER_MS)
    assert door.open


def test_pushed_door_latches_and_cannot_be_pulled_open() -> None:
    door = Door()
    pulse(door, 0.0)
    door.push(5000.0)
    assert door.latched
    with pytest.raises(NotPossibleError, match="latched"):
        door.pull(6000.0)
    assert not door.open


def test_door_pushed_while_its_coil_is_on_springs_open_again() -> None:
    door = Door()
    door.energise(True, 0.0)
    door.push(100.0)
    assert not door.open
    door.advance(100.0 + SPRING_MS)
    assert door.open


def test_jammed_door_stays_shut_and_latches_again_after_the_pulse() -> None:
    door = Door()
    door.jam(True, 0.0)
    door.energise(True, 0.0)
    with pytest.raises(NotPossibleError, match="jammed"):
        door.pull(200.0)
    door.energise(False, 300.0)
    door.jam(False, 1000.0)
    door.advance(10_000.0)
    assert not door.open
    assert door.releases == 1


def test_jam_cleared_during_the_pulse_lets_the_door_spring() -> None:
    door = Door(jammed=True)
    door.energise(True, 0.0)
    door.jam(False, 200.0)
    door.advance(200.0 + SPRING_MS)
    assert door.open


def test_forced_door_opens_without_a_release_until_it_is_pushed_shut() -> None:
    door = Door(jammed=True)
    door.force(0.0)
    assert (door.open, door.forced, door.releases) == (True, True, 0)
    door.push(1.0)
    assert (door.open, door.forced, door.latched) == (False, False, True)


def test_person_takes_their_time_and_shuts_the_door() -> None:
    door = Door(closes_after_ms=6000.0)
    pulse(door, 0.0)
    door.advance(OPENS_AFTER_MS + 5999.0)
    assert door.open
    door.advance(OPENS_AFTER_MS + 6000.0)
    assert door.latched


def test_one_long_step_passes_through_every_moment_between() -> None:
    door = Door(closes_after_ms=100.0)
    door.energise(True, 0.0)
    door.advance(OPENS_AFTER_MS + 100.0 + SPRING_MS)
    assert door.open, "shut at 180 ms against an energised coil, it sprang open again at 240 ms"


def test_cut_sensor_wire_reads_open_and_a_stuck_one_closed() -> None:
    door = Door(sensor=Sensor.CUT)
    assert door.sensed_open
    door.sensor = Sensor.STUCK_CLOSED
    door.force(0.0)
    assert not door.sensed_open


def test_welded_relay_keeps_the_coil_on_until_it_is_knocked_free() -> None:
    door = Door()
    door.weld(True, 0.0)
    pulse(door, 0.0)
    assert door.coil
    door.weld(False, 2000.0)
    assert not door.coil
    assert door.last_pulse_ms == 2000.0


def test_welded_coil_leaves_the_door_free_however_often_it_is_pushed_shut() -> None:
    door = Door(welded=True)
    pulse(door, 0.0)
    for at in (1_000.0, 2_000.0):
        door.push(at)
        door.advance(at + SPRING_MS)
        assert door.open
    assert door.coil


def test_coil_that_stays_on_is_hot_after_ten_seconds_and_no_longer_once_it_is_off() -> None:
    door = Door(welded=True)
    pulse(door, 0.0)
    door.push(500.0)
    assert HOT_AFTER_MS in _moments(door, 20_000.0)
    assert door.hot
    door.weld(False, 21_000.0)
    assert (door.coil, door.hot) == (False, False)


def test_welded_coil_drops_with_its_supply_and_pulls_again_when_that_returns() -> None:
    door = Door(welded=True)
    pulse(door, 0.0)
    door.supply(False, 1_000.0)
    assert (door.coil, door.last_pulse_ms) == (False, 1_000.0)
    door.push(2_000.0)
    door.supply(True, 3_000.0)
    door.advance(3_000.0 + OPENS_AFTER_MS)
    assert (door.coil, door.open) == (True, True)


def test_sound_coil_stays_off_when_its_supply_returns() -> None:
    door = Door()
    door.energise(True, 0.0)
    door.supply(False, 100.0)
    door.supply(True, 200.0)
    assert not door.coil


def test_pulse_of_a_sound_relay_never_heats_its_coil() -> None:
    door = Door()
    pulse(door, 0.0)
    door.advance(60_000.0)
    assert not door.hot


def test_door_that_does_not_catch_leans_on_its_frame_and_only_the_latch_sensor_tells() -> None:
    door = Door(catches=False)
    pulse(door, 0.0)
    door.push(1_000.0)
    door.advance(5_000.0)
    assert (door.ajar, door.sensed_open, door.latch_sensed_open) == (True, False, True)
    door.pull(6_000.0)
    assert (door.ajar, door.open) == (False, True)


def test_door_that_catches_again_is_shut() -> None:
    door = Door(catches=False)
    pulse(door, 0.0)
    door.push(1_000.0)
    door.catch(True, 2_000.0)
    assert (door.latched, door.ajar, door.latch_sensed_open) == (True, False, False)


def test_latch_that_stops_catching_leaves_a_latched_door_alone() -> None:
    door = Door()
    door.catch(False, 0.0)
    assert door.latched


def test_pried_door_is_open_while_its_bolt_still_holds() -> None:
    door = Door()
    door.pry(0.0)
    assert (door.sensed_open, door.latch_sensed_open) == (True, False)
    door.push(1_000.0)
    assert (door.open, door.pried, door.latched) == (False, False, True)


def test_opened_door_has_both_sensors_open_and_a_shut_one_neither() -> None:
    door = Door()
    pulse(door, 0.0)
    door.advance(1_000.0)
    assert (door.sensed_open, door.latch_sensed_open) == (True, True)
    door.push(2_000.0)
    assert (door.sensed_open, door.latch_sensed_open) == (False, False)


@pytest.mark.parametrize("attribute", ["sensor", "latch_sensor"])
def test_bouncing_sensor_changes_its_mind_again_and_again_by_itself(attribute: str) -> None:
    door = Door()
    setattr(door, attribute, Sensor.BOUNCING)
    said = []
    for _ in range(6):
        now = max(door.due(), 0.0)
        door.advance(now)
        said.append((door.sensed_open, door.latch_sensed_open)[attribute == "latch_sensor"])
    assert said == [True, False] * 3
    assert door.due() - now == CHATTER_MS


def _moments(door: Door, until: float) -> list[float]:
    """When something happens by itself."""
    moments = []
    while (at := door.due()) <= until:
        door.advance(at)
        moments.append(at)
    return moments


class AnyUse(RuleBasedStateMachine):
    """Whatever is done to a door in whatever order."""

    @initialize(closes_after=st.none() | st.floats(1.0, 5000.0))
    def hang(self, closes_after: float | None) -> None:
        self.now = 0.0
        self.door = Door(closes_after)
        self.on_since: float | None = None
        self.energised = 0.0
        self.pulses = 0

    @rule(passed=st.floats(0.0, 2000.0))
    def time_passes(self, passed: float) -> None:
        self.now += passed
        self.door.advance(self.now)

    @rule(on=st.booleans())
    def switch_coil(self, on: bool) -> None:
        if on and self.on_since is None:
            self.on_since, self.pulses = self.now, self.pulses + 1
        elif not on and self.on_since is not None:
            self.energised += self.now - self.on_since
            self.on_since = None
        self.door.energise(on, self.now)

    @rule(on=st.booleans())
    def jam(self, on: bool) -> None:
        self.door.jam(on, self.now)

    @rule()
    def push(self) -> None:
        self.door.push(self.now)
        assert not self.door.open

    @rule()
    def force(self) -> None:
        self.door.force(self.now)
        assert self.door.open

    @precondition(lambda self: self.door.latched)
    @rule()
    def pull_latched(self) -> None:
        with pytest.raises(NotPossibleError):
            self.door.pull(self.now)

    @invariant()
    def nothing_is_overdue(self) -> None:
        assert self.door.due() > self.now

    @invariant()
    def coil_time_is_what_was_driven(self) -> None:
        assert self.door.coil == (self.on_since is not None)
        assert self.door.releases == self.pulses
        assert math.isclose(self.door.energised_ms, self.energised, abs_tol=1e-6)

    @invariant()
    def closed_door_with_no_release_nor_force_is_latched(self) -> None:
        if not self.pulses and not self.door.open:
            assert self.door.latched


TestAnyUse = AnyUse.TestCase
