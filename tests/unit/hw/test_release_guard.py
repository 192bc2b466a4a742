"""The release guard, the last word on energising a lock."""

from collections.abc import Callable

import msgspec
import pytest

from hw.errors import ReleaseForbidden
from hw.frames.xor_board import classify, open_channel, query_all, sealed
from hw.guarded_line import BoardOnLine, GuardedLine
from hw.ports import Coil, Permit
from hw.release_guard import ACTING_MS, GuardLimits, ReleaseGuard

A1, A2, B1 = Coil("a", 1), Coil("a", 2), Coil("b", 1)
PULSE, REST, STAGGER = 300, 2000, 150


@pytest.fixture
def guard(clock: Callable[[], int]) -> ReleaseGuard:
    return ReleaseGuard(GuardLimits(), {A1: "supply-1", A2: "supply-1", B1: "supply-2"}, clock)


def release(guard: ReleaseGuard, coil: Coil, pulse_ms: int = PULSE) -> None:
    guard.consume(guard.permit(coil, pulse_ms), coil, pulse_ms)


def refused(act: Callable[[], object]) -> tuple[str, int]:
    with pytest.raises(ReleaseForbidden) as caught:
        act()
    return caught.value.reason, caught.value.retry_after_ms


def test_a_permit_energises_its_coil_once(guard: ReleaseGuard) -> None:
    permit = guard.permit(A1, PULSE)
    guard.consume(permit, A1, PULSE)
    assert refused(lambda: guard.consume(permit, A1, PULSE)) == ("permit_spent", 0)


def test_nothing_is_energised_without_a_permit(guard: ReleaseGuard) -> None:
    assert refused(lambda: guard.consume(None, A1, PULSE))[0] == "permit_missing"


def test_a_permit_that_the_guard_did_not_make_is_refused(guard: ReleaseGuard, clock: Callable[[], int]) -> None:
    made = guard.permit(A1, PULSE)
    assert refused(lambda: guard.consume(Permit(made.number, A1, PULSE, clock()), A1, PULSE))[0] == "permit_spent"


def test_a_permit_for_another_coil_or_pulse_is_refused_and_spent(guard: ReleaseGuard) -> None:
    permit = guard.permit(A1, PULSE)
    assert refused(lambda: guard.consume(permit, A2, PULSE))[0] == "permit_mismatch"
    assert refused(lambda: guard.consume(permit, A1, PULSE))[0] == "permit_spent"
    permit = guard.permit(A1, PULSE)
    assert refused(lambda: guard.consume(permit, A1, 1000))[0] == "permit_mismatch"


def test_a_permit_lives_for_200_ms(guard: ReleaseGuard, clock) -> None:
    fresh = guard.permit(A1, PULSE)
    clock.pass_ms(200)
    guard.consume(fresh, A1, PULSE)
    old = guard.permit(B1, PULSE)
    clock.pass_ms(201)
    assert refused(lambda: guard.consume(old, B1, PULSE))[0] == "permit_late"


@pytest.mark.parametrize("pulse_ms", [0, 99, 1001, 3000])
def test_a_pulse_is_100_to_1000_ms(guard: ReleaseGuard, pulse_ms: int) -> None:
    assert refused(lambda: guard.permit(A1, pulse_ms))[0] == "pulse_length"


def test_a_coil_that_is_no_lockers_never_moves(guard: ReleaseGuard) -> None:
    assert refused(lambda: guard.permit(Coil("a", 3), PULSE))[0] == "unknown_coil"


def test_a_coil_rests_two_seconds_after_its_pulse(guard: ReleaseGuard, clock) -> None:
    release(guard, A1)
    clock.pass_ms(PULSE + ACTING_MS + REST - 1)
    assert refused(lambda: guard.permit(A1, PULSE)) == ("rest", 1)
    clock.pass_ms(1)
    release(guard, A1)


def test_one_coil_at_a_time_in_a_power_group_and_150_ms_between(guard: ReleaseGuard, clock) -> None:
    release(guard, A1)
    release(guard, B1)  # another supply
    reason, wait_ms = refused(lambda: guard.permit(A2, PULSE))
    assert (reason, wait_ms) == ("group_busy", PULSE + ACTING_MS + STAGGER)
    clock.pass_ms(wait_ms)
    release(guard, A2)


def test_a_permit_in_waiting_keeps_its_power_group(guard: ReleaseGuard, clock) -> None:
    permit = guard.permit(A1, PULSE)
    reason, wait_ms = refused(lambda: guard.permit(A2, PULSE))
    assert reason == "group_busy"
    guard.withdraw(permit)
    guard.permit(A2, PULSE)
    clock.pass_ms(wait_ms)
    guard.permit(A1, PULSE)


def test_limits_are_judged_again_when_the_permit_is_spent(guard: ReleaseGuard, clock: Callable[[], int]) -> None:
    permit = guard.permit(A1, PULSE)
    guard.charge(A2, clock(), PULSE)
    assert refused(lambda: guard.consume(permit, A1, PULSE))[0] == "group_busy"


def test_a_coil_is_on_for_at_most_six_seconds_a_minute(guard: ReleaseGuard, clock) -> None:
    pulses = 0
    for _ in range(60):
        clock.pass_ms(1000)
        try:
            release(guard, A1, 1000)
        except ReleaseForbidden as refusal:
            reason = refusal.reason
        else:
            pulses += 1
    assert pulses == 5
    assert reason == "duty"


def test_the_wait_that_the_guard_names_is_enough_and_no_longer_than_needed(guard: ReleaseGuard, clock) -> None:
    release(guard, A1, 1000)
    for _ in range(100):
        reason, wait_ms = refused(lambda: guard.permit(A1, 1000))
        clock.pass_ms(wait_ms - 1)
        assert refused(lambda: guard.permit(A1, 1000)) == (reason, 1)
        clock.pass_ms(1)
        release(guard, A1, 1000)


def test_the_last_minute_before_a_restart_counts(guard: ReleaseGuard, clock: Callable[[], int]) -> None:
    for ago_ms in (50_000, 40_000, 30_000, 20_000, 10_000):
        guard.charge(A1, clock() - ago_ms, 1000)
    guard.charge(Coil("gone", 1), clock(), 1000)
    assert refused(lambda: guard.permit(A1, 1000))[0] == "duty"
    guard.charge(B1, clock() - 1000, PULSE)
    assert refused(lambda: guard.permit(B1, PULSE))[0] == "rest"


def test_a_pulse_that_no_wait_makes_possible_says_so(clock: Callable[[], int]) -> None:
    strict = ReleaseGuard(GuardLimits(duty_percent=1), {A1: "g"}, clock)
    assert refused(lambda: strict.permit(A1, 1000)) == ("duty", 0)


@pytest.mark.parametrize("wider", [{"rest_ms": 1999}, {"duty_percent": 11}, {"stagger_ms": 149}])
def test_limits_can_only_be_made_stricter(wider: dict[str, int]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wider, GuardLimits)


@pytest.fixture
def sent() -> list[bytes]:
    return []


@pytest.fixture
def line(guard: ReleaseGuard, sent: list[bytes]) -> GuardedLine:
    return GuardedLine(sent.append, guard, classify, {1: BoardOnLine("a", 300), 2: BoardOnLine("b", 1000)})


def test_harmless_frames_pass_without_a_permit(line: GuardedLine, sent: list[bytes]) -> None:
    line.write(query_all(1))
    assert sent == [query_all(1)]


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (open_channel(1, 2), "permit_mismatch"),
        (open_channel(2, 1), "permit_mismatch"),
        (open_channel(1, 1, 1), "permit_mismatch"),
        (open_channel(3, 1), "unknown_coil"),
        (sealed(0x8A, 1, 0, 0x11), "forbidden_frame"),
        (sealed(0x90, 1, 2, 2, 2), "forbidden_frame"),
        (sealed(0x9A, 1, 1, 0x11), "forbidden_frame"),
        (open_channel(1, 1) * 2, "forbidden_frame"),
    ],
    ids=lambda value: value.hex() if isinstance(value, bytes) else value,
)
def test_a_permit_lets_no_other_frame_through(
    line: GuardedLine, guard: ReleaseGuard, sent: list[bytes], frame: bytes, reason: str
) -> None:
    permit = guard.permit(A1, 300)
    assert refused(lambda: line.write(frame, permit))[0] == reason
    assert sent == []


def test_an_energising_frame_passes_once_with_its_permit(
    line: GuardedLine, guard: ReleaseGuard, sent: list[bytes]
) -> None:
    permit = guard.permit(A1, 300)
    line.write(open_channel(1, 1), permit)
    assert refused(lambda: line.write(open_channel(1, 1), permit))[0] == "permit_spent"
    assert refused(lambda: line.write(open_channel(1, 1)))[0] == "permit_missing"
    assert sent == [open_channel(1, 1)]
